/** Laws of the directory: what is packed is found again, and only what still is what was signed is packed. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { position } from '../../../src/core/position.ts';
import { readStoredCommit } from '../../../src/crypto/readCommit.ts';
import { memoryStorage, type StorageAdapter } from '../../../src/index.ts';
import { replicaKey, streamKey } from '../../../src/streams/directory.ts';
import { directoryOf } from '../../../src/streams/packedKeys.ts';
import { item, openDevice, outcomeOf, Visit } from '../../unit/store/trial.ts';

const RECORD_BYTES = 2_600;

it('every packed event is found by its stream and by its replica [REC-12]', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(9), { minLength: 1, maxLength: 60 }), async (visits) => {
      const adapter = memoryStorage({ recordBytesMax: RECORD_BYTES });
      const { store } = await openDevice({ storage: adapter, name: 'directory', upkeep: 'manual' });
      for (const [at, visit] of visits.entries()) await store.aggregate(Visit, `s-${visit}`).send(item(`i${at}`, at));
      const { packedTo } = await store.compact();
      const storage = await adapter.open('directory');
      for (const { position: start, commits } of await storage.read(position(0), Number.MAX_SAFE_INTEGER)) {
        for (const { replica, events } of commits.map(({ bytes }) => readStoredCommit(bytes))) {
          const keys = [replicaKey(replica), ...events.map(({ stream }) => streamKey(stream))];
          for (const key of keys) expect((await storage.find(key)).includes(start)).toBe(start < packedTo);
        }
      }
      await store.close();
    }),
    { numRuns: 100 },
  );
});

it('no altered event is packed: it stays as it is, and is kept as evidence [REC-12, REC-06]', async () => {
  const adapter = memoryStorage({ recordBytesMax: RECORD_BYTES });
  const name = 'altered-below';
  const { store } = await openDevice({ storage: adapter, name, upkeep: 'manual' });
  for (let at = 0; at < 20; at++) await store.aggregate(Visit, 's-1').send(item(`i${at}`, at));
  await store.close();
  const [first] = await (await adapter.open(name)).read(position(0), 1);
  const length = first?.commits[0]?.bytes.length ?? 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(length - 1), fc.nat(7), async (at, bit) => {
      const bytes = Uint8Array.from(first?.commits[0]?.bytes ?? []);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      const keys = await outcomeOf(Promise.resolve().then(() => directoryOf()(bytes)));
      // previous link and signature are the verifier's to judge: the hashes of an event do not cover them
      const judged = at < 48 || (at >= 80 && at < 112) || at >= 176;
      if (judged && typeof keys !== 'string') expect([at, keys]).toEqual([at, 'refused']);
    }),
    { numRuns: 400 },
  );
  const altering: StorageAdapter = {
    open: async (of) => {
      const opened = await adapter.open(of);
      return {
        ...opened,
        pack: ({ bytesMax, keysOf }) =>
          opened.pack({
            bytesMax,
            keysOf: (commit) => keysOf(commit.map((byte, at) => (at === commit.length - 4 ? byte ^ 1 : byte))),
          }),
      };
    },
  };
  const again = await openDevice({ storage: altering, name, upkeep: 'manual' });
  expect(await outcomeOf(again.store.compact())).toBe('chain.leaf-mismatch');
  const storage = await adapter.open(name);
  expect(await storage.packedTo()).toBe(0);
  expect((await again.store.findings()).map(({ code }) => code)).toEqual(['chain.leaf-mismatch']);
  expect((await again.store.verify()).ok).toBe(true);
  await again.store.close();
});

it('packing that is cancelled keeps what is packed and goes on from there [REC-12]', async () => {
  const adapter = memoryStorage({ recordBytesMax: RECORD_BYTES });
  const { store } = await openDevice({ storage: adapter, name: 'cancelled', upkeep: 'manual' });
  for (let at = 0; at < 600; at++) await store.aggregate(Visit, `s-${at % 7}`).send(item(`i${at}`, at));
  const cancel = new AbortController();
  const seen: number[] = [];
  const onProgress = ({ packedTo }: { readonly packedTo: number }) => {
    seen.push(packedTo);
    cancel.abort();
  };
  expect(await outcomeOf(store.compact({ signal: cancel.signal, onProgress }))).toBe('import.cancelled');
  const storage = await adapter.open('cancelled');
  expect(await storage.packedTo()).toBe(seen[0]);
  const { packedTo, snapshotSize } = await store.compact();
  expect(packedTo).toBeGreaterThan(seen[0] ?? 0);
  expect(snapshotSize).toBe(600);
  expect((await store.verify()).ok).toBe(true);
  await store.close();
});
