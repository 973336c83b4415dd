/** The hooks in a real browser: what they show, and what does not make them render. */
import { act, createElement, type ReactNode, StrictMode } from 'react';
import { expect, it } from 'vitest';
import type { Store } from '../../../src/index.ts';
import {
  IndelibleProvider,
  useAggregate,
  useAggregateValue,
  useHealth,
  useRows,
  useSyncStatus,
  useView,
  type ViewQuery,
} from '../../../src/react/index.ts';
import { casebook, item, LOCK, openDevice, UNLOCK, Visit, type VisitRow } from '../../unit/store/trial.ts';
import { closing, counted, openPage } from './page.ts';

const device = async (): Promise<Store> => closing((await openDevice()).store);
const within = (store: Store, ...children: ReactNode[]) => createElement(IndelibleProvider, { store }, ...children);

it('an aggregate shows its state after each durable change, and sends, under StrictMode too [UI-01]', async () => {
  const store = await device();
  const { place, show } = await openPage();
  const Form = () => {
    const [{ value, context }, { send, can }] = useAggregate(Visit, 'v1');
    return createElement(
      'button',
      { type: 'button', onClick: () => send(LOCK), disabled: !can(LOCK) },
      `${value} ${context.items['BP']}`,
    );
  };
  await show(createElement(StrictMode, null, within(store, createElement(Form))));
  expect(place.textContent).toBe('open undefined');
  await act(() => store.aggregate(Visit, 'v1').send(item('BP', 120)));
  const button = place.querySelector('button');
  expect([place.textContent, button?.disabled]).toEqual(['open 120', false]);
  await act(async () => button?.click());
  await expect.poll(() => [place.textContent, button?.disabled]).toEqual(['locked 120', true]);
});

it('another id shows another aggregate at once, and the one left is not followed any more [UI-01]', async () => {
  const store = await device();
  await store.aggregate(Visit, 'v1').send(item('BP', 1));
  await store.aggregate(Visit, 'v2').send(item('BP', 2));
  const { place, show } = await openPage();
  let renders = 0;
  const Form = ({ id }: { readonly id: string }) => {
    renders += 1;
    return useAggregate(Visit, id)[0].context.items['BP'];
  };
  await show(within(store, createElement(Form, { id: 'v1' })));
  expect(place.textContent).toBe('1');
  await show(within(store, createElement(Form, { id: 'v2' })));
  expect([place.textContent, renders]).toEqual(['2', 2]);
  await act(() => store.aggregate(Visit, 'v1').send(LOCK));
  expect(renders).toBe(2);
});

it('a change renders those alone that show it [UI-03]', async () => {
  const store = await device();
  for (const id of ['v1', 'v2']) await store.aggregate(Visit, id).send(item('BP', 100));
  const states = store.view(casebook).select('id', 'state');
  const shown = {
    changed: counted(() => useAggregate(Visit, 'v1')[0].context),
    other: counted(() => useAggregate(Visit, 'v2')[0].context),
    part: counted(() => useAggregateValue(Visit, 'v1', ({ value }) => value)),
    open: counted(() => useView(casebook, { where: { state: 'open' }, orderBy: [['sum', 'descending']] })),
    locked: counted(() => useView(casebook, { where: { state: 'locked' } })),
    high: counted(() => useView(casebook, { where: { sum: { gt: 100 } } })),
    states: counted(() => useRows(states)),
    sync: counted(() => useSyncStatus()),
    health: counted(() => useHealth()),
  };
  const { show } = await openPage();
  await show(within(store, ...Object.values(shown).map(({ Shown }, key) => createElement(Shown, { key }))));
  const rendersOf = async (work: () => Promise<unknown>) => {
    const before = Object.values(shown).map(({ renders }) => renders());
    await act(work);
    const names = Object.entries(shown).map(([name, { renders }], at) => [name, renders() - (before[at] ?? 0)]);
    return Object.fromEntries(names.filter(([, count]) => count !== 0));
  };
  const visit = store.aggregate(Visit, 'v1');
  expect(await rendersOf(() => visit.send(item('HR', 60)))).toEqual({ changed: 1, open: 1, high: 1 });
  expect(await rendersOf(() => store.aggregate(Visit, 'v3').send(LOCK))).toEqual({});
  expect(await rendersOf(() => visit.send(LOCK))).toEqual({
    ...{ changed: 1, part: 1, open: 1, locked: 1 },
    ...{ high: 1, states: 1 },
  });
  expect(await rendersOf(() => visit.send(LOCK))).toEqual({});
});

it('a hundred components of their own aggregates: one change renders one of them [UI-03]', async () => {
  const store = await device();
  const all = Array.from({ length: 100 }, (_, at) => counted(() => useAggregate(Visit, `v${at}`)[0].version));
  const { show } = await openPage();
  await show(within(store, ...all.map(({ Shown }, key) => createElement(Shown, { key }))));
  const before = all.map(({ renders }) => renders());
  await act(() => store.aggregate(Visit, 'v42').send(item('BP', 1)));
  expect(
    all.flatMap(({ renders }, at) => (renders() === before[at] ? [] : [[at, renders() - (before[at] ?? 0)]])),
  ).toEqual([[42, 1]]);
});

it('a view written in place is one query until it says something else [UI-03]', async () => {
  const store = await device();
  for (const [at, id] of ['a', 'b', 'c'].entries()) await store.aggregate(Visit, id).send(item('BP', at));
  const { place, show } = await openPage();
  let renders = 0;
  const List = (query: ViewQuery<VisitRow>) => {
    renders += 1;
    return useView(casebook, { ...query, where: { ...query.where } })
      .map(({ id }) => id)
      .join('');
  };
  await show(within(store, createElement(List, { orderBy: ['sum'], limit: 2 })));
  expect([place.textContent, renders]).toEqual(['ab', 1]);
  await show(within(store, createElement(List, { orderBy: [['sum', 'descending']], limit: 2 })));
  expect(place.textContent).toBe('cb');
  await act(() => store.aggregate(Visit, 'a').send(LOCK));
  await show(within(store, createElement(List, { where: { state: 'locked' } })));
  expect(place.textContent).toBe('a');
  await act(() => store.aggregate(Visit, 'a').send(UNLOCK));
  expect(place.textContent).toBe('');
});

it('sync status is undefined before anything syncs, and follows what does [UI-01]', async () => {
  const store = await device();
  const { place, show } = await openPage();
  const { Shown } = counted(() => useSyncStatus()?.state ?? null);
  await show(within(store, createElement(Shown)));
  expect(place.textContent).toBe('null');
  await act(async () => void store.sync({ url: 'http://127.0.0.1:1', network: 'offline' }));
  expect(place.textContent).toBe('"offline"');
});
