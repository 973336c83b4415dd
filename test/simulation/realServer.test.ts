/** Devices against the real server, over HTTP and on its real database: together, through its restart, and refused. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { memoryStorage, type Store, type Sync } from '../../src/index.ts';
import { createServer, type Server } from '../../src/server/index.ts';
import { casebook, item, openDevice, Visit } from '../unit/store/trial.ts';

let folder = '';
let server: Server;
let devices = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indelible-sync-'));
  server = await createServer({ port: 0, data: folder });
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
}): Promise<Device> => {
  devices += 1;
  const { tenant, token, url = server.url } = options;
  const { store } = await openDevice({ storage: memoryStorage(), name: `real-${devices}`, tenant });
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
