/** Devices against the real server, over HTTP and on its real database: together, through its restart, and refused. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Query } from '../../src/clinical.ts';
import {
  type AggregateDefinition,
  type Conflict,
  EVERYTHING,
  memoryStorage,
  type OpenedEvent,
  type Store,
  type Sync,
  withRoles,
} from '../../src/index.ts';
import { createServer, type Server } from '../../src/server/index.ts';
import { FoldedAggregate } from '../../src/sync/protocol.ts';
import { ACTS, eventOf, Record } from '../properties/fold/acts.ts';
import { Diary, diaryFor } from '../unit/store/diary.ts';
import { casebook, item, openDevice, Visit } from '../unit/store/trial.ts';

/** Queries that a monitor closes. */
const Asked = withRoles(Query, { QueryClosed: ['monitor'] });

const lines: string[] = [];

let folder = '';
let server: Server;
let devices = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indelible-sync-'));
  const logger = { log: (...line: readonly unknown[]) => void lines.push(JSON.stringify(line)) };
  server = await createServer({ port: 0, data: folder, aggregates: [Record, Diary, Asked], logger });
}, 60_000);
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

type Device = { readonly store: Store; readonly sync: Sync };
const connect = async (options: {
  readonly tenant: string;
  readonly token?: string;
  readonly url?: string;
  readonly aggregates?: readonly AggregateDefinition[];
}): Promise<Device> => {
  devices += 1;
  const { tenant, token, url = server.url, aggregates } = options;
  const storage = memoryStorage();
  const own = aggregates === undefined ? {} : { aggregates, views: [] };
  const { store } = await openDevice({ storage, name: `real-${devices}`, tenant, ...own });
  const sync = store.sync({ url, network: 'online', ...(token === undefined ? {} : { token: async () => token }) });
  return { store, sync };
};
const record = async ({ store }: Device, ...names: readonly string[]): Promise<void> => {
  for (const name of names) await store.aggregate(Visit, `v-${name.slice(0, 1)}`).send(item(name, 1), { reason: 'r' });
};
const closeAll = async (...all: readonly Device[]): Promise<void> => {
  for (const { store } of all) await store.close();
};

it('devices that recorded apart hold the same after each has synced, and the server all of it [SYN-09, SYN-02]', async () => {
  const all = await Promise.all([1, 2, 3].map(() => connect({ tenant: 'converge' })));
  for (const [at, device] of all.entries())
    await record(device, ...Array.from({ length: 10 }, (_, n) => `a${at * 5 + n}`), `b${at}`, 'c');
  for (let round = 0; round < 2; round++)
    for (const { sync } of all) expect((await sync.now()).lastError).toBeUndefined();
  const pictures = all.map(({ store }) => ({
    size: store.size(),
    rows: store.view(casebook).rows(),
    conflicts: ['v-a', 'v-b', 'v-c'].map((id) =>
      store
        .aggregate(Visit, id)
        .state()
        .conflicts.map(({ key, heads }) => [key, heads.map(({ body }) => body.id)]),
    ),
  }));
  expect(pictures[0]?.size).toBe(36);
  for (const picture of pictures) expect(picture).toEqual(pictures[0]);
  for (const { store, sync } of all) {
    expect([(await store.verify()).ok, await store.findings(), sync.status().pending]).toEqual([true, [], 0]);
    expect(sync.status().receipt?.size).toBeGreaterThan(0);
  }
  const status = await (await fetch(`${server.url}/v1/tenants/converge/status`)).json();
  expect(status).toMatchObject({ size: 36, refused: [] });
  await closeAll(...all);
});

const headOf = ({ body, context: { actor, replica, recordedAt } }: OpenedEvent) => ({
  ...{ event: body.id, user: actor.user, role: actor.role, replica, at: recordedAt.utc, reason: body.reason ?? null },
});
const conflictOf = ({ key, heads }: Conflict) => ({ key, heads: heads.map(headOf) });

/** What a device shows of a record, in the words of the server. */
const shownBy = async ({ store }: Device, id: string) => {
  const record = store.aggregate(Record, id);
  const { value, context, uncontested, version, conflicts, inapplicable, readOnly } = record.state();
  const sides = await record.branches();
  const branches = sides?.branches.map(({ head, state, changed }) => ({
    ...{ head: headOf(head), state: { value: state.value, context: state.context }, changed },
  }));
  return {
    ...{
      state: { value, context },
      uncontested,
      version,
      conflicts: conflicts.map(conflictOf),
      inapplicable,
      readOnly,
    },
    ...{ settled: [], unreadable: [], branches: branches ?? [], ancestor: sides?.ancestor ?? null },
  };
};

