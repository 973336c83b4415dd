/** How an application learns of conflicts, compares their sides, and ends them. */
import { expect, it } from 'vitest';
import { simulatedServer } from '../../../src/testing/index.ts';
import { collect, item, LOCK, outcomeOf, UNLOCK, Visit } from '../store/trial.ts';
import { at } from '../support.ts';
import { type Bed, makeBed, online } from '../sync/bed.ts';

const visitOf = ({ store }: Bed, id = 'v') => store.aggregate(Visit, id);
const exchange = async (...beds: readonly Bed[]): Promise<void> => {
  for (const bed of [...beds, ...beds]) await online(bed);
};

/** Two devices that have met once, with one item recorded. */
const met = async (count: 2 | 3 = 2): Promise<readonly [Bed, Bed, ...Bed[]]> => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const [a, b] = [await makeBed({ server }), await makeBed({ server })];
  const beds = count === 2 ? ([a, b] as const) : ([a, b, await makeBed({ server })] as const);
  await visitOf(a).send(item('BP', 120));
  await exchange(...beds);
  return beds;
};

it('the sides of a conflict are told with state, author, device, time and reason, equal on both devices [CNF-03, CNF-09]', async () => {
  const [a, b] = await met();
  expect(await visitOf(a).branches()).toBeUndefined();
  await visitOf(a).send(item('BP', 121), { reason: 'read again' });
  await visitOf(a).send(item('HR', 70));
  await visitOf(b).send(item('BP', 122), { reason: 'typing error' });
  await exchange(a, b);
  const found = await visitOf(a).branches();
  expect(await visitOf(b).branches()).toMatchObject({ ancestor: found?.ancestor, branches: [{}, {}] });
  expect(found?.ancestor).toMatchObject({ context: { items: { BP: 120 } } });
  const sides = found?.branches.map(({ head, state, changed }) => ({
    ...{ by: head.context.actor.user, on: head.context.replica, reason: head.body.reason },
    ...{ items: state.context.items, changed, at: head.context.recordedAt.utc },
  }));
  const { utc } = found?.branches[0]?.head.context.recordedAt ?? {};
  const due = [
    { by: 'nurse-1', on: a.store.replica, reason: 'read again', items: { BP: 121 }, changed: ['BP'], at: utc },
    { by: 'nurse-1', on: b.store.replica, reason: 'typing error', items: { BP: 122 }, changed: ['BP'], at: utc },
  ];
  expect(sides).toEqual(expect.arrayContaining(due));
  expect(found?.keys).toMatchObject([{ key: 'BP', ancestors: [{ payload: { value: 120 } }], heads: [{}, {}] }]);
});

it('several conflicts end together in one commit, or none of them does [CNF-10]', async () => {
  const [a, b] = await met();
  for (const [bed, value] of [
    [a, 1],
    [b, 2],
  ] as const)
    for (const name of ['BP', 'HR']) await visitOf(bed).send(item(name, value), { reason: 'apart' });
  await exchange(a, b);
  const { conflicts, version } = visitOf(a).state();
  expect(conflicts.map(({ key }) => key)).toEqual(['BP', 'HR']);
  const half = await visitOf(a).resolve(conflicts, [item('BP', 5), UNLOCK], { reason: 'agreed' });
  expect(half).toMatchObject([
    { kind: 'refused', why: 'with-others' },
    { kind: 'refused', why: 'illegal' },
  ]);
  expect(visitOf(a).state()).toMatchObject({ version, conflicts: [{}, {}] });
  const commits: number[] = [];
  const following = a.store.committed$.subscribe(({ events }) => commits.push(events.length));
  const both = await visitOf(a).resolve(conflicts, [item('BP', 1), item('HR', 9)], { reason: 'source checked' });
  following.unsubscribe();
  expect(both.map(({ kind }) => kind)).toEqual(['committed', 'committed']);
  expect(commits).toEqual([2]);
  await exchange(a, b);
  for (const bed of [a, b])
    expect(visitOf(bed).state()).toMatchObject({ conflicts: [], context: { items: { BP: 1, HR: 9 } } });
});

