/** Records that cannot be read: all others are read, the store opens and goes on under another name, and says where they are. */
import fc from 'fast-check';
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { position, size } from '../../../src/core/position.ts';
import { readStoredCommit } from '../../../src/crypto/readCommit.ts';
import { memoryStorage, type StorageAdapter, type Store, StoreError } from '../../../src/index.ts';
import type { EventStorage, StoredRecord } from '../../../src/storage/port.ts';
import { isUnreadable, pastDamage } from '../../../src/streams/pastDamage.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { verifyBundle } from '../../../src/verify/index.ts';
import { gated } from '../../properties/upkeep/kept.ts';
import { makeBed, online } from '../sync/bed.ts';
import { item, openDevice, Visit } from './trial.ts';

const NAME = 'trial-042';

const endOf = ({ position: at, commits }: StoredRecord): number =>
  commits.reduce<number>((end, { events }) => end + events, at);

/** Fails as an adapter does, on what begins at one of the places. */
const damaged = (storage: EventStorage, places: ReadonlySet<number>): EventStorage => {
  const check = (records: readonly StoredRecord[]): readonly StoredRecord[] => {
    const met = records.find((record) => places.has(record.position));
    if (met !== undefined) throw new StoreError('storage.corrupt', { position: met.position, end: endOf(met) });
    return records;
  };
  return {
    ...storage,
    read: async (from, bytesMax) => check(await storage.read(from, bytesMax)),
    readAt: async (positions) => check(await storage.readAt(positions)),
  };
};

const damagedAt = (adapter: StorageAdapter, ...places: readonly number[]): StorageAdapter => ({
  open: async (name) => damaged(await adapter.open(name), new Set(places)),
});

it('whichever records are damaged, all others are read, from anywhere and in pieces of any size [RST-10]', async () => {
  const commits = fc.array(
    fc.record({ bytes: fc.integer({ min: 1, max: 40 }), events: fc.integer({ min: 1, max: 5 }) }),
    {
      minLength: 1,
      maxLength: 12,
    },
  );
  await fc.assert(
    fc.asyncProperty(
      commits,
      fc.array(fc.nat(11)),
      fc.nat(40),
      fc.integer({ min: 1, max: 200 }),
      async (all, hit, start, bytesMax) => {
        const model = await memoryStorage().open('model');
        for (const { bytes, events } of all)
          await model.append({
            expectedSize: await model.size(),
            commits: [{ bytes: new Uint8Array(bytes).fill(1), events }],
            marks: {},
          });
        const records = await model.read(position(0), Number.MAX_SAFE_INTEGER);
        const places = new Set(hit.flatMap((index) => records[index]?.position ?? []));
        const past = pastDamage(damaged(model, places));
        const end = await model.size();
        const found: StoredRecord[] = [];
        for (
          let from = Math.min(start, end);
          from < end;
          from = endOf(found.at(-1) ?? { position: position(0), commits: [] })
        )
          found.push(...(await past.read(position(from), bytesMax)));
        const wanted = records.filter((record) => endOf(record) > start);
        expect(found.map((record) => [record.position, endOf(record)])).toEqual(
          wanted.map((record) => [record.position, endOf(record)]),
        );
        for (const [index, record] of found.entries()) {
          const isHit = places.has(record.position);
          expect(record.commits.every(isUnreadable)).toBe(isHit);
          if (!isHit) expect(record).toEqual(wanted[index]);
        }
        const met = past.damage().map((damage): number => damage.position);
        expect(met).toEqual(wanted.map((record) => record.position).filter((at) => places.has(at)));
        const each = await past.readAt(wanted.map((record) => record.position));
        expect(each.map((record) => record.position)).toEqual(wanted.map((record) => record.position));
      },
    ),
    { numRuns: 60 },
  );
});

