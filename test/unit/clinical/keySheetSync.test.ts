/** What one device seals another opens, once it was granted the key: rows come by the server, grants by events. */
import { expect, it } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import {
  Access,
  accessOf,
  beginAccess,
  FailedUnlock,
  followAccess,
  grantKeys,
  ownFingerprint,
  requestDevice,
} from '../../../src/clinical.ts';
import { StoreError } from '../../../src/core/errors.ts';
import { defineAggregate, defineEvent, protect, type Store } from '../../../src/index.ts';
import {
  type Disturbance,
  type SimulatedRequest,
  simulatedNetwork,
  simulatedServer,
  UNDISTURBED,
} from '../../../src/testing/index.ts';
import { world } from '../keys/world.ts';
import { openDevice } from '../store/trial.ts';
import { codeOfAsync } from '../support.ts';
import { meet } from './accessBed.ts';

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
const NAME = 'Erika Mustermann';

const trial = async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const sent: SimulatedRequest[] = [];
  const open = async (user: string) => {
    const { vault, time } = world();
    const session = await vault.create({ user, passphrase: `passphrase of ${user}` });
    let met: (request: SimulatedRequest) => Disturbance = () => UNDISTURBED;
    const { store } = await openDevice({
      ...{ aggregates: [Person, Access, FailedUnlock], views: [], keys: session },
      ...{ clock: time.clock, scheduler: time.scheduler, actor: () => ({ userId: user, role: 'site' }) },
    });
    const transport = simulatedNetwork(server, (request) => {
      sent.push(request);
      return met(request);
    });
    const sync = store.sync({ url: 'https://server.invalid', transport, network: 'offline' });
    return {
      ...{ store, session, sync, time, vault },
      disturb: (next: typeof met) => {
        met = next;
      },
    };
  };
  const [ada, bea] = [await open('ada'), await open('bea')];
  await beginAccess(ada.store, ada.session, { role: 'admin', site: null, names: ['study'] });
  return { server, ada, bea, sent, open };
};
type Trial = Awaited<ReturnType<typeof trial>>;

const letBeaIn = async ({ ada, bea }: Trial) => {
  await requestDevice(bea.store, bea.session);
  await meet(bea, ada);
  const access = accessOf(ada.store);
  const holder = await ownFingerprint(bea.session);
  await access.send({ type: 'UserAdded', user: 'bea', role: 'nurse', site: null });
  await access.send({ type: 'DeviceEnrolled', holder });
  await access.send({ type: 'AccessGiven', user: 'bea', name: 'study' });
  expect((await grantKeys(ada.store, ada.session, { name: 'study', holder })).kind).toBe('granted');
  await meet(ada, bea);
  await followAccess(bea.store, bea.session).settled();
};
const nameIn = (store: Store) => {
  const { name } = store.aggregate(Person, 'subject-17').state().context;
  return typeof name === 'string' ? name : 'sealed';
};

it('opens on a second device what was sealed on the first, before and after the grant [KEY-24]', async () => {
  const made = await trial();
  const { ada, bea, sent } = made;
  await ada.store.aggregate(Person, 'subject-17').send({ type: 'Named', name: NAME });
  await meet(ada, bea);
  expect(nameIn(bea.store)).toBe('sealed');
  await letBeaIn(made);
  await expect.poll(() => nameIn(bea.store)).toBe(NAME);
  await bea.store.aggregate(Person, 'subject-17').send({ type: 'Named', name: `${NAME}-Schmidt` });
  await meet(bea, ada);
  await expect.poll(() => nameIn(ada.store)).toBe(`${NAME}-Schmidt`);
  const carried = sent.filter(({ kind }) => kind === 'keys-push');
  expect(carried.length).toBeGreaterThan(0);
  for (const word of ['Mustermann', 'subject', 'study']) expect(JSON.stringify(carried)).not.toContain(word);
});

it('destroys on the other device what was destroyed here, and sends it by itself [KEY-24, KEY-22]', async () => {
  const made = await trial();
  const { ada, bea } = made;
  await ada.store.aggregate(Person, 'subject-17').send({ type: 'Named', name: NAME });
  await letBeaIn(made);
  await meet(ada, bea);
  await expect.poll(() => nameIn(bea.store)).toBe(NAME);
  ada.sync.setOnline(true);
  await ada.sync.now();
  await ada.session.source.shred({ kind: 'subject', name: 'subject-17' });
  await expect
    .poll(async () => (await made.server.answer({ kind: 'keys-pull', after: '' })).includes('"wrap":null'))
    .toBe(true);
  ada.sync.setOnline(false);
  await meet(bea);
  await expect.poll(() => nameIn(bea.store)).toBe('sealed');
  expect(JSON.stringify(bea.store.aggregate(Person, 'subject-17').state().context)).toContain('shredded');
});

it('sends events where keys cannot be exchanged, and says why they were not [KEY-24]', async () => {
  const { ada, server } = await trial();
  ada.disturb(({ kind }) =>
    kind.startsWith('keys-') ? { kind: 'fail', error: new StoreError('server.not-found') } : UNDISTURBED,
  );
  await ada.store.aggregate(Person, 'subject-17').send({ type: 'Named', name: NAME });
  ada.sync.setOnline(true);
  const status = await ada.sync.now();
  expect([status.lastError, status.pending]).toEqual(['server.not-found', 0]);
  expect(server.size()).toBe(ada.store.size());
  ada.disturb(() => UNDISTURBED);
  expect((await ada.sync.now()).lastError).toBeUndefined();
  expect(await server.answer({ kind: 'keys-pull', after: '' })).toContain('"revision":1');
});

it('is changed on the server by devices that were let in, in what they have signed, and by no other [ACC-10]', async () => {
  const { ada, open, sent, server } = await trial();
  await ada.store.aggregate(Person, 'subject-17').send({ type: 'Named', name: NAME });
  await meet(ada);
  const eve = await open('eve');
  await eve.session.makeWrappingKey('study');
  await eve.store.aggregate(Person, 'subject-18').send({ type: 'Named', name: NAME });
  eve.sync.setOnline(true);
  expect((await eve.sync.now()).lastError).toBe('access.denied');
  eve.sync.setOnline(false);
  const [taken] = sent.flatMap((request) => (request.kind === 'keys-push' ? [request.body] : []));
  const { proof, ...unsigned } = JSON.parse(taken ?? '');
  const [row] = unsigned.changes;
  const other = { ...unsigned, changes: [{ ...row, wrap: null }], proof };
  for (const body of [unsigned, other])
    expect(await codeOfAsync(() => server.answer({ kind: 'keys-push', body: JSON.stringify(body) }))).toBe(
      'access.denied',
    );
  const rows = JSON.parse(await server.answer({ kind: 'keys-pull', after: '' })).rows;
  expect(rows).toEqual([expect.objectContaining({ id: row.id, wrap: row.wrap })]);
});
