/**
 * Laws of packing and of kept states: whenever a database is compacted, opening it gives what opening it without kept
 * states gives, and reading finds every event that reading everything finds.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { StorageAdapter, Store } from '../../../src/index.ts';
import { memoryStorage } from '../../../src/index.ts';
import { casebook, item, openDevice, Visit } from '../../unit/store/trial.ts';
import { acts, IDS, type Node, openWorld, perform } from './devices.ts';
import { forgetful, RECORD_BYTES, streamsOf } from './kept.ts';

/** Everything that a store shows of its streams, in a form that two stores can be compared by. */
const pictureOf = async (store: Store) => {
  const streams = await streamsOf(store, Visit, IDS);
  const report = await store.verify();
  return { streams, rows: store.view(casebook).rows(), size: store.size(), ok: report.ok, heads: report.counts };
};

/** A tab hears of receipts that another tab has got when it syncs itself. */
const withoutReceipts = ({ streams, rows, size, ok }: Awaited<ReturnType<typeof pictureOf>>) => ({
  streams: streams.map(({ pending, ...shown }) => shown),
  rows,
  size,
  ok,
});

/** Opens the database twice more, with what was kept and without, and compares. */
const expectSameOpening = async ({ storage, name, store }: Node): Promise<void> => {
  await store.verify(); // reads on to the end
  const withKept = await openDevice({ storage, name, upkeep: 'manual' });
  const without = await openDevice({ storage: forgetful(storage), name, upkeep: 'manual' });
  const [kept, plain, live] = [await pictureOf(withKept.store), await pictureOf(without.store), await pictureOf(store)];
  expect(kept).toEqual(plain);
  expect(withoutReceipts(kept)).toEqual(withoutReceipts(live));
  await withKept.store.close();
  await without.store.close();
};

it('opening with kept states gives what folding the whole log gives, whenever they were kept [PRJ-06]', async () => {
  await fc.assert(
    fc.asyncProperty(acts, async (script) => {
      const nodes = await openWorld();
      for (const act of script) {
        const node = nodes[act.device];
        if (node !== undefined) await perform(node, act);
      }
      for (const node of nodes) await expectSameOpening(node);
      for (const { store } of nodes) await store.close();
    }),
    { numRuns: 60 },
  );
});

it('kept states that are cut, altered, of another log or of other rules are not used, and cost nothing but time [PRJ-06]', async () => {
  const storage = memoryStorage({ recordBytesMax: RECORD_BYTES });
  const name = 'altered';
  const { store } = await openDevice({ storage, name, upkeep: 'manual' });
  for (let at = 0; at < 40; at++) await store.aggregate(Visit, IDS[at % 3] ?? '').send(item(`i${at}`, at));
  await store.compact();
  const expected = await pictureOf(store);
  await store.close();
  const raw = await storage.open(name);
  const kept = await raw.readSnapshot('states');
  if (kept === undefined) throw new Error('states were kept');
  const seen: number[] = [];
  const watched = (bytes: Uint8Array): StorageAdapter => ({
    open: async (of) => {
      const opened = await storage.open(of);
      return {
        ...opened,
        readSnapshot: async () => bytes,
        read: (from, bytesMax) => {
          seen.push(from);
          return opened.read(from, bytesMax);
        },
      };
    },
  });
  const openWith = async (bytes: Uint8Array, app?: string) => {
    seen.length = 0;
    const opened = await openDevice({
      storage: watched(bytes),
      name,
      upkeep: 'manual',
      ...(app === undefined ? {} : { app }),
    });
    await opened.store.caughtUp();
    const earliest = Math.min(...seen);
    expect(await pictureOf(opened.store)).toEqual(expected);
    await opened.store.close();
    return earliest;
  };
  expect(await openWith(kept)).toBeGreaterThan(0);
  expect(await openWith(kept, 'app 2')).toBe(0);
  await fc.assert(
    fc.asyncProperty(fc.nat(kept.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      expect(await openWith(kept.slice(0, at))).toBe(0);
      expect(await openWith(kept.map((byte, index) => (index === at ? byte ^ flip : byte)))).toBe(0);
    }),
    { numRuns: 40 },
  );
  const other = await openDevice({ storage: memoryStorage(), name: 'other', upkeep: 'manual' });
  await other.store.close();
});

it('a log that grew a hundredfold is opened, and a stream in it read, by reading as little as before [REC-12]', async () => {
  const read = async (visits: number) => {
    const storage = memoryStorage({ recordBytesMax: RECORD_BYTES });
    const name = `growth-${visits}`;
    const { store } = await openDevice({ storage, name, upkeep: 'manual' });
    for (let at = 0; at < visits; at++)
      for (const one of ['a', 'b']) await store.aggregate(Visit, `s-${at}`).send(item(one, at));
    await store.compact();
    await store.close();
    const counts = { opening: 0, history: 0 };
    let phase: keyof typeof counts = 'opening';
    const counting: StorageAdapter = {
      open: async (of) => {
        const opened = await storage.open(of);
        const count = (records: readonly unknown[]) => {
          counts[phase] += records.length;
        };
        return {
          ...opened,
          read: async (from, bytesMax) => {
            const records = await opened.read(from, bytesMax);
            count(records);
            return records;
          },
          readAt: async (positions) => {
            const records = await opened.readAt(positions);
            count(records);
            return records;
          },
        };
      },
    };
    const again = await openDevice({ storage: counting, name, upkeep: 'manual' });
    phase = 'history';
    expect(await again.store.aggregate(Visit, 's-3').history()).toHaveLength(2);
    await again.store.close();
    return counts;
  };
  const small = await read(10);
  const large = await read(1_000);
  expect(large.opening).toBeLessThanOrEqual(small.opening + 4);
  expect(large.history).toBeLessThanOrEqual(small.history + 1);
});
