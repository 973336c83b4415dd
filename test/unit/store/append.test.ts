/** What becomes of an event: recorded after it is durable, refused with a reason, or in conflict with what was expected. */
import { expect, it } from 'vitest';
import { isStoreError, LIMITS, memoryStorage, StoreError } from '../../../src/index.ts';
import { hookedStorage, type StorageHooks } from '../../../src/testing/index.ts';
import { collect, item, LOCK, openDevice, outcomeOf, UNLOCK, Visit } from './trial.ts';

/** A promise and what ends it. */
const gate = () => {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
};

it('nothing is published or shown before the transaction has ended, and then once [REC-02, PRJ-01]', async () => {
  const held = gate();
  const reached = gate();
  const hooks: StorageHooks = {
    after: (call) => {
      if (call !== 'append') return undefined;
      reached.open();
      return held.passed;
    },
  };
  const { store } = await openDevice({ storage: hookedStorage(memoryStorage(), hooks) });
  const visit = store.aggregate(Visit, 'v1');
  const committed = collect(store.committed$);
  const states = collect(visit.state$);
  let isDone = false;
  const sending = visit.send(item('BP', 120)).finally(() => {
    isDone = true;
  });
  await reached.passed;
  expect([committed.seen, states.seen.map(({ version }) => version), isDone, store.size()]).toEqual([
    [],
    [0],
    false,
    0,
  ]);
  held.open();
  const outcome = await sending;
  expect(outcome).toMatchObject({ kind: 'committed', version: 1, position: 0 });
  expect(committed.seen.map(({ events }) => events.map(({ body }) => body.id))).toEqual([
    [outcome.kind === 'committed' ? outcome.eventId : ''],
  ]);
  expect(states.seen.map(({ version, pending }) => [version, pending])).toEqual([
    [0, 0],
    [1, 1],
  ]);
});

it('an append that storage fails rejects, publishes nothing, and the next one takes its place [REC-02, REC-08]', async () => {
  let failing = true;
  const hooks: StorageHooks = {
    before: (call) => {
      if (call === 'append' && failing) throw new StoreError('storage.quota-exceeded');
    },
  };
  const { store } = await openDevice({ storage: hookedStorage(memoryStorage(), hooks) });
  const visit = store.aggregate(Visit, 'v1');
  const committed = collect(store.committed$);
  const both = [visit.send(item('BP', 120)), visit.send(item('HR', 70))].map(outcomeOf);
  expect(await Promise.all(both)).toEqual(['storage.quota-exceeded', 'storage.quota-exceeded']);
  expect([committed.seen, visit.state().version, store.size()]).toEqual([[], 0, 0]);
  failing = false;
  expect(await visit.send(item('BP', 121))).toMatchObject({ kind: 'committed', version: 1 });
  expect(visit.state().context.items).toEqual({ BP: 121 });
  expect(committed.seen.flatMap(({ events }) => events.map(({ body }) => body.sequence))).toEqual([1]);
  expect((await store.verify()).ok).toBe(true);
});

it('an append whose answer was lost is told as a failure, and is there, once, after the next [REC-03, SYN-04]', async () => {
  let losing = true;
  const hooks: StorageHooks = {
    after: (call) => {
      if (call === 'append' && losing) throw new StoreError('storage.failed');
    },
  };
  const { store } = await openDevice({ storage: hookedStorage(memoryStorage(), hooks) });
  const visit = store.aggregate(Visit, 'v1');
  expect(await outcomeOf(visit.send(item('BP', 120)))).toBe('storage.failed');
  losing = false;
  expect(await visit.send(item('HR', 70))).toMatchObject({ kind: 'committed', version: 2, position: 1 });
  expect(visit.state().context.items).toEqual({ BP: 120, HR: 70 });
  expect((await store.verify()).ok).toBe(true);
});

it('what the machine refuses stores nothing, and the outcome names the state [AGG-01, AGG-04]', async () => {
  const { store } = await openDevice();
  const visit = store.aggregate(Visit, 'v1');
  expect(visit.can(UNLOCK)).toBe(false);
  expect(await visit.send(UNLOCK)).toMatchObject({ kind: 'refused', why: 'illegal', state: '"open"' });
  await visit.send(LOCK);
  expect(visit.can(item('BP', 1))).toBe(false);
  expect(await visit.send(item('BP', 1))).toMatchObject({ kind: 'refused', why: 'illegal', state: '"locked"' });
  expect([visit.state().version, store.size()]).toEqual([1, 1]);
});

it('a change without a reason is refused, blank reasons are none, and a given one is recorded [REC-11]', async () => {
  const { store } = await openDevice();
  const visit = store.aggregate(Visit, 'v1');
  await visit.send(item('BP', 120));
  for (const reason of [undefined, '', '   ']) {
    const outcome = await visit.send(item('BP', 121), reason === undefined ? {} : { reason });
    expect(outcome).toEqual({ kind: 'refused', why: 'reason-required', state: '"open"' });
  }
  expect(await visit.send(item('BP', 121), { reason: ' typing error ' })).toMatchObject({ kind: 'committed' });
  expect((await visit.history()).map(({ reason }) => reason)).toEqual([undefined, 'typing error']);
  const tooLong = 'x'.repeat(LIMITS.reasonLengthMax + 1);
  expect(await outcomeOf(visit.send(item('BP', 122), { reason: tooLong }))).toBe('append.too-large');
});

