/** Laws of processors: at least once, in order, whatever fails or ends in between; what always fails is set aside. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  defineProcessor,
  memoryStorage,
  type ProcessorDefinition,
  type StorageAdapter,
  type Store,
  StoreError,
} from '../../../src/index.ts';
import { hookedStorage } from '../../../src/testing/index.ts';
import { type Device, item, LOCK, openDevice, outcomeOf, Visit } from '../../unit/store/trial.ts';

type Handled = { readonly id: string; readonly item: string };

/** A processor whose events say how often they fail before they succeed. */
const openScript = (from: 'beginning' | 'now' = 'beginning', name = 'messages') => {
  const handled: Handled[] = [];
  const tried = new Map<string, number>();
  const mended = new Set<string>();
  const processor = defineProcessor({
    name,
    of: Visit,
    on: ['ItemRecorded'],
    from,
    retry: { tries: 3, backoffMs: 1_000 },
    handle: async ({ id, aggregate, event }) => {
      const before = tried.get(id) ?? 0;
      tried.set(id, before + 1);
      if (before < event.value && !mended.has(id)) throw new Error(`not yet: ${aggregate}`);
      handled.push({ id, item: event.item });
    },
  });
  return { processor, handled, tried, mended };
};

/** Lets timers and promises run until nothing is under way. */
const settle = async ({ store, time }: Device, processor: ProcessorDefinition): Promise<void> => {
  let isDone = false;
  const done = store
    .processor(processor)
    .caughtUp()
    .then(
      () => true,
      () => true,
    );
  void done.then((value) => {
    isDone = value;
  });
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    time.advance(1_000);
  }
};

const firstTimes = (handled: readonly Handled[]): readonly string[] => [...new Set(handled.map(({ id }) => id))];
const idsOf = async (store: Store): Promise<readonly string[]> =>
  (await store.aggregate(Visit, 'v').history())
    .filter(({ type }) => type === 'ItemRecorded')
    .map(({ eventId }) => eventId);

const step = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(0, 0, 0, 1, 2, 9).map((fails) => ({ kind: 'record', fails }) as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'mark fails' } as const) },
);

it('after any failures and restarts each event is dealt with or parked, first times in the order of the log [PRC-01, PRC-02, PRC-03]', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { processor, handled, tried } = openScript();
      let failing = 0;
      const memory = memoryStorage();
      const storage: StorageAdapter = hookedStorage(memory, {
        before: (call) => {
          if (call !== 'writeMarks' || failing === 0) return;
          failing -= 1;
          throw new StoreError('storage.failed');
        },
      });
      const open = () => openDevice({ storage, name: 'processed', processors: [processor] });
      let device = await open();
      const poisoned: number[] = [];
      for (const [at, each] of steps.entries()) {
        if (each.kind === 'mark fails') failing += 1;
        else if (each.kind === 'restart') {
          await device.store.close();
          device = await open();
        } else {
          await device.store.aggregate(Visit, 'v').send(item(`i${at}`, each.fails));
          if (each.fails >= 3) poisoned.push(at);
        }
      }
      failing = 0;
      await settle(device, processor);
      await settle(device, processor);
      const ids = await idsOf(device.store);
      const { parked, cursor } = device.store.processor(processor).status();
      const aside = parked.map(({ event }) => event);
      expect(cursor).toBe(device.store.size());
      expect([...firstTimes(handled), ...aside].sort()).toEqual([...ids].sort());
      expect(firstTimes(handled)).toEqual(ids.filter((id) => !aside.includes(id as (typeof aside)[number])));
      expect(aside).toHaveLength(new Set(aside).size);
      for (const id of aside) expect(tried.get(id)).toBeGreaterThanOrEqual(3);
      const findings = await device.store.findings();
      expect(
        new Set(findings.filter(({ code }) => code === 'processor.parked').map(({ sequence }) => sequence)).size,
      ).toBe(aside.length);
      await device.store.close();
    }),
    { numRuns: 25 },
  );
});