it('a whole form in conflict ends in one commit: a lock that names every head, then values [CNF-10]', async () => {
  const [a, b] = await met();
  await visitOf(a).send(LOCK);
  await visitOf(b).send(LOCK);
  await exchange(a, b);
  const { conflicts } = visitOf(b).state();
  const outcomes = await visitOf(b).resolve(conflicts, [UNLOCK, item('BP', 130), LOCK], { reason: 'agreed' });
  expect(outcomes.map(({ kind }) => kind)).toEqual(['committed', 'committed', 'committed']);
  await exchange(b, a);
  for (const bed of [a, b])
    expect(visitOf(bed).state()).toMatchObject({ value: 'locked', conflicts: [], context: { items: { BP: 130 } } });
});

it('a resolution of what somebody saw ends nothing that has come since, and a reason is not left out [CNF-04, CNF-10]', async () => {
  const [a, b, c] = await met(3);
  if (c === undefined) throw new RangeError('three devices');
  await visitOf(a).send(item('BP', 1), { reason: 'one' });
  await visitOf(b).send(item('BP', 2), { reason: 'two' });
  await exchange(a, b);
  const { conflicts: shown } = visitOf(a).state();
  await visitOf(c).send(item('BP', 3), { reason: 'three' });
  await exchange(c, a);
  const stale = await visitOf(a).resolve(shown, [item('BP', 5)], { reason: 'agreed' });
  expect(stale).toMatchObject([{ kind: 'conflict', conflicts: [{ heads: [{}, {}, {}] }] }]);
  const { conflicts } = visitOf(a).state();
  expect(await visitOf(a).resolve(conflicts, [item('BP', 5)], { reason: ' ' })).toMatchObject([
    { kind: 'refused', why: 'reason-required' },
  ]);
  expect(await visitOf(a).resolve(conflicts, [item('BP', 5)], { reason: 'agreed' })).toMatchObject([
    { kind: 'committed' },
  ]);
  expect(await outcomeOf(visitOf(a).resolve(conflicts, [{ type: 'Unknown' } as never], { reason: 'x' }))).toBe(
    'append.unknown-event',
  );
});

it('a resolution says of each key what was chosen among three sides, and the trail tells it with the sides that were not [CNF-14]', async () => {
  const [a, b, c] = await met(3);
  if (c === undefined) throw new RangeError('three devices');
  const before = at(await visitOf(a).history(), 0).eventId;
  for (const [count, bed] of [a, b, c].entries())
    for (const name of ['BP', 'HR', 'T', 'W']) await visitOf(bed).send(item(name, count), { reason: 'apart' });
  await exchange(a, b, c);
  const { conflicts } = visitOf(a).state();
  const idsOf = (key: string) => conflicts.find((each) => each.key === key)?.heads.map(({ body }) => body.id) ?? [];
  const events = [item('BP', 120), item('HR', 1), item('T', 9), item('W', 2)];
  const stated = [
    { key: 'BP', took: 'before', event: before },
    { key: 'W', took: 'head', event: at(idsOf('W'), 0) },
  ] as const;
  for (const choices of [
    [{ key: 'none', took: 'new' }],
    [{ key: 'BP', took: 'head', event: at(idsOf('W'), 0) }],
  ] as const)
    expect(await outcomeOf(visitOf(a).resolve(conflicts, events, { reason: 'x', choices }))).toBe(
      'conflict.unknown-choice',
    );
  await visitOf(a).resolve(conflicts, events, { reason: 'source checked', choices: stated });
  await exchange(a, b);
  const last = (await visitOf(b).history()).slice(-4).map(({ choices }) => choices);
  const one = (await visitOf(b).history()).find(
    ({ eventId, payload }) => idsOf('HR').includes(eventId) && payload['value'] === 1,
  );
  expect(last).toEqual([
    [{ ...stated[0], over: idsOf('BP') }],
    [{ key: 'HR', took: 'head', event: one?.eventId, over: idsOf('HR').filter((id) => id !== one?.eventId) }],
    [{ key: 'T', took: 'new', over: idsOf('T') }],
    [{ ...stated[1], over: idsOf('W').slice(1) }],
  ]);
  expect((await visitOf(b).history()).slice(0, -4).flatMap(({ choices }) => choices)).toEqual([]);
});

