/** XState's own hook over an aggregate, in a real browser with a real React. */
import { useSelector } from '@xstate/react';
import { act, createElement, StrictMode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Store } from '../../../src/index.ts';
import { item, LOCK, openDevice, Visit } from '../../unit/store/trial.ts';

let store: Store;
let root: Root;
const place = document.createElement('div');
beforeEach(async () => {
  Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);
  ({ store } = await openDevice());
  document.body.append(place);
  root = createRoot(place);
});
afterEach(async () => {
  await act(async () => root.unmount());
  await store.close();
  place.remove();
  Reflect.deleteProperty(globalThis, 'IS_REACT_ACT_ENVIRONMENT');
});

it('useSelector of @xstate/react takes an aggregate as it is, and renders when what it selects changes [AGG-07]', async () => {
  const visit = store.aggregate(Visit, 'v1');
  let renders = 0;
  const Sum = () => {
    const pressure = useSelector(visit, ({ context }) => context.items['BP'] ?? 0);
    const canLock = useSelector(visit, (snapshot) => snapshot.can(LOCK));
    renders += 1;
    return `${pressure} ${canLock}`;
  };
  await act(async () => root.render(createElement(StrictMode, null, createElement(Sum))));
  expect(place.textContent).toBe('0 true');
  await act(() => visit.send(item('BP', 120)));
  expect(place.textContent).toBe('120 true');
  const before = renders;
  await act(() => visit.send(item('HR', 60)));
  await act(() => store.aggregate(Visit, 'v2').send(item('BP', 1)));
  expect(renders).toBe(before);
  await act(() => visit.send(LOCK));
  expect(place.textContent).toBe('120 false');
});
