/** Bulk append: order, refusals, progress and cancel. */
import { expect, it } from 'vitest';
import { type BulkProgress, memoryStorage, StoreError } from '../../../src/index.ts';
import { hookedStorage } from '../../../src/testing/index.ts';
import { collect, item, LOCK, openDevice, outcomeOf, Visit } from './trial.ts';

const many = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ id: `v${at % 7}`, event: item(`I${at}`, at) }));

it('many events are recorded in order, each with its outcome, and told as they become durable [REC-01, IMP-04]', async () => {
  const { store } = await openDevice();
  const told: BulkProgress[] = [];
  const outcomes = await store.appendAll(Visit, many(2_500), { onProgress: (progress) => told.push(progress) });
  expect(outcomes.map((outcome) => (outcome.kind === 'committed' ? outcome.position : -1))).toEqual(
    outcomes.map((_, at) => at),
  );
  expect(told.map(({ done }) => done)).toEqual([...Array.from({ length: 9 }, (_, at) => 256 * (at + 1)), 2_500]);
  expect(new Set(told.map(({ total }) => total))).toEqual(new Set([2_500]));
  expect(Object.keys(store.aggregate(Visit, 'v3').state().context.items)).toHaveLength(357);
  expect((await store.verify()).ok).toBe(true);
});

it('what the machine refuses is left out and told, and the rest is recorded [AGG-04]', async () => {
  const { store } = await openDevice();
  const items = [
    { id: 'v', event: item('A', 1) },
    { id: 'v', event: item('A', 2) },
    { id: 'v', event: item('A', 3), options: { reason: 'typing error' } },
    { id: 'v', event: LOCK },
    { id: 'v', event: item('B', 1) },
    { id: 'w', event: item('B', 1) },
  ];
  const outcomes = await store.appendAll(Visit, items);
  expect(outcomes.map((outcome) => (outcome.kind === 'refused' ? outcome.why : outcome.kind))).toEqual([
    'committed',
    'reason-required',
    'committed',
    'committed',
    'illegal',
    'committed',
  ]);
  expect(store.aggregate(Visit, 'v').state()).toMatchObject({
    value: 'locked',
    version: 3,
    context: { items: { A: 3 } },
  });
});

it('a cancel keeps what is durable or on its way, tells how much, and stores nothing more [IMP-04]', async () => {
  const { store } = await openDevice();
  const controller = new AbortController();
  const told: BulkProgress[] = [];
  const onProgress = (progress: BulkProgress) => {
    told.push(progress);
    controller.abort();
  };
  const work = store.appendAll(Visit, many(6_000), { signal: controller.signal, onProgress });
  await expect(work).rejects.toMatchObject({ code: 'import.cancelled', details: { done: 4_096, total: 6_000 } });
  expect(told.map(({ done }) => done)).toEqual(Array.from({ length: 16 }, (_, at) => 256 * (at + 1)));
  expect(store.size()).toBe(4_096);
  expect((await store.verify()).ok).toBe(true);
});

it('an invalid item stops its piece before anything of it is stored [REC-01]', async () => {
  const { store } = await openDevice();
  const items = many(1_100).map((each, at) => (at === 1_090 ? { ...each, event: { ...each.event, item: '' } } : each));
  expect(await outcomeOf(store.appendAll(Visit, items))).toBe('append.invalid');
  expect(store.size()).toBe(1_024);
});

it('a full disk ends a bulk append with its code, and all that was told is there [REC-08]', async () => {
  let appends = 0;
  const storage = hookedStorage(memoryStorage(), {
    before: (call) => {
      if (call === 'append') appends += 1;
      if (call === 'append' && appends === 2) throw new StoreError('storage.quota-exceeded');
    },
  });
  const { store } = await openDevice({ storage });
  const committed = collect(store.committed$);
  expect(await outcomeOf(store.appendAll(Visit, many(2_000)))).toBe('storage.quota-exceeded');
  expect([store.size(), committed.seen.flatMap(({ events }) => events).length]).toEqual([256, 256]);
  expect(await store.aggregate(Visit, 'v0').send(item('after', 1))).toMatchObject({
    kind: 'committed',
    position: 256,
  });
  expect((await store.verify()).ok).toBe(true);
});

it('nothing to append is no append [REC-01]', async () => {
  const { store } = await openDevice();
  expect(await store.appendAll(Visit, [])).toEqual([]);
  expect(store.size()).toBe(0);
});