const askServer = async (tenant: string, stream: string): Promise<FoldedAggregate> => {
  const response = await fetch(`${server.url}/v1/tenants/${tenant}/aggregate`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ protocol: 1, stream }),
  });
  return FoldedAggregate.parse(await response.json());
};

it("the server's view of any three acts apart, of acts met during a resolution and of two resolutions apart is that of every device [CNF-13]", async () => {
  const options = { tenant: 'folded', aggregates: [Record] };
  const all = [await connect(options), await connect(options), await connect(options)] as const;
  const [a, b, c] = all;
  const kinds = ACTS.filter(([type, key]) => key !== EVERYTHING || type === 'Locked'); // the others that touch everything fold alike
  const acts = kinds.flatMap((one, i) =>
    kinds.slice(i).flatMap((two, j) => kinds.slice(i + j).map((three) => [one, two, three])),
  );
  const ids = acts.map((_, at) => `r${at}`);
  for (const [who, { store }] of all.entries())
    await store.appendAll(
      Record,
      acts.flatMap((three, at) => three.slice(who, who + 1).map((act) => ({ id: `r${at}`, event: eventOf(act) }))),
    );
  const compare = async (): Promise<number> => {
    let open = 0;
    for (const id of ids) {
      const { protocol, stream, size, inapplicable, ...told } = await askServer('folded', `record/${id}`);
      const shown = await shownBy(a, id);
      expect([protocol, stream, size]).toEqual([1, `record/${id}`, a.store.size()]);
      expect({ ...told, inapplicable: inapplicable.length }, id).toEqual(shown);
      for (const other of [b, c]) expect(await shownBy(other, id)).toEqual(shown);
      open += shown.conflicts.length;
    }
    return open;
  };
  const exchange = async () => {
    for (const { sync } of [...all, ...all]) await sync.now();
  };
  await exchange();
  expect(await compare()).toBeGreaterThan(15);
  const resolve = ({ store }: Device, id: string) => {
    const { conflicts } = store.aggregate(Record, id).state();
    return store.aggregate(Record, id).resolve(conflicts, [{ type: 'Locked' }], { reason: 'source checked' });
  };
  const contested = ids.filter((id) => a.store.aggregate(Record, id).state().conflicts.length > 0);
  for (const [at, id] of contested.entries()) {
    await resolve(a, id);
    if (at % 2 === 0) await resolve(b, id);
    if (at % 3 === 0) await resolve(c, id);
  }
  await exchange();
  expect(await compare()).toBeGreaterThan(10);
  for (const [at, id] of contested.entries()) if (at % 2 === 0 || at % 3 === 0) await resolve(c, id);
  await exchange();
  expect(await compare()).toBe(0);
  expect(lines.join()).not.toContain('record/');
  await closeAll(...all);
});

it('what is not for the role of its author is pointed out by the server and by devices, and neither counts it [AGG-09, CNF-13]', async () => {
  const strict = await connect({ tenant: 'roles', aggregates: [Asked] });
  const lax = await connect({ tenant: 'roles', aggregates: [Query] });
  const query = lax.store.aggregate(Query, 'q1');
  await query.send({ type: 'QueryOpened', form: 'f1', item: null, text: 'Is this right?' });
  await query.send({ type: 'QueryClosed' }, { reason: 'asked in error' });
  for (const { sync } of [lax, strict]) expect(await sync.now()).toMatchObject({ state: 'live', pending: 0 });
  const fault = { replica: lax.store.replica, sequence: 2 };
  expect(await strict.store.findings()).toMatchObject([{ code: 'event.not-permitted', ...fault }]);
  expect(lines.filter((line) => line.includes('event.not-permitted'))).toEqual([
    JSON.stringify(['warn', 'event.not-permitted', { tenant: 'roles', ...fault }]),
  ]);
  expect(await askServer('roles', 'query/q1')).toMatchObject({ state: { value: 'opened' }, inapplicable: [{}] });
  expect(strict.store.aggregate(Asked, 'q1').state()).toMatchObject({ value: 'opened', inapplicable: 1 });
  await closeAll(strict, lax);
});

