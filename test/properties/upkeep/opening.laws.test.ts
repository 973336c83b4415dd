/**
 * Laws of packing and of kept states: whenever a database is compacted, opening it gives what opening it without kept
 * states gives, and reading finds every event that reading everything finds.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { EventStorage, StorageAdapter, Store } from '../../../src/index.ts';
import { memoryStorage } from '../../../src/index.ts';
import { simulatedNetwork, simulatedServer, UNDISTURBED } from '../../../src/testing/index.ts';
import { casebook, item, LOCK, openDevice, UNLOCK, Visit } from '../../unit/store/trial.ts';

/** About four single events fill a record. */
const RECORD_BYTES = 2_600;
const IDS = ['s-1', 's-2', 's-3'];

/** The same database to a reader who finds no kept states. */
const forgetful = (adapter: StorageAdapter): StorageAdapter => ({
  open: async (name): Promise<EventStorage> => ({
    ...(await adapter.open(name)),
    readSnapshot: async () => undefined,
  }),
});

/** Everything that a store shows of its streams, in a form that two stores can be compared by. */
const pictureOf = async (store: Store) => {
  const streams = [];
  for (const id of IDS) {
    const visit = store.aggregate(Visit, id);
    const { conflicts, ...state } = visit.state();
    const history = await visit.history();
    const told = history.map(({ eventId, applied, before, after }) => [eventId, applied, before, after]);
    streams.push({ ...state, heads: conflicts.map(({ key, heads }) => [key, heads.map(({ body }) => body.id)]), told });
  }
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

type Act =
  | { readonly kind: 'send'; readonly device: number; readonly id: string; readonly item: string }
  | { readonly kind: 'lock' | 'settle'; readonly device: number; readonly id: string }
  | { readonly kind: 'sync' | 'compact' | 'reopen'; readonly device: number };

const device = fc.nat(2);
const id = fc.constantFrom(...IDS);
const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({ kind: fc.constant('send' as const), device, id, item: fc.constantFrom('a', 'b') }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('lock' as const, 'settle' as const), device, id }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom('sync' as const, 'compact' as const, 'reopen' as const), device }),
    },
  ),
  { minLength: 10, maxLength: 70 },
);

let worlds = 0;

/** Two devices, and a second tab of the first. */
const openWorld = async () => {
  worlds += 1;
  const server = await simulatedServer({ tenant: 'acme-042' });
  const make = async (name: string, storage = memoryStorage({ recordBytesMax: RECORD_BYTES })) => {
    const open = async () => {
      const { store } = await openDevice({ storage, name: `${name}-${worlds}`, upkeep: 'manual' });
      const transport = simulatedNetwork(server, () => UNDISTURBED);
      return { store, sync: store.sync({ url: 'https://server.invalid', transport, network: 'offline' }) };
    };
    return { storage, name: `${name}-${worlds}`, open, ...(await open()) };
  };
  const left = await make('left');
  return [left, await make('right'), await make('left', left.storage)];
};

type Node = Awaited<ReturnType<typeof openWorld>>[number];

const settle = async (store: Store, of: string): Promise<void> => {
  const visit = store.aggregate(Visit, of);
  const { conflicts, value } = visit.state();
  const resolves = [...new Set(conflicts.flatMap(({ heads }) => heads.map(({ body }) => body.id)))];
  if (resolves.length > 0) await visit.send(value === 'open' ? LOCK : UNLOCK, { reason: 'agreed', resolves });
};

let values = 0;

const perform = async (node: Node, act: Act): Promise<void> => {
  const { store } = node;
  switch (act.kind) {
    case 'send':
      await store.aggregate(Visit, act.id).send(item(act.item, values++), { reason: 'r' });
      return;
    case 'lock': {
      const visit = store.aggregate(Visit, act.id);
      await visit.send(visit.state().value === 'open' ? LOCK : UNLOCK, { reason: 'r' });
      return;
    }
    case 'settle':
      return settle(store, act.id);
    case 'sync':
      node.sync.setOnline(true);
      await node.sync.now();
      node.sync.setOnline(false);
      return;
    case 'compact':
      await store.compact();
      return;
    case 'reopen':
      await store.close();
      Object.assign(node, await node.open());
  }
};

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
