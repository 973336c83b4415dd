/** Opening a store below React, in a real browser, on IndexedDB: waiting, taking over what a server rendered, failing. */
import { act, Component, createElement, type ReactNode, StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, it } from 'vitest';
import { openStore, type Store, StoreError } from '../../../src/index.ts';
import { IndelibleProvider, useAggregate } from '../../../src/react/index.ts';
import { item, openDevice, Visit } from '../../unit/store/trial.ts';
import { closing, openPage } from './page.ts';

const Form = () => `version ${useAggregate(Visit, 'v1')[0].version}`;
const provided = (store: Store | Promise<Store> | (() => Promise<Store>)): ReactNode =>
  createElement(
    StrictMode,
    null,
    createElement(IndelibleProvider, { store, fallback: 'opening' }, createElement(Form)),
  );

let names = 0;
const opener = () => {
  const name = `react-${Date.now()}-${names++}`;
  const calls: Promise<Store>[] = [];
  const open = () => {
    const actor = () => ({ userId: 'nurse-1', role: 'site' });
    const opened = openStore({ name, tenant: 'acme-042', aggregates: [Visit], actor });
    calls.push(opened);
    opened.then(closing);
    return opened;
  };
  return { open, calls };
};

it('the fallback shows until the store is open, which is opened once under StrictMode and many renderings [UI-02]', async () => {
  const { open, calls } = opener();
  const { place, show } = await openPage();
  await show(provided(open));
  await show(provided(() => open()));
  await show(provided(() => open()));
  await act(async () => void (await calls[0]));
  await expect.poll(() => place.textContent).toBe('version 0');
  expect(calls).toHaveLength(1);
  const store = await calls[0];
  await act(async () => store?.aggregate(Visit, 'v1').send(item('BP', 120)));
  expect(place.textContent).toBe('version 1');
});

it('a page takes over what a server rendered without a difference, then shows the records [UI-02]', async () => {
  const { open, calls } = opener();
  const html = renderToString(provided(open));
  expect(html).toBe('opening');
  expect(calls).toEqual([]);
  const faults: unknown[] = [];
  const { place } = await openPage({ html, first: provided(open), faults });
  await act(async () => void (await calls[0]));
  await expect.poll(() => place.textContent).toBe('version 0');
  expect([faults, calls.length]).toEqual([[], 1]);
});

it('a page takes over what a server rendered with a store that is open by then [UI-02]', async () => {
  const store = closing((await openDevice()).store);
  const faults: unknown[] = [];
  const { place } = await openPage({ html: renderToString(provided(store)), first: provided(store), faults });
  expect([place.textContent, faults]).toEqual(['version 0', []]);
});

type Caught = { readonly code: string | undefined };
class Boundary extends Component<{ readonly children: ReactNode }, Caught> {
  override state: Caught = { code: undefined };
  static getDerivedStateFromError = (error: unknown): Caught => ({
    code: error instanceof StoreError ? error.code : 'unknown',
  });
  override render = () =>
    this.state.code === undefined
      ? this.props.children
      : createElement('button', { type: 'button', onClick: () => this.setState({ code: undefined }) }, this.state.code);
}

it('a store that cannot be opened is an error to the boundary above; tried again, it is opened again [UI-02]', async () => {
  const store = closing((await openDevice()).store);
  let calls = 0;
  const open = async (): Promise<Store> => {
    calls += 1;
    if (calls === 1) throw new StoreError('storage.blocked');
    return store;
  };
  const { place, show } = await openPage();
  await show(createElement(Boundary, null, provided(open)));
  await expect.poll(() => place.textContent).toBe('storage.blocked');
  expect(calls).toBe(1);
  await act(async () => place.querySelector('button')?.click());
  await expect.poll(() => place.textContent).toBe('version 0');
  expect(calls).toBe(2);
});