const record = async (store: Store, id: string, ...names: readonly string[]) => {
  for (const name of names) await store.aggregate(Visit, id).send(item(name, 1), { reason: 'r' });
};
const items = (store: Store, id: string) => store.aggregate(Visit, id).state().context.items;

/** Six commits of three visits, each a record of its own. */
const lived = async () => {
  const storage = memoryStorage();
  const { store } = await openDevice({ storage, name: NAME, upkeep: 'manual' });
  for (const name of ['A', 'B']) for (const id of ['v0', 'v1', 'v2']) await record(store, id, name);
  const replica = store.replica;
  await store.close();
  return { storage, replica };
};

it('any one record damaged: the store opens, all others are there, and recording goes on under another name [RST-10]', async () => {
  for (let at = 0; at < 6; at++) {
    const { storage, replica } = await lived();
    const open = () => openDevice({ storage: damagedAt(storage, at), name: NAME, upkeep: 'manual' });
    const { store } = await open();
    for (const visit of [0, 1, 2]) {
      const expected = { A: 1, B: 1 };
      if (visit === at % 3) Reflect.deleteProperty(expected, at < 3 ? 'A' : 'B');
      expect(items(store, `v${visit}`), `record ${at}, visit ${visit}`).toEqual(expected);
    }
    expect(store.replica).not.toBe(replica);
    await record(store, 'v0', 'C');
    expect(items(store, 'v0')).toHaveProperty('C');
    const { losses } = await firstValueFrom(store.health$);
    expect(losses).toMatchObject([{ replica, reason: 'shorter', unreadable: 1 }]);
    const [second, count] = [store.replica, store.size()];
    await store.close();
    const again = (await open()).store;
    expect([again.replica, again.size()]).toEqual([second, count]);
    await again.close();
  }
});

it('verify names the place, and an export holds all the rest and says where it is cut [RST-10]', async () => {
  for (let at = 0; at < 6; at++) {
    const { storage, replica } = await lived();
    const { store } = await openDevice({ storage: damagedAt(storage, at), name: NAME, upkeep: 'manual' });
    const report = await store.verify();
    expect(report.ok).toBe(false);
    expect(report.findings[0]).toEqual({ code: 'storage.corrupt', what: `positions ${at} to ${at}` });
    const bytes = new Uint8Array(await (await store.export()).arrayBuffer());
    const bundle = await verifyBundle(bytes);
    expect(bundle.counts.events).toBe(store.size() - 1);
    // What is at the end of a chain was cut off with it: the closing of the replica says so there.
    if (at < 5) expect(bundle.findings).toContainEqual(expect.objectContaining({ replica, sequence: at + 1 }));
    await store.close();
  }
});

it('damage that was met after opening is in the export made then, and in no head of it [RST-10]', async () => {
  const { storage } = await lived();
  const places = new Set<number>();
  const adapter: StorageAdapter = { open: async (name) => damaged(await storage.open(name), places) };
  const { store } = await openDevice({ storage: adapter, name: NAME, upkeep: 'manual' });
  places.add(2);
  const bytes = new Uint8Array(await (await store.export()).arrayBuffer());
  expect((await verifyBundle(bytes)).counts.events).toBe(5);
  await store.close();
});

it('with a server: what it holds comes back where its chain goes on, new events are sent, and sync is not stopped [RST-10, SYN-09]', async () => {
  for (let at = 0; at < 8; at++) {
    const server = await simulatedServer({ tenant: 'acme-042' });
    const other = await makeBed({ server });
    await other.record('X', 'Y');
    await online(other);
    const storage = memoryStorage();
    const bed = await makeBed({ server, storage, name: NAME });
    await bed.record('A', 'B');
    await online(bed);
    bed.sync.setOnline(false);
    await bed.record('C', 'D', 'E', 'F');
    await bed.store.close();
    const damagedBed = await makeBed({ server, storage: damagedAt(storage, at), name: NAME });
    await damagedBed.record('Z');
    expect(await online(damagedBed), `record ${at}`).toMatchObject({ state: 'live' });
    await online(other);
    const [here, there] = [damagedBed, other].map(({ store }) => store.aggregate(Visit, 'v').state().context.items);
    expect(there, `record ${at}`).toMatchObject({ X: 1, Y: 1, A: 1, B: 1, Z: 1 });
    expect(here, `record ${at}`).toMatchObject({ Z: 1 });
    await other.record('W');
    await online(other);
    expect(await damagedBed.sync.now(), `record ${at}`).toMatchObject({ state: 'live' });
    expect(damagedBed.store.aggregate(Visit, 'v').state().context.items).toHaveProperty('W');
    await damagedBed.store.close();
    await other.store.close();
  }
});

