/** A full disk, as the browser itself reports it. */
import { Dexie } from 'dexie';
import { expect, it } from 'vitest';
import { cdp } from 'vitest/browser';
import { size } from '../../../src/core/position.ts';
import { dexieStorage } from '../../../src/storage/dexie/index.ts';
import type { CommitBytes, EventStorage } from '../../../src/storage/port.ts';
import { contentOf, settled } from '../../conformance/engine.ts';
import { verifyLog } from '../../conformance/sealed.ts';
import { makeWriter, type Writer } from '../../conformance/writer.ts';

// On localhost Dexie prints the trace of every failure; here each is expected.
Dexie.debug = false;

const EVENTS = 20;

type Buckets = {
  readonly open: (name: string) => Promise<{ readonly indexedDB: IDBFactory }>;
  readonly delete: (name: string) => Promise<void>;
};

const hasBuckets = (value: object): value is { readonly storageBuckets: Buckets } => 'storageBuckets' in value;

/**
 * Runs with the IndexedDB of a storage bucket of its own. Chromium remembers per bucket, for half a minute, how much
 * room there was: in a new one a change is noticed at once.
 */
const inBucket = async (work: (factory: IDBFactory) => Promise<void>): Promise<void> => {
  if (!hasBuckets(navigator)) throw new Error('the browser has no storage buckets');
  const name = `quota-${Date.now()}`;
  const { indexedDB: factory } = await navigator.storageBuckets.open(name);
  try {
    await work(factory);
  } finally {
    await navigator.storageBuckets.delete(name);
  }
};

const largeAppend = async (storage: EventStorage, writer: Writer) => {
  const commits: CommitBytes[] = [];
  for (let at = 0; at < EVENTS; at++) commits.push(await writer.seal(1, 45_000));
  return { expectedSize: await storage.size(), commits, marks: { cursor: 2 } };
};

/**
 * Writes snapshots until one is refused; gives that answer, or the last. Small ones, of noise: Chromium 140 takes one value of
 * 2 MB into 300 kB of room.
 */
const fillWithSnapshots = async (storage: EventStorage) => {
  for (let at = 0; ; at++) {
    const noise = crypto.getRandomValues(new Uint8Array(40_000));
    const answer = await settled(storage.writeSnapshot(`noise ${at}`, noise));
    if (at === 60 || 'code' in answer) return answer;
  }
};

const setQuota = (quotaSize?: number): Promise<unknown> =>
  cdp().send('Storage.overrideQuotaForOrigin', {
    origin: location.origin,
    ...(quotaSize === undefined ? {} : { quotaSize }),
  });

it('a full disk refuses the append whole, says so, and takes nothing from what is recorded [REC-08]', () =>
  inBucket(async (factory) => {
    const open = () => dexieStorage({ indexedDB: factory }).open('trial-042');
    // What other tests of this origin have left lies in other buckets, and counts.
    const { usage: elsewhere = 0 } = await navigator.storage.estimate();
    await setQuota(elsewhere + 300_000);
    try {
      const [storage, writer] = [await open(), await makeWriter()];
      await storage.keepIdentity(writer.identity);
      await storage.append({ expectedSize: size(0), commits: [await writer.seal(6)], marks: { cursor: 1 } });
      const before = await contentOf(storage);
      const request = await largeAppend(storage, writer);
      expect(await settled(storage.append(request))).toEqual({ code: 'storage.quota-exceeded' });
      expect(await fillWithSnapshots(storage)).toEqual({ code: 'storage.quota-exceeded' });
      expect(await contentOf(storage)).toEqual(before);
      const fresh = await open();
      expect(await contentOf(fresh)).toEqual(before);
      expect(await verifyLog(fresh)).toBe(6);
      await fresh.close();
      await setQuota();
      expect(await settled(storage.append(request))).toHaveProperty('value.kind', 'appended');
      expect(await verifyLog(storage)).toBe(6 + EVENTS);
      await storage.close();
    } finally {
      await setQuota();
    }
  }));
