/** What the script calls in the page. Each call opens what it needs and closes it; times are in milliseconds. */
import { addBare, dropDatabase, openBare, readAllBare } from './bare.ts';
import { elsewhereCalls } from './elsewhere.ts';
import { AGGREGATES, itemOf, recordOf, series, Visit } from './event.ts';
import { fieldCalls } from './fields.ts';
import { heapCalls } from './heap.ts';
import { fill, openProduct, sendOne } from './product.ts';
import { scaleCalls } from './scale.ts';
import { elapsed, inTurns, type Single } from './turns.ts';
import { viewCalls } from './views.ts';

const single = async (asked: Single) => {
  const store = await openProduct(asked.name);
  return inTurns(asked, { send: (item) => sendOne(store, item), close: store.close });
};

type Bulk = { readonly name: string; readonly count: number };

const bulkProduct = async ({ name, count }: Bulk): Promise<number> => {
  const store = await openProduct(name);
  const items = series(itemOf, count);
  const took = await elapsed(() => store.appendAll(Visit, items));
  if (store.size() !== count) throw new Error(`${store.size()} events instead of ${count}`);
  await store.close();
  await dropDatabase(name);
  return took;
};

const bulkBare = async ({ name, count, batch }: Bulk & { readonly batch: number }): Promise<number> => {
  const bare = await openBare(name);
  const records = series(recordOf, count);
  const took = await elapsed(async () => {
    for (let from = 0; from < count; from += batch) await addBare(bare, records.slice(from, from + batch), 'commit');
  });
  bare.close();
  await dropDatabase(name);
  return took;
};

type Crowd = { readonly name: string; readonly callers: number; readonly each: number };

/** Callers who each send one event after the other: events per second of all together. */
const crowd = async ({ name, callers, each }: Crowd): Promise<number> => {
  const store = await openProduct(name);
  for (let at = 0; at < 50; at++) await sendOne(store, itemOf(at));
  const caller = async (first: number) => {
    for (let at = 0; at < each; at++) await sendOne(store, itemOf(first + at * callers));
  };
  const took = await elapsed(() => Promise.all(series(caller, callers)));
  await store.close();
  await dropDatabase(name);
  return (1_000 * callers * each) / took;
};

const seedProduct = async ({ name, count }: Bulk): Promise<void> => {
  const store = await openProduct(name, 'manual');
  await fill(store, count);
  await store.close();
};

const seedSingly = async ({ name, count }: Bulk): Promise<void> => {
  const store = await openProduct(name, 'manual');
  for (let at = store.size(); at < count; at++) await sendOne(store, itemOf(at));
  await store.close();
};

const seedBare = async ({ name, count }: Bulk): Promise<void> => {
  const bare = await openBare(name);
  for (let from = 0; from < count; from += 10_000)
    await addBare(bare, series(recordOf, Math.min(10_000, count - from), from));
  bare.close();
};

/** From nothing to the state of every aggregate. */
const coldProduct = async ({ name, count }: Bulk): Promise<number> => {
  const startedAt = performance.now();
  const store = await openProduct(name, 'manual');
  let folded = 0;
  for (let at = 0; at < AGGREGATES; at++) folded += store.aggregate(Visit, itemOf(at).id).state().version;
  const took = performance.now() - startedAt;
  if (folded !== count || store.size() !== count) throw new Error(`${folded} events folded instead of ${count}`);
  await store.close();
  return took;
};

const coldBare = async ({ name, count }: Bulk): Promise<number> => {
  const startedAt = performance.now();
  const bare = await openBare(name);
  const records = await readAllBare(bare);
  const took = performance.now() - startedAt;
  if (records.length !== count) throw new Error(`${records.length} records instead of ${count}`);
  bare.close();
  return took;
};

const verify = async ({ name, count }: Bulk): Promise<number> => {
  const store = await openProduct(name);
  let clean = false;
  const took = await elapsed(async () => {
    const report = await store.verify();
    clean = report.findings.length === 0 && report.counts.events === count;
  });
  await store.close();
  if (!clean) throw new Error('verify is not clean');
  return took;
};

/** Durable appends to a store that holds `count` events already: median time of one. */
const appendAt = async ({ name, count }: Bulk): Promise<number> => {
  const store = await openProduct(name);
  const from = store.size();
  for (let at = 0; at < 50; at++) await sendOne(store, itemOf(from + at));
  const times: number[] = [];
  for (let at = 50; at < 50 + count; at++) times.push(await elapsed(() => sendOne(store, itemOf(from + at))));
  await store.close();
  return times.sort((a, b) => a - b)[count >> 1] ?? 0;
};

const calls = {
  single,
  bulkProduct,
  bulkBare,
  crowd,
  seedProduct,
  seedSingly,
  seedBare,
  coldProduct,
  coldBare,
  verify,
  appendAt,
  ...elsewhereCalls,
  ...fieldCalls,
  ...heapCalls,
  ...scaleCalls,
  ...viewCalls,
};
export type Calls = typeof calls;
Object.assign(globalThis, { bench: calls });
