/** What a log costs that has been compacted, whatever its length: opening it, reading one stream, one replica, a range. */
import { position } from '../../src/core/position.ts';
import { readStoredCommit } from '../../src/crypto/readCommit.ts';
import { dexieStorage, type EventStorage, memoryStorage, openStore, type Store } from '../../src/index.ts';
import { replicaKey } from '../../src/streams/directory.ts';
import { AGGREGATES, currentActor, itemOf, type ProtectedVisit, Visit } from './event.ts';
import { fill, openProduct, sendOne } from './product.ts';
import { visits } from './views.ts';

type Sized = { readonly name: string; readonly count: number };

const MARKED = 'visit-of-the-marked-subject';
const OTHER = 'visit-of-the-other-device';
const MARKED_EVENTS = 20;
const PACKED_SINGLY = 'packed singly';

/** Another device, whose events are put into a log as a sync in another tab would put them. */
const otherDevice = async (into: EventStorage) => {
  const storage = memoryStorage();
  const store = await openStore({ name: 'other', tenant: 'bench', aggregates: [Visit], actor: currentActor, storage });
  const own = await storage.open('other');
  return async (at: number): Promise<void> => {
    const from = await own.size();
    await sendOne(store, { ...itemOf(at), id: OTHER });
    const [record] = await own.readAt([position(from)]);
    await into.append({ expectedSize: await into.size(), commits: record?.commits ?? [], marks: {} });
  };
};

/** A log of `count` events with one stream of 20 and one replica of 20 in its first thousand, packed, with its states kept. */
const seedCompacted = async ({ name, count }: Sized): Promise<void> => {
  const store = await openProduct(name, 'manual');
  const storage = await dexieStorage().open(name);
  const record = await otherDevice(storage);
  const between = Math.floor((0.9 * Math.min(count, 1_000)) / MARKED_EVENTS) - 2;
  for (let at = 0; at < MARKED_EVENTS; at++) {
    await fill(store, store.size() + between);
    await record(at);
    await sendOne(store, { ...itemOf(at), id: MARKED }); // after it: whoever appends has caught up
  }
  await storage.close();
  await fill(store, count);
  await store.compact();
  await store.close();
};

/** Events recorded one at a time, then packed. */
const seedPackedSingly = async ({ name, count }: Sized): Promise<void> => {
  const store = await openProduct(name, 'manual', PACKED_SINGLY);
  for (let at = store.size(); at < count; at++) await sendOne(store, itemOf(at));
  await store.compact();
  await store.close();
};

export const statesOf = (store: Store, of: typeof Visit | typeof ProtectedVisit = Visit): number => {
  let folded = 0;
  for (let at = 0; at < AGGREGATES; at++) folded += store.aggregate(of, itemOf(at).id).state().version;
  return folded;
};

/** From nothing to the state of every aggregate. `app`: of another than the states were kept under all is folded anew. */
const coldKept = async ({ name, count, app }: Sized & { readonly app?: string }): Promise<number> => {
  const startedAt = performance.now();
  const store = await openProduct(name, 'manual', app);
  if (app !== undefined) await store.caughtUp();
  const folded = statesOf(store);
  const took = performance.now() - startedAt;
  if (store.size() !== count || folded < count - 2 * MARKED_EVENTS)
    throw new Error(`${folded} of ${count} events folded`);
  await store.close();
  return took;
};

/** The longest time for which nobody else had a turn while `work` ran, in milliseconds. */
const longestTurn = async (work: () => Promise<void>): Promise<number> => {
  const { port1, port2 } = new MessageChannel();
  let longestMs = 0;
  let lastAt = performance.now();
  port1.onmessage = () => {
    longestMs = Math.max(longestMs, performance.now() - lastAt);
    lastAt = performance.now();
    port2.postMessage(undefined);
  };
  port2.postMessage(undefined);
  await work();
  port1.close();
  return longestMs;
};

