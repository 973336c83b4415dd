/** The store in a real browser, on IndexedDB: what was recorded is there again, for every tab, without any network. */
import { filter, firstValueFrom } from 'rxjs';
import { afterEach, expect, it } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { defineAggregate, defineEvent, defineView, openStore, type Store } from '../../../src/index.ts';

type Items = { readonly items: Readonly<Record<string, number>> };
type Recorded = { readonly type: 'ItemRecorded'; readonly item: string; readonly value: number };
const visits = setup({ types: { context: {} as Items, events: {} as Recorded } });
const record = visits.assign(({ context, event }) => ({ items: { ...context.items, [event.item]: event.value } }));
const Visit = defineAggregate({
  type: 'visit',
  events: {
    ItemRecorded: defineEvent({
      version: 1,
      schema: z.strictObject({ item: z.string(), value: z.number() }),
      touches: ({ item }) => [item],
    }),
  },
  machine: visits.createMachine({
    context: { items: {} },
    initial: 'open',
    states: { open: { on: { ItemRecorded: { actions: record } } } },
  }),
});
const counts = defineView({ name: 'counts', of: Visit, row: ({ id, version }) => ({ id, version }) });

const item = (name: string, value: number) => ({ type: 'ItemRecorded', item: name, value }) as const;

const opened: Store[] = [];
const names: string[] = [];

const open = async (name: string): Promise<Store> => {
  const store = await openStore({
    name,
    tenant: 'acme-042',
    aggregates: [Visit],
    views: [counts],
    actor: () => ({ userId: 'nurse-1', role: 'site' }),
  });
  opened.push(store);
  names.push(name);
  return store;
};

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  for (const name of names.splice(0)) indexedDB.deleteDatabase(name);
});

let databases = 0;
const freshName = (): string => `store-test-${Date.now()}-${databases++}`;

it('what was recorded is there after the page is opened again, under the same replica, and verifies [REC-02, VER-01]', async () => {
  const name = freshName();
  const first = await open(name);
  expect(first.durability).toBe('strict');
  for (let at = 0; at < 30; at++) {
    expect(await first.aggregate(Visit, `v${at % 3}`).send(item(`I${at}`, at))).toMatchObject({
      kind: 'committed',
      position: at,
    });
  }
  const state = first.aggregate(Visit, 'v1').state();
  await first.close();
  const again = await open(name);
  expect([again.replica, again.size()]).toEqual([first.replica, 30]);
  expect(again.aggregate(Visit, 'v1').state()).toEqual(state);
  expect(again.view(counts).orderBy('id').rows()).toEqual(['v0', 'v1', 'v2'].map((id) => ({ id, version: 10 })));
  expect(await again.verify()).toMatchObject({ ok: true, findings: [] });
});

it('a second tab follows by itself, appends to the same chain, and each sees all in one order [REC-03, PRJ-01, AGG-03]', async () => {
  const name = freshName();
  const [one, other] = [await open(name), await open(name)];
  expect(other.replica).toBe(one.replica);
  const seen = [one, other].map((store) => {
    const ids: string[] = [];
    store.committed$.subscribe(({ events }) => ids.push(...events.map(({ body }) => body.id)));
    return ids;
  });
  const follows = firstValueFrom(other.aggregate(Visit, 'v').state$.pipe(filter(({ version }) => version === 1)));
  await one.aggregate(Visit, 'v').send(item('A', 1));
  expect(await follows).toMatchObject({ context: { items: { A: 1 } }, pending: 1 });
  const sent = Array.from({ length: 20 }, (_, at) =>
    (at % 2 === 0 ? one : other).aggregate(Visit, 'v').send(item(`N${at}`, at)),
  );
  const outcomes = await Promise.all(sent);
  expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['committed']));
  for (const store of [one, other]) {
    expect(await store.verify()).toMatchObject({ ok: true });
    expect(store.size()).toBe(21);
    expect(store.aggregate(Visit, 'v').state().version).toBe(21);
  }
  expect(seen[0]).toHaveLength(21);
  expect(seen[1]).toEqual(seen[0]);
});

it('a bulk append is whole after the page is opened again, and its export is a bundle [REC-01, VER-03]', async () => {
  const name = freshName();
  const store = await open(name);
  const items = Array.from({ length: 2_000 }, (_, at) => ({ id: `v${at % 50}`, event: item(`I${at}`, at) }));
  const outcomes = await store.appendAll(Visit, items);
  expect(outcomes.every(({ kind }) => kind === 'committed')).toBe(true);
  await store.close();
  const again = await open(name);
  expect([again.size(), again.view(counts).rows().length]).toEqual([2_000, 50]);
  expect(await again.verify()).toMatchObject({ ok: true });
  expect((await again.export()).size).toBeGreaterThan(100_000);
});

it('nothing of this needs a network: nothing is fetched, and sync that has none waits with all it has [REC-09, SYN-05]', async () => {
  const fetched: string[] = [];
  const observer = new PerformanceObserver((list) => fetched.push(...list.getEntries().map((entry) => entry.name)));
  observer.observe({ type: 'resource' });
  const store = await open(freshName());
  await store.aggregate(Visit, 'v').send(item('A', 1));
  await store.verify();
  await store.export();
  fetched.push(...observer.takeRecords().map((entry) => entry.name));
  observer.disconnect();
  expect(fetched).toEqual([]);
  const sync = store.sync({ url: 'http://127.0.0.1:9', network: 'online' });
  expect(await sync.now()).toMatchObject({ state: 'waiting', lastError: 'sync.offline', pending: 1 });
  sync.setOnline(false);
  expect(await sync.now()).toMatchObject({ state: 'offline', pending: 1 });
});