it('waits longer before each new try, and a parked event that is mended is done when it is asked for [PRC-03]', async () => {
  const { processor, handled, tried, mended } = openScript();
  const device = await openDevice({ processors: [processor] });
  const { store, time } = device;
  const waits: number[] = [];
  store.processor(processor).status$.subscribe(({ state }) => {
    if (state === 'retrying')
      queueMicrotask(() =>
        waits.push(
          ...time
            .waiting()
            .filter((ms) => ms >= 1_000 && ms <= 2_000)
            .slice(-1),
        ),
      );
  });
  await store.aggregate(Visit, 'v').send(item('poison', 9));
  await store.aggregate(Visit, 'v').send(item('good', 0));
  await settle(device, processor);
  expect(waits).toContain(2_000);
  expect(handled.map(({ item: name }) => name)).toEqual(['good']);
  const [parked] = store.processor(processor).status().parked;
  expect([parked?.why, tried.get(parked?.event ?? '')]).toEqual(['failed', 3]);
  await store.processor(processor).retry();
  expect(store.processor(processor).status().parked).toHaveLength(1);
  mended.add(parked?.event ?? '');
  await store.processor(processor).retry();
  expect(store.processor(processor).status().parked).toEqual([]);
  expect(handled.map(({ item: name }) => name)).toEqual(['good', 'poison']);
  await store.close();
});

it('of several tabs one deals with each event, and one that is closed leaves the rest to the others [PRC-04]', async () => {
  const [one, other] = [openScript(), openScript()];
  const shared = { storage: memoryStorage(), name: 'shared' };
  const first = await openDevice({ ...shared, processors: [one.processor] });
  const second = await openDevice({ ...shared, processors: [other.processor] });
  for (let at = 0; at < 10; at += 1) await first.store.aggregate(Visit, 'v').send(item(`i${at}`, 0));
  await second.store.caughtUp();
  await Promise.all([settle(first, one.processor), settle(second, other.processor)]);
  const all = [...one.handled, ...other.handled].map(({ id }) => id);
  expect(all.sort()).toEqual([...(await idsOf(first.store))].sort());
  await first.store.close();
  await second.store.aggregate(Visit, 'v').send(item('last', 0));
  await settle(second, other.processor);
  expect(other.handled.at(-1)?.item).toBe('last');
  await second.store.close();
});

it('begins where it is told to: with all that is held, or with what comes then; other events are none of its business [PRC-01]', async () => {
  const shared = { storage: memoryStorage(), name: 'before' };
  const before = await openDevice(shared);
  await before.store.aggregate(Visit, 'v').send(item('old', 0));
  await before.store.close();
  const [all, then] = [openScript('beginning', 'all'), openScript('now', 'then')];
  const device = await openDevice({ ...shared, processors: [all.processor, then.processor] });
  for (const { processor } of [all, then]) await settle(device, processor);
  await device.store.aggregate(Visit, 'v').send(item('new', 0));
  await device.store.aggregate(Visit, 'v').send(LOCK);
  for (const { processor } of [all, then]) await settle(device, processor);
  const names = ({ handled }: typeof all) => handled.map(({ item: name }) => name);
  expect([names(all), names(then)]).toEqual([['old', 'new'], ['new']]);
  await device.store.close();
});

it('a handler that never ends keeps no store from closing, and does its event again then [PRC-02]', async () => {
  const shared = { storage: memoryStorage(), name: 'endless' };
  let begun = 0;
  const endless = defineProcessor({
    ...{ name: 'messages', of: Visit, on: ['ItemRecorded'], from: 'beginning' },
    handle: () => {
      begun += 1;
      return new Promise(() => undefined);
    },
  });
  const { store } = await openDevice({ ...shared, processors: [endless] });
  await store.aggregate(Visit, 'v').send(item('a', 0));
  while (begun === 0) await new Promise((resolve) => setImmediate(resolve));
  await store.close();
  const { processor, handled } = openScript();
  const again = await openDevice({ ...shared, processors: [processor] });
  await settle(again, processor);
  expect(handled).toHaveLength(1);
  expect(await outcomeOf(Promise.resolve().then(() => again.store.processor(endless)))).toBe('processor.unknown');
  await again.store.close();
});