it('an event is not recorded without its actor [REC-11]', async () => {
  for (const actor of [
    { userId: '', role: 'site' },
    { userId: 'nurse-1', role: '' },
  ]) {
    const { store } = await openDevice({ actor: () => actor });
    expect(await outcomeOf(store.aggregate(Visit, 'v1').send(item('BP', 1)))).toBe('store.unavailable-actor');
    expect(store.size()).toBe(0);
  }
});

it('an expected version that is not the version is a conflict and stores nothing [REC-04, AGG-04]', async () => {
  const { store } = await openDevice();
  const visit = store.aggregate(Visit, 'v1');
  expect(await visit.send(item('BP', 1), { expectedVersion: 0 })).toMatchObject({ kind: 'committed', version: 1 });
  for (const expectedVersion of [0, 2]) {
    const outcome = await visit.send(item('HR', 1), { expectedVersion });
    expect(outcome).toEqual({ kind: 'conflict', version: 1, conflicts: [] });
  }
  expect(await visit.send(item('HR', 1), { expectedVersion: 1 })).toMatchObject({ kind: 'committed', version: 2 });
});

it('of two that expect the same version at once, one is recorded [REC-04]', async () => {
  const { store } = await openDevice();
  const visit = store.aggregate(Visit, 'v1');
  const sent = ['A', 'B', 'C'].map((name) => visit.send(item(name, 1), { expectedVersion: 0 }));
  expect((await Promise.all(sent)).map(({ kind }) => kind)).toEqual(['committed', 'conflict', 'conflict']);
});

it('what is sent at once keeps its order, each with its own outcome and its own commit [REC-03, AGG-04]', async () => {
  const { store } = await openDevice();
  const visit = store.aggregate(Visit, 'v1');
  const events = [item('A', 1), UNLOCK, item('A', 2), item('B', 3), LOCK, item('C', 4), UNLOCK, item('C', 5)];
  const outcomes = await Promise.all(events.map((event) => visit.send(event)));
  expect(
    outcomes.map((outcome) =>
      outcome.kind === 'committed' ? outcome.version : outcome.kind === 'refused' ? outcome.why : outcome.kind,
    ),
  ).toEqual([1, 'illegal', 'reason-required', 2, 3, 'illegal', 4, 5]);
  expect(visit.state()).toMatchObject({ value: 'open', context: { items: { A: 1, B: 3, C: 5 } }, version: 5 });
});

it.each([
  ['an unknown event', { type: 'Unknown' }, 'append.unknown-event'],
  ['a wrong member', { type: 'ItemRecorded', item: 'BP', value: '120' }, 'append.invalid'],
  ['an unknown member', { type: 'ItemRecorded', item: 'BP', value: 1, more: 1 }, 'append.invalid'],
  ['a value that is no JSON', { type: 'ItemRecorded', item: 'BP', value: Number.NaN }, 'append.invalid'],
  ['no type', { item: 'BP', value: 1 }, 'append.unknown-event'],
])('%s is refused with a code, and nothing is stored [AGG-04]', async (_, event, code) => {
  const { store } = await openDevice();
  const visit = store.aggregate(Visit, 'v1');
  expect(await outcomeOf(visit.send(event as never))).toBe(code);
  expect(store.size()).toBe(0);
});

it('an event too large for a commit is refused whole, and others of its batch are not [FMT-13]', async () => {
  const { store } = await openDevice();
  const visit = store.aggregate(Visit, 'v1');
  const originator = { kind: 'device', id: 'x'.repeat(LIMITS.idLengthMax + 1) } as const;
  const sent = [visit.send(item('A', 1)), visit.send(item('B', 1), { originator }), visit.send(item('C', 1))];
  const outcomes = await Promise.all(sent.map(outcomeOf));
  expect(outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : outcome.kind))).toEqual([
    'committed',
    'append.invalid',
    'committed',
  ]);
  expect(visit.state().context.items).toEqual({ A: 1, C: 1 });
  expect((await store.verify()).ok).toBe(true);
});

it('an aggregate or a view that was not registered is refused [FMT-12]', async () => {
  const { store } = await openDevice({ aggregates: [], views: [] });
  try {
    store.aggregate(Visit, 'v1');
    expect.unreachable();
  } catch (error) {
    expect(isStoreError(error, 'aggregate.unknown-type')).toBe(true);
  }
});

it('a closed store refuses what comes after, and what was recorded is there when it is opened again [REC-08]', async () => {
  const storage = memoryStorage();
  const first = await openDevice({ storage, name: 'kept' });
  await first.store.aggregate(Visit, 'v1').send(item('BP', 120));
  await first.store.close();
  expect(await outcomeOf(first.store.aggregate(Visit, 'v1').send(item('BP', 121), { reason: 'late' }))).toBe(
    'storage.closed',
  );
  const again = await openDevice({ storage, name: 'kept' });
  expect(again.store.replica).toBe(first.store.replica);
  expect(again.store.aggregate(Visit, 'v1').state()).toMatchObject({ version: 1, context: { items: { BP: 120 } } });
});

it('a database of another tenant is not opened [REC-08]', async () => {
  const storage = memoryStorage();
  await openDevice({ storage, name: 'kept' });
  expect(await outcomeOf(openDevice({ storage, name: 'kept', tenant: 'other' }))).toBe('store.wrong-tenant');
});