/** The streams of each packed record, by where it starts. */
const packedStreams = async (adapter: StorageAdapter): Promise<ReadonlyMap<number, ReadonlySet<string>>> => {
  const opened = await adapter.open(NAME);
  const packed = await opened.read(position(0), Number.MAX_SAFE_INTEGER);
  const end = await opened.packedTo();
  return new Map(
    packed
      .filter((record) => record.position < end)
      .map((record) => [
        record.position,
        new Set(record.commits.flatMap(({ bytes }) => readStoredCommit(bytes).events.map(({ stream }) => stream))),
      ]),
  );
};

it('the streams of a damaged segment are marked, and exactly those: nothing is recorded on them, others go on [RST-11]', async () => {
  const storage = memoryStorage({ recordBytesMax: 2_600 });
  const { store: first } = await openDevice({ storage, name: NAME, upkeep: 'manual' });
  const ids = Array.from({ length: 12 }, (_, at) => `v${at}`);
  for (const id of ids) await record(first, id, 'A');
  for (const id of ids.slice(0, 4)) await record(first, id, 'B');
  await first.compact();
  await first.close();
  const segments = [...(await packedStreams(storage))];
  expect(segments.length).toBeGreaterThan(2);
  for (const [at, streams] of segments) {
    // another app: kept states would hold what the segment did
    const { adapter, release } = gated(damagedAt(storage, at));
    if (at !== 0) release(); // the first one is met where what is written folds its stream
    const { store } = await openDevice({ storage: adapter, name: NAME, app: 'next', upkeep: 'manual' });
    const found = new Set<string>();
    for (const id of ids) {
      const visit = store.aggregate(Visit, id);
      const outcome = await visit.send(item('C', 1), { reason: 'r' });
      const { damaged: isDamaged } = visit.state();
      if (isDamaged) found.add(`visit/${id}`);
      expect(outcome).toMatchObject(isDamaged ? { kind: 'refused', why: 'damaged' } : { kind: 'committed' });
      expect(visit.can(item('C', 2))).toBe(!isDamaged);
    }
    expect(found, `segment ${at}`).toEqual(streams);
    const bulk = await store.appendAll(
      Visit,
      ids.map((id) => ({ id, event: item('D', 1), options: { reason: 'r' } })),
    );
    expect(bulk.map(({ kind }) => kind)).toEqual(ids.map((id) => (found.has(`visit/${id}`) ? 'refused' : 'committed')));
    release();
    await store.close();
  }
});

it('a database that is only read opens past damage too, and nothing is changed in it [RST-10]', async () => {
  const { storage } = await lived();
  const readOnly: StorageAdapter = {
    open: async (name) => {
      const refuse = () => Promise.reject(new StoreError('storage.read-only'));
      const opened = await damagedAt(storage, 1).open(name);
      return { ...opened, append: refuse, writeMarks: refuse, keepIdentity: refuse, keepFinding: refuse };
    },
  };
  const { store } = await openDevice({ storage: readOnly, name: NAME, upkeep: 'manual' });
  expect(items(store, 'v0')).toEqual({ A: 1, B: 1 });
  expect(store.size()).toBe(size(6));
  await store.close();
});