/** Opening a store whose states are of before: until it is there with their rows, until all is folded anew, and the longest turn. */
export const openStale = async (parts: {
  readonly open: () => Promise<Store>;
  readonly rows: (store: Store) => number;
  readonly isWhole: (store: Store) => boolean;
}) => {
  const startedAt = performance.now();
  let [shownMs, currentMs] = [0, 0];
  const longestMs = await longestTurn(async () => {
    const store = await parts.open();
    if (parts.rows(store) < AGGREGATES) throw new Error('rows of before are missing');
    shownMs = performance.now() - startedAt;
    await store.caughtUp();
    currentMs = performance.now() - startedAt;
    if (!parts.isWhole(store)) throw new Error('not all is folded');
    await store.close();
  });
  return { shownMs, currentMs, longestMs };
};

/** The same after the machine has changed. */
const openChanged = ({ name, count, app }: Sized & { readonly app: string }) => {
  const views = [visits];
  return openStale({
    open: () =>
      openStore({ name, app, views, tenant: 'bench', actor: currentActor, upkeep: 'manual', aggregates: [Visit] }),
    rows: (store) => store.view(visits).rows().length,
    isWhole: (store) => store.size() === count && statesOf(store) >= count - 2 * MARKED_EVENTS,
  });
};

/** From nothing to the open store; `mends`: beginning a new log in the engine first, as it does unless it is given a factory. */
const coldMending = async ({ name, count, mends }: Sized & { readonly mends: boolean }): Promise<number> => {
  const storage = mends ? dexieStorage() : dexieStorage({ indexedDB, IDBKeyRange });
  const startedAt = performance.now();
  const store = await openStore({
    ...{ name, tenant: 'bench', aggregates: [Visit], actor: currentActor, upkeep: 'manual', app: 'bench', storage },
  });
  const took = performance.now() - startedAt;
  if (store.size() !== count) throw new Error(`${store.size()} of ${count} events`);
  await store.close();
  return took;
};

const medianOf = (times: number[]): number => times.sort((a, b) => a - b)[times.length >> 1] ?? 0;

/** The history of the marked stream, in a store that was just opened: median of several. */
const historyOfOne = async ({ name }: Sized): Promise<number> => {
  const store = await openProduct(name, 'manual');
  const times: number[] = [];
  for (let turn = 0; turn < 15; turn++) {
    const startedAt = performance.now();
    const history = await store.aggregate(Visit, MARKED).history();
    times.push(performance.now() - startedAt);
    if (history.length !== MARKED_EVENTS) throw new Error(`${history.length} events in the history`);
  }
  await store.close();
  return medianOf(times);
};

/** The commits of the other device, found by its name: median of several. */
const replicaOfOne = async ({ name }: Sized): Promise<number> => {
  const store = await openProduct(name, 'manual');
  const other = store.replicas().find(({ replica }) => replica !== store.replica);
  await store.close();
  if (other === undefined) throw new Error('no other replica');
  const storage = await dexieStorage().open(name);
  const times: number[] = [];
  for (let turn = 0; turn < 15; turn++) {
    const startedAt = performance.now();
    const packed = await storage.readAt(await storage.find(replicaKey(other.replica)));
    const records = [...packed, ...(await storage.read(position(await storage.packedTo()), Number.MAX_SAFE_INTEGER))];
    const commits = records.flatMap((record) => record.commits.map(({ bytes }) => readStoredCommit(bytes)));
    const found = commits.filter(({ replica }) => replica === other.replica);
    times.push(performance.now() - startedAt);
    if (found.length !== MARKED_EVENTS) throw new Error(`${found.length} commits of the other device`);
  }
  await storage.close();
  return medianOf(times);
};

/** 64 KiB of the log from places all over it: median of several. */
const range = async ({ name, count }: Sized): Promise<number> => {
  const storage = await dexieStorage().open(name);
  const times: number[] = [];
  for (let turn = 0; turn < 31; turn++) {
    const from = position(Math.floor(((turn * 0.618) % 1) * count * 0.98));
    const startedAt = performance.now();
    const records = await storage.read(from, 65_536);
    times.push(performance.now() - startedAt);
    if (records.length === 0) throw new Error('nothing read');
  }
  await storage.close();
  return medianOf(times);
};

/** Bytes that this origin takes on the disk, as the browser tells. */
const usage = async (): Promise<number> => (await navigator.storage.estimate()).usage ?? 0;

export const scaleCalls = {
  openChanged,
  seedCompacted,
  seedPackedSingly,
  coldKept,
  coldMending,
  historyOfOne,
  replicaOfOne,
  range,
  usage,
};
