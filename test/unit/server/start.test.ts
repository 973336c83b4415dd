import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toBase64 } from '../../../src/crypto/bytes.ts';
import { createServer } from '../../../src/server/index.ts';
import { PullResponse, PushResponse } from '../../../src/sync/protocol.ts';
import { makeDevice, TENANT } from './device.ts';

const TOKEN = 'correct-horse-battery-staple';
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indelible-start-'));
});
afterAll(() => rm(folder, { recursive: true }));

const at = (rest: string) => `/v1/tenants/${TENANT}/${rest}`;
const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

it('refuses to listen where others can connect, unless a token protects it [SRV-06]', async () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.9']) {
    await expect(createServer({ port: 0, host })).rejects.toMatchObject({ code: 'server.unprotected' });
  }
  const server = await createServer({ port: 0, host: '0.0.0.0', token: TOKEN });
  expect((await fetch(`http://127.0.0.1:${server.port}${at('status')}`)).status).toBe(401);
  await server.close();
});

it('says what keeps it from starting, and leaves nothing open [CLI-03]', async () => {
  const socket = createSocket();
  const port = await new Promise<number>((resolve) =>
    socket.listen(0, '127.0.0.1', () => {
      const address = socket.address();
      resolve(address !== null && typeof address === 'object' ? address.port : 0);
    }),
  );
  const data = join(folder, 'data');
  await expect(createServer({ port, data })).rejects.toMatchObject({ details: { what: 'port-in-use' } });
  socket.close();
  const missing = createServer({ port: 0, data, app: join(folder, 'nowhere') });
  await expect(missing).rejects.toMatchObject({ details: { what: 'app-missing' } });
  const gone = createServer({ port: 0, data, databaseUrl: 'postgresql://127.0.0.1:1/none' });
  await expect(gone).rejects.toMatchObject({ details: { what: 'database-unreachable' } });
  await expect(createServer({ port: 0, name: 'a b' })).rejects.toMatchObject({ details: { what: 'name' } });
  const first = await createServer({ port: 0, data });
  await expect(createServer({ port: 0, data })).rejects.toMatchObject({ details: { what: 'data-locked' } });
  await first.close();
});

it('keeps events, key and cursors from one run to the next [SRV-07]', async () => {
  const data = join(folder, 'kept');
  const device = await makeDevice();
  const commits = (await device.sealMany(3)).map(({ bytes }) => toBase64(bytes));
  const first = await createServer({ port: 0, data });
  const url = (base: string, rest: string) => `${base}${at(rest)}`;
  await fetch(url(first.url, 'commits'), json({ protocol: 1, commits: commits.slice(0, 2) }));
  const before = await (await fetch(url(first.url, 'checkpoint'))).text();
  const { cursor } = PullResponse.parse(await (await fetch(url(first.url, 'commits'))).json());
  await first.close();
  await first.close();
  const second = await createServer({ port: 0, data });
  expect(second.serverKey).toBe(first.serverKey);
  expect(await (await fetch(url(second.url, 'checkpoint'))).text()).toBe(before);
  const pushed = await fetch(url(second.url, 'commits'), json({ protocol: 1, commits }));
  const kinds = PushResponse.parse(await pushed.json()).verdicts.map(({ kind }) => kind);
  expect(kinds).toEqual(['duplicate', 'duplicate', 'accepted']);
  const rest = PullResponse.parse(await (await fetch(url(second.url, `commits?after=${cursor}`))).json());
  expect(rest.commits).toEqual(commits.slice(2));
  await second.close();
});
