/** An append is answered as soon as it is durable, whatever those do who are told of it. */
import { config, switchMap } from 'rxjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { defineView, memoryStorage } from '../../../src/index.ts';
import type { Transport } from '../../../src/sync/transport.ts';
import { simulatedNetwork, simulatedServer, UNDISTURBED } from '../../../src/testing/index.ts';
import { casebook, collect, item, openDevice, Visit } from '../../unit/store/trial.ts';

/** What rxjs would tell the platform's global error handler. */
let unhandled: unknown[] = [];
beforeEach(() => {
  unhandled = [];
  config.onUnhandledError = (error) => unhandled.push(error);
});
afterEach(() => {
  config.onUnhandledError = null;
});

const FAULT = new Error('a subscriber of the application');
const fault = () => {
  throw FAULT;
};
const forever = new Promise<never>(() => undefined);
/** Errors of subscribers are told in a task of their own. */
const afterTasks = () => new Promise((resolve) => setTimeout(resolve, 5));

it('a subscriber that throws neither breaks the append nor keeps the others from being told; its error is told globally [PRJ-01]', async () => {
  const { store } = await openDevice();
  const visit = store.aggregate(Visit, 'v');
  const before = collect(store.committed$);
  store.committed$.subscribe(fault);
  let first = true;
  visit.state$.subscribe(() => {
    if (!first) fault();
    first = false;
  });
  const after = collect(store.committed$);
  const states = collect(visit.state$);
  for (let value = 1; value <= 3; value++)
    expect(await visit.send(item(`I${value}`, value))).toMatchObject({ kind: 'committed', version: value });
  expect([before.seen.length, after.seen.length]).toEqual([3, 3]);
  expect(states.seen.map(({ version }) => version)).toEqual([0, 1, 2, 3]);
  expect(visit.state().version).toBe(3);
  await afterTasks();
  expect(unhandled.length).toBeGreaterThan(0);
  expect(new Set(unhandled)).toEqual(new Set([FAULT]));
});

it('a view whose rows cannot be made breaks neither the append, nor the other views, nor opening [PRJ-01, REC-02]', async () => {
  const broken = defineView({ name: 'broken', of: Visit, row: (): { readonly id: string } => fault() });
  const place = { name: 'broken-view', storage: memoryStorage(), views: [broken, casebook] };
  const { store } = await openDevice(place);
  const rows = collect(store.view(casebook).rows$);
  const none = collect(store.view(broken).rows$);
  expect(await store.aggregate(Visit, 'v').send(item('A', 1))).toMatchObject({ kind: 'committed', position: 0 });
  expect(await store.aggregate(Visit, 'w').send(item('A', 2))).toMatchObject({ kind: 'committed', position: 1 });
  expect([rows.seen.at(-1)?.length, none.seen]).toEqual([2, [[]]]);
  await afterTasks();
  expect(new Set(unhandled)).toEqual(new Set([FAULT]));
  const again = await openDevice(place);
  expect(again.store.view(casebook).rows()).toHaveLength(2);
});

it('a subscriber that takes for ever is not waited for [PRJ-01, REC-02]', async () => {
  const { store } = await openDevice();
  store.committed$.subscribe(async () => forever);
  store.aggregate(Visit, 'v').state$.subscribe(async () => forever);
  expect(await store.aggregate(Visit, 'v').send(item('A', 1))).toMatchObject({ kind: 'committed' });
  expect(await store.appendAll(Visit, [{ id: 'v', event: item('B', 1) }])).toMatchObject([{ kind: 'committed' }]);
});

it('a consumer of rows that is slow or throws is not waited for, is told once for each batch, and has the newest rows when it looks again [PRJ-16]', async () => {
  const { store } = await openDevice();
  const { rows$ } = store.view(casebook);
  rows$.subscribe(fault);
  const told = collect(rows$);
  const drawn: number[] = [];
  rows$.pipe(switchMap(async (rows) => afterTasks().then(() => rows.length))).subscribe((count) => drawn.push(count));
  const batches = collect(store.committed$);
  for (let at = 0; at < 20; at++) await store.aggregate(Visit, `v${at}`).send(item('A', at));
  const items = Array.from({ length: 300 }, (_, at) => ({ id: `w${at}`, event: item('A', at) }));
  expect(await store.appendAll(Visit, items)).toHaveLength(300);
  expect(told.seen).toHaveLength(1 + batches.seen.length);
  expect(batches.seen.length).toBeLessThan(40);
  await expect.poll(() => drawn.at(-1)).toBe(320);
  expect(drawn.length).toBeLessThan(told.seen.length);
});

it('a sync that hangs, in whatever request, is not waited for [REC-02, SYN-05]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const silent: Transport = { hello: () => forever, push: () => forever, pull: () => forever };
  const { hello, pull } = simulatedNetwork(server, () => UNDISTURBED);
  for (const transport of [silent, { ...silent, hello }, { ...silent, hello, pull }]) {
    const { store, time } = await openDevice();
    store.sync({ url: 'http://127.0.0.1', transport, network: 'online' });
    for (let value = 1; value <= 3; value++) {
      time.advance(1_000);
      expect(await store.aggregate(Visit, 'v').send(item(`I${value}`, value))).toMatchObject({ kind: 'committed' });
    }
  }
});

it('a subscriber that appends while it is told is answered like any caller [PRJ-01, REC-03]', async () => {
  const { store } = await openDevice();
  const echoes: Promise<unknown>[] = [];
  store.committed$.subscribe(({ events }) => {
    for (const { body } of events)
      if (body.stream === 'visit/v') echoes.push(store.aggregate(Visit, 'echo').send(item(`I${body.sequence}`, 1)));
  });
  for (let value = 1; value <= 3; value++) await store.aggregate(Visit, 'v').send(item(`I${value}`, value));
  for (const outcome of await Promise.all(echoes)) expect(outcome).toMatchObject({ kind: 'committed' });
  expect(store.size()).toBe(6);
});
