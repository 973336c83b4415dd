/** Several connections to one database, as tabs are: one chain, one order, nothing lost. */
import { expect, it } from 'vitest';
import { LIMITS, memoryStorage, type StorageAdapter } from '../../../src/index.ts';
import { hookedStorage } from '../../../src/testing/index.ts';
import { casebook, collect, item, LOCK, openDevice, outcomeOf, UNLOCK, Visit } from './trial.ts';

const openTabs = async (count: number, storage: StorageAdapter = memoryStorage()) => {
  const tabs = [];
  for (let tab = 0; tab < count; tab++) tabs.push((await openDevice({ storage, name: 'shared' })).store);
  return tabs;
};
const [TABS, EACH] = [4, 15];

it('tabs that append at once lose nothing, share one whole chain, and each sees all in one order [REC-03, PRJ-01]', async () => {
  const tabs = await openTabs(TABS);
  const streams = tabs.map((store) => collect(store.committed$));
  const sent = tabs.flatMap((store, tab) =>
    Array.from({ length: EACH }, (_, at) => store.aggregate(Visit, `v${at % 3}`).send(item(`T${tab}N${at}`, at))),
  );
  const outcomes = await Promise.all(sent);
  expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['committed']));
  const ids = outcomes.map((outcome) => (outcome.kind === 'committed' ? outcome.eventId : ''));
  for (const [tab, store] of tabs.entries()) {
    const report = await store.verify(); // reads what the others have written
    expect(report.ok).toBe(true);
    expect(store.size()).toBe(TABS * EACH);
    const events = (streams[tab]?.seen ?? []).flatMap((batch) => batch.events);
    expect(events.map(({ position }) => position)).toEqual(Array.from({ length: TABS * EACH }, (_, at) => at));
    expect(events.map(({ body }) => body.sequence)).toEqual(events.map((_, at) => at + 1));
    expect(new Set(events.map(({ body }) => body.id))).toEqual(new Set(ids));
    expect(events.map(({ body }) => body.id)).toEqual(
      streams[0]?.seen.flatMap((batch) => batch.events.map(({ body }) => body.id)),
    );
  }
});

it('each outcome names the version and position that its event has in the log [AGG-04]', async () => {
  const tabs = await openTabs(3);
  const sent = tabs.flatMap((store, tab) =>
    Array.from({ length: 8 }, (_, at) => store.aggregate(Visit, 'v').send(item(`T${tab}N${at}`, at))),
  );
  const outcomes = await Promise.all(sent);
  const history = await tabs[0]?.aggregate(Visit, 'v').history();
  const order = (history ?? []).map(({ eventId }) => eventId);
  for (const outcome of outcomes) {
    if (outcome.kind !== 'committed') throw new Error(outcome.kind);
    expect([order.indexOf(outcome.eventId) + 1, outcome.position + 1]).toEqual([outcome.version, outcome.version]);
  }
});

it('what another tab made illegal is refused, on the state that its event has made [AGG-01, AGG-03]', async () => {
  const [one, other] = await openTabs(2);
  if (one === undefined || other === undefined) throw new Error('two tabs');
  await one.aggregate(Visit, 'v').send(LOCK);
  expect(await other.aggregate(Visit, 'v').send(item('BP', 1))).toMatchObject({ kind: 'refused', why: 'illegal' });
  expect(await other.aggregate(Visit, 'v').send(UNLOCK)).toMatchObject({ kind: 'committed', version: 2 });
  const race = await Promise.all([one, other].map((store) => store.aggregate(Visit, 'v').send(LOCK)));
  expect(race.map(({ kind }) => kind).sort()).toEqual(['committed', 'refused']);
});

it('a tab that only watches follows by itself: state, rows and pending count [AGG-03, PRJ-01]', async () => {
  const [one, other] = await openTabs(2);
  if (one === undefined || other === undefined) throw new Error('two tabs');
  const rows = collect(other.view(casebook).rows$);
  const seen = new Promise<void>((resolve) => {
    other.aggregate(Visit, 'v').state$.subscribe(({ version }) => {
      if (version === 2) resolve();
    });
  });
  await one.aggregate(Visit, 'v').send(item('A', 1));
  await one.aggregate(Visit, 'v').send(item('B', 2));
  await seen;
  expect(other.aggregate(Visit, 'v').state()).toEqual(one.aggregate(Visit, 'v').state());
  expect(other.aggregate(Visit, 'v').state().pending).toBe(2);
  expect(rows.seen.at(-1)).toEqual(one.view(casebook).rows());
});

it('what is committed while a tab opens is not missed [PRJ-01]', async () => {
  const storage = memoryStorage();
  const [one] = await openTabs(1, storage);
  if (one === undefined) throw new Error('a tab');
  let wrote: Promise<unknown> = Promise.resolve();
  let reads = 0;
  const between = hookedStorage(storage, {
    after: async (call) => {
      reads += call === 'read' ? 1 : 0;
      if (call === 'read' && reads === 1) wrote = one.aggregate(Visit, 'v').send(item('A', 1));
      if (call === 'read' && reads === 1) await wrote;
    },
  });
  const { store } = await openDevice({ storage: between, name: 'shared' });
  await store.verify();
  expect(store.aggregate(Visit, 'v').state().version).toBe(1);
});

it('an append that others always overtake ends in contention, and nothing of it is stored [REC-04]', async () => {
  const storage = memoryStorage();
  const [rival] = await openTabs(1, storage);
  if (rival === undefined) throw new Error('a tab');
  let racing = false;
  let overtaken = 0;
  const slow = hookedStorage(storage, {
    before: async (call) => {
      if (call !== 'append' || !racing) return;
      overtaken += 1;
      await rival.aggregate(Visit, 'rival').send(item(`N${overtaken}`, overtaken));
    },
  });
  const { store } = await openDevice({ storage: slow, name: 'shared' });
  racing = true;
  expect(await outcomeOf(store.aggregate(Visit, 'v').send(item('A', 1)))).toBe('append.contention');
  expect(overtaken).toBe(LIMITS.appendTriesMax);
  racing = false;
  expect(await store.aggregate(Visit, 'v').send(item('A', 1))).toMatchObject({ kind: 'committed', version: 1 });
  expect(store.size()).toBe(LIMITS.appendTriesMax + 1);
  expect((await store.verify()).ok).toBe(true);
});
