/** A server that renders a page with records in it: the records are on the device, so it renders what stands in for them. */
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createElement, type ReactNode, StrictMode } from 'react';
import { renderToPipeableStream, renderToString } from 'react-dom/server';
import { expect, it, vi } from 'vitest';
import { isStoreError, type Store } from '../../../src/index.ts';
import {
  IndelibleProvider,
  useAggregate,
  useHealth,
  useStore,
  useSyncStatus,
  useView,
} from '../../../src/react/index.ts';
import { casebook, openDevice, Visit } from '../store/trial.ts';

const Page = (): ReactNode => {
  const [visit] = useAggregate(Visit, 'v1');
  const status = `${useSyncStatus()?.state ?? 'not syncing'}, ${useHealth().durability}, ${useStore().tenant}`;
  return createElement('p', null, `${visit.version} ${useView(casebook).length} ${status}`);
};
const page = (store: Store | Promise<Store> | (() => Promise<Store>)) =>
  createElement(
    StrictMode,
    null,
    createElement('h1', null, 'Study'),
    createElement(IndelibleProvider, { store, fallback: createElement('p', null, 'Opening') }, createElement(Page)),
  );
const EXPECTED = '<h1>Study</h1><p>Opening</p>';

it('a server renders the fallback and opens nothing, as text and as a stream that ends [UI-02]', async () => {
  const open = vi.fn(() => new Promise<Store>(() => undefined));
  expect(renderToString(page(open))).toBe(EXPECTED);
  const errors: unknown[] = [];
  const { pipe } = renderToPipeableStream(page(open), { onError: (error) => void errors.push(error) });
  expect(await text(pipe(new PassThrough()))).toBe(EXPECTED);
  expect([open.mock.calls, errors]).toEqual([[], []]);
});

it('a server renders the same whatever it is given, so that a device takes over what it finds [UI-02]', async () => {
  const { store } = await openDevice();
  expect(renderToString(page(store))).toBe(EXPECTED);
  expect(renderToString(page(Promise.resolve(store)))).toBe(EXPECTED);
  await store.close();
});

it('a component outside of any provider is told so by a code [UI-01]', () => {
  try {
    renderToString(createElement(Page));
    expect.unreachable();
  } catch (error) {
    expect(isStoreError(error) && error.code).toBe('store.not-provided');
  }
});
