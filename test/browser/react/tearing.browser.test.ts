/** React renders in slices and may be interrupted: all that is shown at once is one state of the store. */
import { createElement, startTransition, useEffect, useReducer, useState } from 'react';
import { expect, it } from 'vitest';
import type { Store } from '../../../src/index.ts';
import { IndelibleProvider, useAggregate, useStore, useView } from '../../../src/react/index.ts';
import { casebook, item, openDevice, Visit } from '../../unit/store/trial.ts';
import { closing, openPage, withoutAct } from './page.ts';

const COMPONENTS = 12;
const SLICE_MS = 12;

const beBusy = (): void => {
  const start = performance.now();
  while (performance.now() - start < SLICE_MS);
};

/** A component that reads what there is while it renders, and follows afterwards: what the hooks must not do. */
const useNaively = (): number => {
  const store = useStore();
  const [, again] = useReducer((count: number) => count + 1, 0);
  const visit = store.aggregate(Visit, 'v1');
  useEffect(() => visit.subscribe(again).unsubscribe);
  return visit.state().context.items['BP'] ?? 0;
};
const useHook = (): number => useAggregate(Visit, 'v1')[0].context.items['BP'] ?? 0;
const useRow = (): number => useView(casebook, { where: { id: 'v1' } })[0]?.sum ?? 0;

/** Starts a slow transition that shows many components, records meanwhile, and gives every set of values shown at once. */
const shownDuring = async (store: Store, reads: readonly (() => number)[]): Promise<readonly string[]> => {
  const Slow = ({ read }: { readonly read: () => number }) => {
    beBusy();
    return createElement('i', null, read());
  };
  const start: { show?: (on: boolean) => void } = {};
  const All = () => {
    const [isShown, setShown] = useState(false);
    start.show = setShown;
    const slow = (_: unknown, key: number) => createElement(Slow, { key, read: reads[key % reads.length] ?? useHook });
    return isShown ? Array.from({ length: COMPONENTS }, slow) : null;
  };
  const { place, show } = await openPage();
  await show(createElement(IndelibleProvider, { store }, createElement(All)));
  withoutAct();
  const shown: string[] = [];
  const observer = new MutationObserver(() => {
    shown.push([...new Set([...place.querySelectorAll('i')].map(({ textContent }) => textContent))].join());
  });
  observer.observe(place, { childList: true, subtree: true, characterData: true });
  startTransition(() => start.show?.(true));
  for (let value = 2; value < 8; value++) {
    await new Promise((resolve) => setTimeout(resolve, SLICE_MS * 2));
    await store.aggregate(Visit, 'v1').send(item('BP', value), { reason: 'measured again' });
  }
  await expect.poll(() => shown.at(-1)).toBe('7');
  observer.disconnect();
  return shown;
};

const device = async (): Promise<Store> => {
  const store = closing((await openDevice()).store);
  await store.aggregate(Visit, 'v1').send(item('BP', 1));
  return store;
};
const isTorn = (values: string): boolean => values.includes(',');

it('what is shown at once is one state, while a transition renders and events come in [UI-04]', async () => {
  const shown = await shownDuring(await device(), [useHook, useRow]);
  expect(shown.filter(isTorn)).toEqual([]);
});

it('the scenario tears where components read without the hooks [UI-04]', async () => {
  const shown = await shownDuring(await device(), [useNaively]);
  expect(shown.filter(isTorn)).not.toEqual([]);
});
