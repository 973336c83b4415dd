/**
 * In the page: an application that lets go of nothing. It unlocks, records protected values, shows them by React, by a view and by
 * subscriptions, and keeps store, handles, session and vault when the keys are locked. Planted words are put together here, so
 * that the script has none of them.
 */
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { setup } from 'xstate';
import { z } from 'zod';
import { defineAggregate, defineEvent, defineView, openStore, protect } from '../../../src/index.ts';
import { openVault } from '../../../src/keys.ts';
import { IndelibleProvider, useAggregate, useAggregateValue, useView } from '../../../src/react/index.ts';

/** One flat string: a snapshot of the heap does not spell out those that are only chained together. */
const word = (...parts: readonly (string | number)[]): string => ['zq9', ...parts, 'heap'].join('-');

const NamedSchema = z.strictObject({ name: protect(z.string(), { key: 'subject' }) });
type Named = { readonly type: 'Named' } & z.infer<typeof NamedSchema>;
const people = setup({ types: { context: {} as { readonly name: unknown }, events: {} as Named } });
const Person = defineAggregate({
  type: 'person',
  events: { Named: defineEvent({ version: 1, schema: NamedSchema }) },
  machine: people.createMachine({
    context: { name: '' },
    initial: 'known',
    states: { known: { on: { Named: { actions: people.assign(({ event }) => ({ name: event.name })) } } } },
  }),
});
const names = defineView({
  name: 'names',
  of: Person,
  row: ({ id, context }) => ({ id, name: String(context.name) }),
});

const Shown = () => {
  const [state] = useAggregate(Person, 'p1');
  const name = useAggregateValue(Person, 'p2', ({ context }) => String(context.name));
  const rows = useView(names);
  return createElement(
    'main',
    null,
    [String(state.context.name), name, ...rows.map((row) => row.name)].map((text, at) =>
      createElement('p', { key: at }, text),
    ),
  );
};

type App = Record<string, unknown> & { readonly lock: () => Promise<void> };
const kept: { app?: App } = {};

const made: WeakRef<CryptoKey>[] = [];
const note = (result: unknown): void => {
  if (result instanceof CryptoKey) made.push(new WeakRef(result));
  else if (typeof result === 'object' && result !== null && 'privateKey' in result) note(result.privateKey);
};
const watchKeys = (): void => {
  for (const name of ['importKey', 'deriveKey', 'generateKey'] as const) {
    const original: unknown = Reflect.get(crypto.subtle, name);
    if (typeof original !== 'function') throw new Error(`WebCrypto has no ${name}`);
    const value = async (...words: readonly unknown[]): Promise<unknown> => {
      const result: unknown = await Reflect.apply(original, crypto.subtle, words);
      note(result);
      return result;
    };
    Object.defineProperty(crypto.subtle, name, { value });
  }
};

/** Whether the page shows the newest value. What a call gives stays in the heap for as long as it may be asked for. */
const shows = (): boolean => document.body.innerText.includes(word('name', 'last'));

const open = async () => {
  watchKeys();
  const ada = { user: 'ada', passphrase: word('phrase') };
  const vault = openVault({ name: 'memory', idleMinutes: 30 });
  const first = await vault.create(ada);
  await first.makeWrappingKey('study');
  const options = {
    ...{ name: 'memory', tenant: 'acme-042', aggregates: [Person], views: [names] },
    actor: () => ({ userId: 'ada', role: 'nurse' }),
  };
  const before = await openStore({ ...options, keys: first });
  for (let at = 0; at < 30; at++)
    await before.aggregate(Person, `p${at % 5}`).send({ type: 'Named', name: word('name', at) });
  await first.lock();

  const session = await vault.unlock(ada);
  const store = await openStore({ ...options, keys: session });
  const handles = ['p1', 'p2', 'p3'].map((id) => store.aggregate(Person, id));
  const subscriptions = [
    ...handles.map((handle) => handle.state$.subscribe(() => undefined)),
    ...handles.map((handle) => handle.subscribe(() => undefined)),
    store.view(names).rows$.subscribe(() => undefined),
    store.committed$.subscribe(() => undefined),
  ];
  await handles[0]?.send({ type: 'Named', name: word('name', 'last') });
  for (const handle of handles) handle.getSnapshot();
  await handles[2]?.history();
  const root = createRoot(document.body.appendChild(document.createElement('div')));
  root.render(createElement(IndelibleProvider, { store }, createElement(Shown)));
  await new Promise((resolve) => setTimeout(resolve, 200));
  kept.app = {
    ...{ vault, session, first, before, store, handles, subscriptions, root, options },
    lock: () => session.lock(),
  };
  return shows();
};

const lock = async () => {
  await kept.app?.lock();
  await new Promise((resolve) => setTimeout(resolve, 200));
  return shows();
};

/** How many of the keys that WebCrypto has made here are still within reach of anything. */
const keysAlive = () => {
  const alive = made.flatMap((ref) => ref.deref() ?? []);
  return {
    secret: alive.filter(({ type }) => type === 'secret').length,
    private: alive.filter(({ type }) => type === 'private').length,
  };
};

Object.assign(globalThis, { page: { open, lock, keysAlive }, kept });
