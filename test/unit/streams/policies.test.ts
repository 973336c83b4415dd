/** Policies and permissions as an application states them with its aggregate. */
import { expect, it } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import type { ConflictPolicy } from '../../../src/core/conflict.ts';
import { foldStream } from '../../../src/core/fold.ts';
import { eventType } from '../../../src/core/ids.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { defineAggregate, defineEvent, protect, type Store } from '../../../src/index.ts';
import { reducerOf } from '../../../src/streams/streamState.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { eventsOf, live } from '../../properties/fold/traces.ts';
import { Diary, diaryFor } from '../store/diary.ts';
import { item, LOCK, Visit } from '../store/trial.ts';
import { at } from '../support.ts';
import { makeBed, online } from '../sync/bed.ts';

const Measured = z.strictObject({ systolic: z.number().optional(), diastolic: z.number().optional() });
const Named = z.strictObject({ name: protect(z.string(), { key: 'subject', sizeMax: 64 }) });
const bloodPressure = (conflicts?: ConflictPolicy) => {
  const machine = setup({}).createMachine({
    initial: 'open',
    states: { open: { on: { Measured: 'open', Named: 'open', Closed: 'open' } } },
  });
  return defineAggregate({
    type: 'bloodPressure',
    events: {
      Measured: defineEvent({ version: 1, schema: Measured }),
      Named: defineEvent({ version: 1, schema: Named }),
      Closed: defineEvent({ version: 1, schema: z.strictObject({}) }),
    },
    machine,
    ...(conflicts === undefined ? {} : { conflicts }),
  });
};

type Said = readonly [type: string, payload: JsonObject];

/** The conflicts of events that A and B record without knowing of each other. */
const between = (policy: ConflictPolicy | undefined, a: Said, b: Said) => {
  const events = eventsOf(live(['A*', 'B*'])).map((event, index) => {
    const [type, payload] = at([a, b], index);
    return { ...event, body: { ...event.body, type: eventType(type), payload }, payload };
  });
  const { conflicts, settled } = foldStream(events, reducerOf(bloodPressure(policy)));
  return { open: conflicts.map(({ key }) => key), settled: settled.map(({ key }) => key) };
};

it.each<readonly [string, Said, Said, { open: string[]; settled: string[] }]>([
  [
    'different members merge',
    ['Measured', { systolic: 120 }],
    ['Measured', { diastolic: 80 }],
    { open: [], settled: [] },
  ],
  [
    'the same value agrees',
    ['Measured', { systolic: 120 }],
    ['Measured', { systolic: 120 }],
    { open: [], settled: ['systolic'] },
  ],
  [
    'different values are left to a person',
    ['Measured', { systolic: 120 }],
    ['Measured', { systolic: 121 }],
    { open: ['systolic'], settled: [] },
  ],
  [
    'each member for itself',
    ['Measured', { systolic: 120, diastolic: 80 }],
    ['Measured', { systolic: 120, diastolic: 81 }],
    { open: ['diastolic'], settled: ['systolic'] },
  ],
  [
    'an event without members touches everything',
    ['Closed', {}],
    ['Measured', { systolic: 120 }],
    { open: ['systolic'], settled: [] },
  ],
  ['the same act twice agrees', ['Closed', {}], ['Closed', {}], { open: [], settled: ['*'] }],
  [
    'of protected values nobody can tell',
    ['Named', { name: 'x' }],
    ['Named', { name: 'x' }],
    { open: ['name'], settled: [] },
  ],
])('fieldwise: %s [CNF-06]', (_, a, b, expected) => {
  expect(between('fieldwise', a, b)).toEqual(expected);
});

it('without a policy, every concurrent event of an aggregate without keys is left to a person [CNF-06]', () => {
  for (const policy of [undefined, 'manual'] as const)
    expect(between(policy, ['Measured', { systolic: 120 }], ['Measured', { diastolic: 80 }])).toEqual({
      open: ['*'],
      settled: [],
    });
});

it('a policy is part of what kept states depend on [CNF-06, PRJ-06]', () => {
  const texts = [undefined, 'fieldwise', 'lastWriterWins', () => undefined] as const;
  expect(new Set(texts.map((policy) => bloodPressure(policy).source())).size).toBe(4);
});

