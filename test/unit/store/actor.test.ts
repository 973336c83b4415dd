/** An aggregate as an XState actor: what XState's own tools make of it. */
import { firstValueFrom, from, take, toArray } from 'rxjs';
import { afterEach, expect, it, vi } from 'vitest';
import { type InspectionEvent, waitFor } from 'xstate';
import { memoryStorage, type Store } from '../../../src/index.ts';
import { collect, item, LOCK, openDevice, UNLOCK, Visit } from './trial.ts';

const opened: Store[] = [];
const open = async (options: Parameters<typeof openDevice>[0] = {}): Promise<Store> => {
  const { store } = await openDevice(options);
  opened.push(store);
  return store;
};
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

it('a snapshot is one of XState, of the state that was recorded [AGG-07]', async () => {
  const visit = (await open()).aggregate(Visit, 'v1');
  await visit.send(item('BP', 120));
  const shown = visit.getSnapshot();
  expect(shown).toMatchObject({ value: 'open', status: 'active', context: { items: { BP: 120 } } });
  expect([shown.matches('open'), shown.matches('locked'), shown.can(LOCK), shown.can(UNLOCK)]).toEqual([
    ...[true, false, true, false],
  ]);
  await visit.send(LOCK);
  expect(visit.getSnapshot().matches('locked')).toBe(true);
  expect(visit.getPersistedSnapshot()).toMatchObject({ value: 'locked', context: { items: { BP: 120 } } });
});

it('state and snapshot stay the same objects until something in them changes, for an empty aggregate too [AGG-07]', async () => {
  const store = await open();
  for (const id of ['empty', 'v1']) {
    const visit = store.aggregate(Visit, id);
    if (id === 'v1') await visit.send(item('BP', 120));
    const [state, snapshot] = [visit.state(), visit.getSnapshot()];
    await store.aggregate(Visit, 'other').send(item('BP', Math.random()), { reason: 'typing error' });
    expect(visit.state()).toBe(state);
    expect(visit.getSnapshot()).toBe(snapshot);
    expect(store.aggregate(Visit, id).getSnapshot()).toBe(snapshot);
    await visit.send(item('HR', 60));
    expect(visit.state()).not.toBe(state);
    expect(visit.getSnapshot()).not.toBe(snapshot);
  }
});

it('waitFor resolves with the snapshot that satisfies it, and rejects when the store is closed first [AGG-07]', async () => {
  const store = await open();
  const visit = store.aggregate(Visit, 'v1');
  const locked = waitFor(visit, (snapshot) => snapshot.matches('locked'));
  const never = waitFor(visit, (snapshot) => snapshot.context.items['never'] === 1);
  const rejected = expect(never).rejects.toThrow(/terminated/);
  await visit.send(item('BP', 120));
  await visit.send(LOCK);
  expect((await locked).context.items).toEqual({ BP: 120 });
  await store.close();
  opened.length = 0;
  await rejected;
});

it('observers hear each change once, after it is durable, and of no other aggregate; select of what it selects only [AGG-07]', async () => {
  const store = await open();
  const visit = store.aggregate(Visit, 'v1');
  const seen: number[] = [];
  const { unsubscribe } = visit.subscribe(({ context }) => seen.push(Object.keys(context.items).length));
  const values: string[] = [];
  const value = visit.select(({ value }) => value);
  value.subscribe((next) => values.push(next));
  const both = firstValueFrom(from(visit).pipe(take(3), toArray()));
  expect([seen, value.get()]).toEqual([[], 'open']);
  await visit.send(item('BP', 120));
  await store.aggregate(Visit, 'v2').send(item('BP', 1));
  await visit.send(item('HR', 60));
  await visit.send(LOCK);
  expect([seen, values, value.get()]).toEqual([[1, 2, 2], ['locked'], 'locked']);
  expect((await both).at(-1)).toBe(visit.getSnapshot());
  unsubscribe();
  await visit.send(UNLOCK);
  expect(seen).toHaveLength(3);
});

it('an observer that throws keeps no other from its change, nor the event from being recorded [AGG-07]', async () => {
  const thrown = vi.fn();
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', thrown);
  const visit = (await open()).aggregate(Visit, 'v1');
  const seen: unknown[] = [];
  visit.subscribe(() => {
    throw new Error('of an observer');
  });
  visit.subscribe((snapshot) => seen.push(snapshot.value));
  expect(await visit.send(LOCK)).toMatchObject({ kind: 'committed' });
  await vi.waitFor(() => expect(thrown).toHaveBeenCalledOnce());
  process.removeAllListeners('uncaughtException');
  for (const listener of listeners) process.on('uncaughtException', listener);
  expect(seen).toEqual(['locked']);
});

const told = (events: readonly InspectionEvent[]) =>
  events.map((event) => {
    if (event.type === '@xstate.event') return `event ${event.event.type}`;
    if (event.type !== '@xstate.snapshot') return event.type;
    return `snapshot ${JSON.stringify(Reflect.get(event.snapshot, 'value'))} after ${event.event.type}`;
  });

it('an inspector hears where the aggregate stands, then each event of any tab before the snapshot it led to [AGG-07]', async () => {
  const storage = memoryStorage();
  const [store, other] = [await open({ storage, name: 'shared' }), await open({ storage, name: 'shared' })];
  const visit = store.aggregate(Visit, 'v1');
  await visit.send(item('BP', 120));
  const heard: InspectionEvent[] = [];
  const { unsubscribe } = visit.system.inspect((event) => heard.push(event));
  await visit.send(LOCK);
  await store.aggregate(Visit, 'v2').send(LOCK);
  await vi.waitFor(() => expect(other.aggregate(Visit, 'v1').getSnapshot().value).toBe('locked'));
  await other.aggregate(Visit, 'v1').send(UNLOCK);
  await vi.waitFor(() => expect(visit.getSnapshot().value).toBe('open'));
  expect(told(heard)).toEqual([
    ...['@xstate.actor', 'event xstate.init', 'snapshot "open" after xstate.init'],
    ...['event VisitLocked', 'snapshot "locked" after VisitLocked'],
    ...['event VisitUnlocked', 'snapshot "open" after VisitUnlocked'],
  ]);
  for (const { actorRef, rootId } of heard) expect([actorRef.sessionId, rootId]).toEqual([rootId, visit.sessionId]);
  expect(visit.logic.config).toMatchObject({ initial: 'open' });
  unsubscribe();
  await visit.send(LOCK);
  expect(heard).toHaveLength(7);
});

it('a refusal names the states in which the event would be legal [AGG-08]', async () => {
  const visit = (await open()).aggregate(Visit, 'v1');
  expect(await visit.send(UNLOCK)).toEqual({ kind: 'refused', why: 'illegal', state: '"open"', legalIn: ['locked'] });
  await visit.send(LOCK);
  expect(await visit.send(item('BP', 1))).toMatchObject({ why: 'illegal', state: '"locked"', legalIn: ['open'] });
});

it('can$ tells whether an event would be legal, now and again only when that changes [AGG-08]', async () => {
  const visit = (await open()).aggregate(Visit, 'v1');
  const { seen, stop } = collect(visit.can$(LOCK));
  await visit.send(item('BP', 120));
  await visit.send(LOCK);
  await visit.send(UNLOCK);
  stop();
  await visit.send(LOCK);
  expect(seen).toEqual([true, false, true]);
});
