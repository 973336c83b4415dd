/** Roles that decide who may record what of an aggregate. */
import { expect, it } from 'vitest';
import { Query } from '../../../src/clinical.ts';
import { type Store, withRoles } from '../../../src/index.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { makeBed, online } from '../sync/bed.ts';

const Asked = withRoles(Query, { QueryClosed: ['monitor', 'data manager'] });
const OPENED = { type: 'QueryOpened', form: 'f1', item: null, text: 'Is this right?' } as const;
const CLOSED = { type: 'QueryClosed' } as const;
const why = { reason: 'asked in error' };

it('who acts in another role may not, is told which roles may, and does what is for everybody [AGG-09]', async () => {
  let role = 'site';
  const { store } = await makeBed({ aggregates: [Asked], views: [], actor: () => ({ userId: 'nurse-1', role }) });
  const query = store.aggregate(Asked, 'q1');
  expect(await query.send(OPENED)).toMatchObject({ kind: 'committed' });
  expect(query.can(CLOSED)).toBe(false);
  expect(await query.send(CLOSED, why)).toEqual({
    ...{ kind: 'refused', why: 'not-permitted', state: '"opened"', roles: ['monitor', 'data manager'] },
  });
  role = 'monitor';
  expect(query.can(CLOSED)).toBe(true);
  expect(await query.send(CLOSED, why)).toMatchObject({ kind: 'committed' });
});

it('an event of another role that comes from elsewhere has no effect, is no side of a conflict, and leaves a finding [AGG-09, CNF-12]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const here = await makeBed({ server, aggregates: [Asked], views: [] });
  const there = await makeBed({ server, aggregates: [Query], views: [] });
  const exchange = async () => {
    for (const bed of [here, there, here]) await online(bed);
  };
  const query = here.store.aggregate(Asked, 'q1');
  await query.send(OPENED);
  await exchange();
  await there.store.aggregate(Query, 'q1').send(CLOSED, why);
  await query.send({ type: 'QueryAnswered', text: 'Yes.' });
  await exchange();
  expect(query.state()).toMatchObject({ value: 'answered', version: 3, inapplicable: 1, conflicts: [] });
  const codesOf = async (store: Store) => (await store.findings()).map(({ code }) => code);
  expect([await codesOf(here.store), await codesOf(there.store)]).toEqual([['event.not-permitted'], []]);
});

it('roles are a part of what kept states depend on, and a name of no event is nobody’s [AGG-09, PRJ-06]', () => {
  const [closing, asking] = [Asked, withRoles(Query, { QueryOpened: ['monitor', 'data manager'] })];
  expect(new Set([Query, closing, asking].map(({ source }) => source())).size).toBe(3);
  expect(Asked.roles?.get('constructor')).toBeUndefined();
});