it('who may end a conflict is for the aggregate to say: others are refused, and the conflict stays [CNF-07]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  let role = 'site';
  const options = { server, aggregates: [Diary], views: [], actor: () => ({ userId: 'nurse-1', role }) };
  const beds = [await makeBed(options), await makeBed(options)] as const;
  const diaryOf = (store: Store) => store.aggregate(Diary, 'one');
  for (const [count, { store }] of beds.entries()) await diaryOf(store).send({ type: 'Counted', count });
  for (const bed of [...beds, ...beds]) await online(bed);
  const tried = diaryOf(beds[0].store);
  const resolves = tried.state().conflicts.flatMap(({ heads }) => heads.map(({ body }) => body.id));
  const send = () => tried.send({ type: 'Counted', count: 7 }, { resolves, reason: 'source checked' });
  expect(await send()).toMatchObject({ kind: 'refused', why: 'not-permitted' });
  const both = await tried.resolve(tried.state().conflicts, [{ type: 'Counted', count: 7 }], { reason: 'mine' });
  expect(both).toMatchObject([{ kind: 'refused', why: 'not-permitted' }]);
  expect(tried.state()).toMatchObject({ version: 2, conflicts: [{}] });
  role = 'monitor';
  expect(await send()).toMatchObject({ kind: 'committed' });
  expect(tried.state().conflicts).toEqual([]);
});

it('a resolution from a program that lets everybody resolve is kept and marked here, and is no side of the conflict [CNF-07, CNF-12]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const lax = diaryFor(() => true);
  const [a, b] = [
    await makeBed({ server, aggregates: [Diary], views: [] }),
    await makeBed({ server, aggregates: [lax], views: [] }),
  ];
  const [here, there] = [a.store.aggregate(Diary, 'one'), b.store.aggregate(lax, 'one')];
  await here.send({ type: 'Counted', count: 1 });
  await there.send({ type: 'Counted', count: 2 });
  for (const bed of [a, b, a, b]) await online(bed);
  const ended = await there.resolve(there.state().conflicts, [{ type: 'Counted', count: 3 }], { reason: 'mine' });
  expect(ended).toMatchObject([{ kind: 'committed' }]);
  for (const bed of [b, a]) await online(bed);
  expect(here.state()).toMatchObject({ version: 3, inapplicable: 1, conflicts: [{ heads: [{}, {}] }] });
  const trail = await here.history();
  expect(trail.map(({ payload, applied }) => [payload['count'], applied]).at(-1)).toEqual([3, false]);
  expect((await here.branches())?.branches).toHaveLength(2);
});

it('a row has the last state that nobody contests beside the conflict, also while other keys go on [CNF-08]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const [a, b] = [await makeBed({ server }), await makeBed({ server })];
  const visitOf = ({ store }: typeof a) => store.aggregate(Visit, 'v');
  const exchange = async () => {
    for (const bed of [a, b, a, b]) await online(bed);
  };
  await visitOf(a).send(item('BP', 120));
  expect(visitOf(a).state().uncontested).toEqual({ value: 'open', context: { items: { BP: 120 } } });
  await exchange();
  await visitOf(a).send(item('BP', 121), { reason: 'one' });
  await visitOf(b).send(item('BP', 122), { reason: 'other' });
  await exchange();
  await visitOf(a).send(item('HR', 70));
  await exchange();
  for (const bed of [a, b]) {
    expect(visitOf(bed).state().conflicts).toHaveLength(1);
    expect(visitOf(bed).state().uncontested).toEqual({ value: 'open', context: { items: { BP: 120, HR: 70 } } });
  }
  const resolves = visitOf(b)
    .state()
    .conflicts.flatMap(({ heads }) => heads.map(({ body }) => body.id));
  // all of it at once: what names every head may touch everything
  expect(await visitOf(b).send(LOCK, { resolves, reason: 'agreed' })).toMatchObject({ kind: 'committed' });
  await exchange();
  for (const bed of [a, b]) {
    const { uncontested, value, context, conflicts } = visitOf(bed).state();
    expect(conflicts).toEqual([]);
    expect(uncontested).toEqual({ value, context });
    expect(value).toBe('locked');
  }
});