it('a resolution by somebody who may not resolve is pointed out by the server and by devices, and neither counts it [CNF-07, CNF-13]', async () => {
  const strict = await connect({ tenant: 'permitted', aggregates: [Diary] });
  const Lax = diaryFor(() => true);
  const lax = await connect({ tenant: 'permitted', aggregates: [Lax] });
  await strict.store.aggregate(Diary, 'one').send({ type: 'Counted', count: 1 });
  const entry = lax.store.aggregate(Lax, 'one');
  await entry.send({ type: 'Counted', count: 2 });
  for (const { sync } of [strict, lax, strict, lax]) await sync.now();
  await entry.resolve(entry.state().conflicts, [{ type: 'Counted', count: 3 }], { reason: 'mine' });
  await entry.send({ type: 'Counted', count: 4 });
  for (const { sync } of [lax, strict]) expect(await sync.now()).toMatchObject({ state: 'live', pending: 0 });
  const found = await strict.store.findings();
  expect(found).toMatchObject([{ code: 'conflict.not-permitted', replica: lax.store.replica, sequence: 2 }]);
  expect(lines.filter((line) => line.includes('conflict.not-permitted'))).toEqual([
    JSON.stringify([
      'warn',
      'conflict.not-permitted',
      { tenant: 'permitted', replica: lax.store.replica, sequence: 2 },
    ]),
  ]);
  const { conflicts, inapplicable } = await askServer('permitted', 'diary/one');
  expect(conflicts).toEqual(strict.store.aggregate(Diary, 'one').state().conflicts.map(conflictOf));
  expect(inapplicable).toHaveLength(1);
  const unknown = await fetch(`${server.url}/v1/tenants/permitted/aggregate`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ protocol: 1, stream: 'visit/one' }),
  });
  expect([unknown.status, await unknown.json()]).toMatchObject([400, { code: 'aggregate.unknown-type' }]);
  await closeAll(strict, lax);
});

it('a server that is stopped and started again goes on where it was, with the same key [SYN-04, SRV-07]', async () => {
  const device = await connect({ tenant: 'restart' });
  await record(device, 'a1', 'a2');
  expect(await device.sync.now()).toMatchObject({ state: 'live', pending: 0 });
  const { port, serverKey } = server;
  await server.close();
  await record(device, 'a3');
  expect(await device.sync.now()).toMatchObject({ state: 'waiting', lastError: 'sync.offline', pending: 1 });
  server = await createServer({ port, data: folder });
  expect(server.serverKey).toBe(serverKey);
  expect(await device.sync.now()).toMatchObject({ state: 'live', pending: 0, receipt: { sequence: 3 } });
  const other = await connect({ tenant: 'restart' });
  await other.sync.now();
  expect(other.store.size()).toBe(3);
  expect([await device.store.findings(), await other.store.findings()]).toEqual([[], []]);
  await closeAll(device, other);
});

it('a wrong token is unauthorised, the right one goes on, and nothing recorded meanwhile is lost [SYN-05, REC-09]', async () => {
  const guarded = await createServer({ port: 0, token: 'right-token' });
  const wrong = await connect({ tenant: 'guarded', url: guarded.url, token: 'wrong-token' });
  await record(wrong, 'a1');
  expect(await wrong.sync.now()).toMatchObject({ state: 'unauthorised', lastError: 'sync.unauthorised', pending: 1 });
  const again = wrong.store.sync({ url: guarded.url, network: 'online', token: async () => 'right-token' });
  expect(await again.now()).toMatchObject({ state: 'live', pending: 0 });
  await closeAll(wrong);
  await guarded.close();
});

it('thousands of events go up and come down in pages, once each and in order [SYN-02, SYN-03]', async () => {
  const [one, other] = [await connect({ tenant: 'many' }), await connect({ tenant: 'many' })];
  const items = Array.from({ length: 6_000 }, (_, at) => ({ id: `v${at % 40}`, event: item(`I${at}`, at) }));
  await one.store.appendAll(Visit, items);
  for (let at = 0; at < 300; at++) await one.store.aggregate(Visit, 'single').send(item(`S${at}`, at));
  expect(await one.sync.now()).toMatchObject({ state: 'live', pending: 0 });
  expect(await other.sync.now()).toMatchObject({ state: 'live' });
  expect([one.store.size(), other.store.size()]).toEqual([6_300, 6_300]);
  expect(other.store.view(casebook).rows()).toEqual(one.store.view(casebook).rows());
  expect((await other.store.verify()).ok).toBe(true);
  await closeAll(one, other);
});
