/** A vault's session over a store, as an application puts them together: unlock, record, lock, unlock again. */
import { expect, it } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { defineAggregate, defineEvent, dexieStorage, isStoreError, openStore, protect } from '../../../src/index.ts';
import { type KeySession, openVault } from '../../../src/keys.ts';

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

const open = (name: string, keys: KeySession) =>
  openStore({ name, tenant: 'trial-042', aggregates: [Person], actor: () => ({ userId: 'ada', role: 'nurse' }), keys });

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'none',
    (error: unknown) => (isStoreError(error) ? error.code : String(error)),
  );

it('opens with an unlocked session, closes when it locks, and opens again for nobody but an unlocked one [KEY-20]', async () => {
  const name = `session-${crypto.randomUUID()}`;
  const ada = { user: 'ada', passphrase: 'correct horse battery' };
  const vault = openVault({ name, idleMinutes: 10 });
  const first = await vault.create(ada);
  await first.makeWrappingKey('study');
  const store = await open(name, first);
  const person = store.aggregate(Person, 'subject-17');
  expect((await person.send({ type: 'Named', name: 'Grace' })).kind).toBe('committed');
  expect(person.state().context.name).toBe('Grace');
  await first.lock();
  expect(await codeOf(person.send({ type: 'Named', name: 'Ada' }))).toBe('key.locked');
  expect(await codeOf(open(name, first))).toBe('key.locked');
  expect(await codeOf(dexieStorage().open(name))).toBe('storage.locked');

  const second = await vault.unlock(ada);
  const again = await open(name, second);
  expect(again.aggregate(Person, 'subject-17').state().context.name).toBe('Grace');
  expect(again.size()).toBe(store.size());
  await again.close();
  await second.lock();
});
