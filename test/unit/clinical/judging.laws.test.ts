/** A device that revokes judges what others send by the server's order, whenever the server took it: as a device does that only looks on. */
import { expect, it } from 'vitest';
import { Access, accessOf, beginAccess, Form } from '../../../src/clinical.ts';
import { memoryStorage, type StorageAdapter, StoreError } from '../../../src/index.ts';
import { hookedStorage, type SimulatedServer, simulatedServer } from '../../../src/testing/index.ts';
import { attempt, joins, meet, openPlace, type Place, sentBy, slipIn } from './accessBed.ts';
import { record } from './bed.ts';

const codesOf = async ({ store }: Place) => (await store.findings()).map(({ code }) => code);

/** Bea records before or after Ada's revocation by the clock; nobody has sent anything of it yet. `before`: runs ahead of each of Ada's messages. */
const study = async (recorded: 'before' | 'after', storage?: StorageAdapter) => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  let before = async (): Promise<void> => undefined;
  const watched: SimulatedServer = {
    ...server,
    answer: async (request) => {
      await before();
      return server.answer(request);
    },
  };
  const [ada, bea, dan] = [
    await openPlace('ada', watched),
    await openPlace('bea', server, Access),
    await openPlace('dan', server, Access, storage),
  ];
  await beginAccess(ada.store, ada.session, { role: 'lead', site: null, names: [] });
  await meet(ada);
  await joins(ada, bea);
  await joins(ada, dan);
  await meet(ada, bea, dan);
  const pass = async () => {
    for (const { time } of [ada, bea, dan]) await time.advance(60_000);
  };
  await pass();
  if (recorded === 'before') await record(bea, 'x', '1');
  await pass();
  expect((await accessOf(ada.store).send({ type: 'UserRemoved', user: 'bea' }, { reason: 'left' })).kind).toBe(
    'committed',
  );
  await pass();
  if (recorded === 'after') await record(bea, 'x', '1');
  return { ada, bea, dan, setBefore: (next: () => Promise<void>) => (before = next) };
};

it('finds what any other device finds, whenever the server took it [ACC-08, ACC-09]', async () => {
  const met = new Set<string>();
  for (const recorded of ['before', 'after'] as const)
    for (let at = 0; at < 6; at++) {
      const { ada, bea, dan, setBefore } = await study(recorded);
      let messages = 0;
      let taken: string | undefined;
      setBefore(async () => {
        if (messages++ === at) taken = (await attempt(bea)) ?? 'taken';
      });
      await meet(ada);
      expect(taken).toBeDefined();
      await meet(dan, ada);
      const codes = await codesOf(dan);
      expect(await codesOf(ada), `${recorded}, ahead of message ${at}`).toEqual(codes);
      met.add([recorded, taken, ...codes].join(' '));
    }
  // each of them happens: taken before the revocation, taken after it all the same, and refused
  expect([...met].sort()).toEqual([
    'after access.revoked',
    'after taken',
    'before taken',
    'before taken access.after-revocation',
  ]);
});

it('finds what a server lets in after the revocation, in the very pull that places it and in every later one [ACC-08]', async () => {
  for (const rounds of [1, 2]) {
    const { ada, bea } = await study('after');
    const forged = sentBy(bea);
    for (let round = 0; round < rounds; round++) await attempt(ada);
    expect(await attempt(bea)).toBe('access.revoked');
    slipIn(ada, forged());
    await attempt(ada);
    expect([forged().length, await codesOf(ada)]).toEqual([1, ['access.revoked']]);
  }
});

it('shows the same of what a server lets in, whoever finds it out: one side, until a person decides [CNF-02, ACC-08]', async () => {
  const { ada, bea, dan } = await study('after');
  await record(dan, 'x', '2');
  const forged = sentBy(bea);
  await meet(ada);
  expect(await attempt(bea)).toBe('access.revoked');
  // one device is given it before the revocation, the other after it: the same events in two orders
  slipIn(dan, forged(), 'before');
  await attempt(dan);
  slipIn(ada, forged());
  await attempt(ada);
  const form = ({ store }: Place) => store.aggregate(Form, 'f1');
  const shown = (place: Place) => {
    const { context, version, conflicts, uncontested } = form(place).state();
    return { context, version, uncontested, heads: conflicts.map(({ heads }) => heads.map(({ body }) => body.id)) };
  };
  expect([await codesOf(ada), await codesOf(dan)]).toEqual([['access.revoked'], []]);
  expect(shown(ada)).toEqual(shown(dan));
  const { conflicts } = form(ada).state();
  expect(conflicts.map(({ heads }) => heads.map(({ context }) => context.actor.user).sort())).toEqual([['bea', 'dan']]);
  const decided = { ...{ group: 'VITALS', groupRepeat: '', item: 'x' }, value: '2', entry: 'keyed' } as const;
  await form(ada).resolve(conflicts, [{ type: 'ItemRecorded', ...decided }], { reason: 'Bea had left' });
  expect(form(ada).state().conflicts).toEqual([]);
});

it('stores nothing of others whose finding there is no room for, so that no program that ends takes it with it [ACC-08, SYN-10]', async () => {
  let isFull = false;
  const before = (call: string): void => {
    if (isFull && call === 'keepFinding') throw new StoreError('storage.quota-exceeded');
  };
  const { ada, bea, dan } = await study('before', hookedStorage(memoryStorage(), { before }));
  await meet(ada);
  expect(await attempt(bea)).toBeUndefined();
  const { store } = dan;
  const size = store.size();
  isFull = true;
  expect([await attempt(dan), store.size()]).toEqual(['storage.quota-exceeded', size]);
  isFull = false;
  expect([await attempt(dan), store.size() > size, await codesOf(dan)]).toEqual([
    undefined,
    true,
    ['access.after-revocation'],
  ]);
});
