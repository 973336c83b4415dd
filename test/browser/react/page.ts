/** A React root in the page, and components that count their renderings. */
import { act, createElement, type FunctionComponent, type ReactNode } from 'react';
import { createRoot, hydrateRoot, type Root } from 'react-dom/client';
import { afterEach } from 'vitest';
import type { Store } from '../../../src/index.ts';

const ACT = 'IS_REACT_ACT_ENVIRONMENT';
const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
  Reflect.deleteProperty(globalThis, ACT);
});

export const closing = (store: Store): Store => {
  ending.push(store.close);
  return store;
};

export type Page = { readonly place: HTMLElement; readonly show: (node: ReactNode) => Promise<void> };

/** An element in the page, and what renders into it. `html`: what a server has rendered there. */
export const openPage = async (
  options: { html?: string; first?: ReactNode; faults?: unknown[] } = {},
): Promise<Page> => {
  Reflect.set(globalThis, ACT, true);
  const { html = '', first, faults = [] } = options;
  const place = document.createElement('div');
  place.innerHTML = html;
  document.body.append(place);
  const onRecoverableError = (error: unknown) => faults.push(error);
  const made: { root?: Root } = {};
  await act(async () => {
    made.root = first === undefined ? createRoot(place) : hydrateRoot(place, first, { onRecoverableError });
  });
  ending.push(async () => {
    Reflect.set(globalThis, ACT, true);
    await act(async () => made.root?.unmount());
    place.remove();
  });
  return { place, show: (node) => act(async () => made.root?.render(node)) };
};

/** Lets React work as it does in an application, by itself and in slices. */
export const withoutAct = (): boolean => Reflect.set(globalThis, ACT, false);

/** A component that shows what `read` gives, and counts how often it renders. */
export const counted = (read: () => unknown): { readonly Shown: FunctionComponent; readonly renders: () => number } => {
  let renders = 0;
  return {
    renders: () => renders,
    Shown: () => {
      const shown = JSON.stringify(read());
      renders += 1;
      return createElement('b', null, shown);
    },
  };
};