it('an event that names the heads itself says what was chosen like a resolution does [CNF-14]', async () => {
  const [a, b] = await met();
  for (const [bed, value] of [
    [a, 1],
    [b, 2],
  ] as const)
    for (const name of ['BP', 'HR', 'T']) await visitOf(bed).send(item(name, value), { reason: 'apart' });
  await exchange(a, b);
  const { conflicts } = visitOf(b).state();
  const sidesOf = (key: string) => conflicts.find((each) => each.key === key)?.heads ?? [];
  for (const [name, value] of [
    ['BP', 1],
    ['HR', 9],
  ] as const) {
    const resolves = sidesOf(name).map(({ body }) => body.id);
    await visitOf(b).send(item(name, value), { resolves, reason: 'source checked' });
  }
  const everything = sidesOf('T').map(({ body }) => body.id);
  await visitOf(b).send(LOCK, { resolves: everything, reason: 'agreed' });
  const taken = sidesOf('BP').find(({ payload }) => payload['value'] === 1)?.body.id;
  const said = (await visitOf(b).history()).slice(-3).map(({ choices }) => choices.map(({ over: _, ...each }) => each));
  expect(said).toEqual([
    [{ key: 'BP', took: 'head', event: taken }],
    [{ key: 'HR', took: 'new' }],
    [{ key: 'T', took: 'new' }],
  ]);
});

it('two resolutions apart are a conflict of their own, and end alike on every device [CNF-04, CNF-10]', async () => {
  const [a, b] = await met();
  await visitOf(a).send(item('BP', 1), { reason: 'one' });
  await visitOf(b).send(item('BP', 2), { reason: 'two' });
  await exchange(a, b);
  for (const [bed, value] of [
    [a, 1],
    [b, 2],
  ] as const)
    await visitOf(bed).resolve(visitOf(bed).state().conflicts, [item('BP', value)], { reason: 'mine' });
  for (const bed of [a, b]) expect(visitOf(bed).state().conflicts).toEqual([]);
  await exchange(a, b);
  const heads = visitOf(a)
    .state()
    .conflicts.map((conflict) => conflict.heads.map(({ body }) => body.reason));
  expect(heads).toEqual([['mine', 'mine']]);
  await visitOf(b).resolve(visitOf(b).state().conflicts, [item('BP', 7)], { reason: 'talked it over' });
  await exchange(b, a);
  for (const bed of [a, b])
    expect(visitOf(bed).state()).toMatchObject({ conflicts: [], context: { items: { BP: 7 } } });
});

it('every aggregate in conflict is listed, at once and whenever that changes, and the list ends with the store [CNF-11]', async () => {
  const [a, b] = await met();
  const list = collect(a.store.conflicts$);
  expect(list.seen).toEqual([[]]);
  for (const id of ['v', 'w'])
    for (const bed of [b, a]) await visitOf(bed, id).send(item('BP', bed === a ? 1 : 2), { reason: 'apart' });
  await visitOf(a, 'x').send(item('BP', 1));
  expect(list.seen).toHaveLength(1);
  await exchange(a, b);
  const keysOf = (at: number) =>
    list.seen[at]?.map(({ id, type, conflicts }) => [type, id, conflicts.map(({ key }) => key)]);
  expect(keysOf(list.seen.length - 1)).toEqual([
    ['visit', 'v', ['BP']],
    ['visit', 'w', ['BP']],
  ]);
  const told = list.seen.length;
  await visitOf(a, 'v').send(item('HR', 70)); // changes nothing of the conflict
  expect(list.seen).toHaveLength(told);
  expect(collect(a.store.conflicts$).seen.at(-1)).toHaveLength(2);
  await visitOf(a).resolve(visitOf(a).state().conflicts, [item('BP', 3)], { reason: 'agreed' });
  expect(keysOf(told)).toEqual([['visit', 'w', ['BP']]]);
  let hasEnded = false;
  a.store.conflicts$.subscribe({ complete: () => (hasEnded = true) });
  await a.store.close();
  expect(hasEnded).toBe(true);
});
