/** What an application sees of one aggregate: states, history, and its rows in a view. */
import { Observable } from 'rxjs';
import { expect, it } from 'vitest';
import { memoryStorage } from '../../../src/index.ts';
import { casebook, collect, item, LOCK, openDevice, UNLOCK, Visit } from './trial.ts';

it('the state is given at once and after each change of its own aggregate, and not for others [AGG-03]', async () => {
  const { store } = await openDevice();
  const visit = store.aggregate(Visit, 'v');
  const states = collect(visit.state$);
  await visit.send(item('A', 1));
  await store.aggregate(Visit, 'other').send(item('A', 9));
  await visit.send(UNLOCK); // refused: nothing changes
  await visit.send(LOCK);
  expect(states.seen.map(({ value, version, pending, context }) => [value, version, pending, context.items])).toEqual([
    ['open', 0, 0, {}],
    ['open', 1, 1, { A: 1 }],
    ['locked', 2, 2, { A: 1 }],
  ]);
  states.stop();
  await visit.send(UNLOCK);
  expect(states.seen).toHaveLength(3);
  expect(collect(visit.state$).seen).toEqual([visit.state()]);
});

it('a state handed out does not change afterwards [AGG-03]', async () => {
  const { store } = await openDevice();
  const visit = store.aggregate(Visit, 'v');
  await visit.send(item('A', 1));
  const before = visit.state();
  const copy = structuredClone(before);
  await visit.send(item('B', 2));
  await visit.send(LOCK);
  expect(before).toEqual(copy);
});

it('the history of a field gives old and new value, who, when and why, each old value the new one before it [PRJ-05, AGG-06]', async () => {
  const { store, time } = await openDevice();
  const visit = store.aggregate(Visit, 'v');
  const values = [120, 125, 118];
  for (const [at, value] of values.entries()) {
    await visit.send(item('BP', value), at === 0 ? {} : { reason: `reason ${at}` });
    time.advance(60_000);
  }
  const history = await visit.history();
  const change = history.map(({ before, after, actor, recordedAt, reason, applied }) => ({
    from: before.context.items['BP'],
    to: after.context.items['BP'],
    who: actor.user,
    when: recordedAt.utc,
    why: reason,
    applied,
  }));
  expect(change).toEqual([
    { from: undefined, to: 120, who: 'nurse-1', when: '2026-01-05T09:00:00.000Z', why: undefined, applied: true },
    { from: 120, to: 125, who: 'nurse-1', when: '2026-01-05T09:01:00.000Z', why: 'reason 1', applied: true },
    { from: 125, to: 118, who: 'nurse-1', when: '2026-01-05T09:02:00.000Z', why: 'reason 2', applied: true },
  ]);
  for (const [at, entry] of history.entries()) expect(entry.before).toEqual(history[at - 1]?.after ?? entry.before);
  expect(history.at(-1)?.after.context).toEqual(visit.state().context);
});

it('where the data came from and for whom it was entered is in the history [REC-11, AGG-06]', async () => {
  const { store } = await openDevice({ actor: () => ({ userId: 'nurse-1', role: 'site', onBehalfOf: 'subject-17' }) });
  const visit = store.aggregate(Visit, 'v');
  await visit.send(item('A', 1), { originator: { kind: 'participant', id: 'subject-17' } });
  const [entry] = await visit.history();
  expect(entry?.actor).toEqual({ user: 'nurse-1', role: 'site', onBehalfOf: 'subject-17' });
  expect(entry?.originator).toEqual({ kind: 'participant', id: 'subject-17' });
});

it('a live query gives its rows at once, again when they change, and is silent otherwise [PRJ-04]', async () => {
  const { store } = await openDevice();
  const send = (id: string, name: string, value: number) => store.aggregate(Visit, id).send(item(name, value));
  const open = collect(store.view(casebook).where({ state: 'open' }).orderBy('sum', 'descending').limit(2).rows$);
  await send('a', 'X', 1);
  await send('b', 'X', 5);
  await send('c', 'X', 0); // below the limit: no change
  await store.aggregate(Visit, 'empty').send(LOCK); // no row
  await store.aggregate(Visit, 'b').send(LOCK);
  await store.aggregate(Visit, 'b').send(UNLOCK, { reason: 'query' });
  await send('c', 'Y', 9);
  expect(open.seen.map((rows) => rows.map(({ id, sum }) => `${id}${sum}`).join(' '))).toEqual([
    '',
    'a1',
    'b5 a1',
    'a1 c0',
    'b5 a1',
    'c9 b5',
  ]);
});

it('a view of a database that is opened again has the rows that it had [PRJ-02]', async () => {
  const storage = memoryStorage();
  const first = await openDevice({ storage, name: 'kept' });
  for (let at = 0; at < 20; at++) await first.store.aggregate(Visit, `v${at % 5}`).send(item(`I${at}`, at));
  const rows = first.store.view(casebook).rows();
  await first.store.close();
  const again = await openDevice({ storage, name: 'kept' });
  expect(again.store.view(casebook).rows()).toEqual(rows);
  expect(rows).toHaveLength(5);
});

it('what is shown is an observable of the common kind [AGG-03]', async () => {
  const { store } = await openDevice();
  for (const stream of [store.committed$, store.aggregate(Visit, 'v').state$, store.view(casebook).rows$])
    expect(stream).toBeInstanceOf(Observable);
});
