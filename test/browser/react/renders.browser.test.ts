/**
 * How often each hook renders, counted as React works in an application: not gathered by `act`, so that every wake-up that
 * React takes for a change is a rendering of its own. The table in docs/react.md is this one.
 */
import { createElement } from 'react';
import type { Observable } from 'rxjs';
import { expect, it } from 'vitest';
import { RebuildNote } from '../../../app/ui/RebuildNote.tsx';
import { memoryStorage, type Store } from '../../../src/index.ts';
import {
  IndelibleProvider,
  useAggregate,
  useAggregateValue,
  useConflicts,
  useHealth,
  useIsStale,
  useRebuild,
  useSyncStatus,
  useView,
} from '../../../src/react/index.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { gated, RECORD_BYTES } from '../../properties/upkeep/kept.ts';
import { casebook, item, openDevice, Visit } from '../../unit/store/trial.ts';
import { type Bed, makeBed, online } from '../../unit/sync/bed.ts';
import { closing, counted, openPage, withoutAct } from './page.ts';

/** Long enough for everything that a piece of work wakes, needless renderings too. */
const SETTLED_MS = 30;

const shownOf = () => ({
  aggregate: counted(() => useAggregate(Visit, 'v1')[0].context),
  value: counted(() => useAggregateValue(Visit, 'v1', ({ value }) => value)),
  view: counted(() => useView(casebook, { where: { state: 'open' } })),
  conflicts: counted(() => useConflicts().map(({ id }) => id)),
  stale: counted(() => useIsStale(casebook)),
  rebuild: counted(() => useRebuild()),
  sync: counted(() => useSyncStatus() ?? null),
  health: counted(() => useHealth().events),
});

/** Shows one component for each hook, and counts the renderings that a piece of work leads to. */
const watched = async (store: Store) => {
  const shown = shownOf();
  const { show, place } = await openPage();
  const children = Object.values(shown).map(({ Shown }, key) => createElement(Shown, { key }));
  await show(createElement(IndelibleProvider, { store }, children, createElement(RebuildNote)));
  withoutAct();
  const rendersOf = async (work: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> => {
    const before = Object.values(shown).map(({ renders }) => renders());
    await work();
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
    const counts = Object.entries(shown).map(
      ([name, { renders }], at) => [name, renders() - (before[at] ?? 0)] as const,
    );
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  };
  return { rendersOf, note: () => place.querySelector('[role=status]')?.textContent };
};

const pair = async (): Promise<readonly [Bed, Bed]> => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const beds = [await makeBed({ server }), await makeBed({ server })] as const;
  for (const { store } of beds) closing(store);
  return beds;
};
const visit = ({ store }: Bed, id = 'v1') => store.aggregate(Visit, id);

/** How often a source says something else than before. */
const changesOf = (source$: Observable<unknown>) => {
  const seen: string[] = [];
  const following = source$.subscribe((value) => {
    const text = JSON.stringify(value) ?? '';
    if (text !== seen.at(-1)) seen.push(text);
  });
  return () => {
    following.unsubscribe();
    return seen.length - 1;
  };
};

it('each hook renders once for a change of what it shows, and for nothing else [UI-03]', async () => {
  const [a, b] = await pair();
  const exchange = async (bed: Bed): Promise<void> => {
    await online(bed);
    bed.sync.setOnline(false);
  };
  await exchange(a);
  const { rendersOf } = await watched(a.store);
  const recorded = { aggregate: 1, view: 1, sync: 1, health: 1 };
  expect(await rendersOf(() => visit(a).send(item('BP', 120)))).toEqual(recorded);
  expect(await rendersOf(() => visit(a, 'v2').send(item('BP', 1)))).toEqual({ view: 1, sync: 1, health: 1 });
  expect(await rendersOf(() => visit(a).send({ type: 'VisitUnlocked' }))).toEqual({});
  expect(await rendersOf(async () => a.time.advance(1_000))).toEqual({});
  await exchange(a);
  await exchange(b);
  await visit(b).send(item('BP', 1), { reason: 'there' });
  await exchange(b);
  expect(await rendersOf(() => visit(a).send(item('BP', 2), { reason: 'here' }))).toEqual(recorded);
  const [statuses, healths] = [changesOf(a.store.syncStatus$), changesOf(a.store.health$)];
  const { sync, health, ...others } = await rendersOf(() => exchange(a));
  expect(others).toEqual({ aggregate: 2, view: 1, conflicts: 1 }); // what came, then the receipt for what was sent
  expect(sync).toBeLessThanOrEqual(statuses());
  expect(health).toBeLessThanOrEqual(healths());
  const resolve = () => visit(a).resolve(visit(a).state().conflicts, [item('BP', 2)], { reason: 'source checked' });
  expect(await rendersOf(resolve)).toEqual({ ...recorded, conflicts: 1 });
});

it('rows of before say so, and rows that stay the same do not render when they are current [UI-03, PRJ-17]', async () => {
  const storage = memoryStorage({ recordBytesMax: RECORD_BYTES });
  const first = await openDevice({ storage, name: 'renders', upkeep: 'manual' });
  for (let at = 0; at < 40; at++) await first.store.aggregate(Visit, 'v1').send(item(`i${at}`, at));
  await first.store.compact();
  await first.store.close();
  const { adapter, release } = gated(storage);
  const { store } = await openDevice({ storage: adapter, name: 'renders', app: '2', upkeep: 'manual' });
  const { rendersOf, note } = await watched(closing(store));
  expect(note()).toBe('This device is being brought up to date, 0 %');
  const { rebuild, ...others } = await rendersOf(async () => {
    release();
    await store.caughtUp();
  });
  expect(others).toEqual({ aggregate: 1, stale: 1, health: 1 });
  expect(rebuild).toBeLessThanOrEqual(100);
  expect(note()).toBe('');
});
