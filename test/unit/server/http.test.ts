import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ERROR_TEXT, isErrorCode } from '../../../src/core/errors.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import type { Logger } from '../../../src/core/ports.ts';
import { toBase64 } from '../../../src/crypto/bytes.ts';
import { makeSigningKey } from '../../../src/crypto/signer.ts';
import { createApp } from '../../../src/server/app.ts';
import type { Database } from '../../../src/server/postgres/database.ts';
import { openPglite } from '../../../src/server/postgres/pglite.ts';
import { PROBLEM_STATUS } from '../../../src/server/problem.ts';
import { listStaticFiles } from '../../../src/server/staticFiles.ts';
import {
  Hello,
  KeysPage,
  KeysResponse,
  Problem,
  PullResponse,
  PushResponse,
  ServerStatus,
} from '../../../src/sync/protocol.ts';
import { makeDevice, TENANT } from './device.ts';

const TOKEN = 'correct-horse-battery-staple';
const SECRET = 'Erika Mustermann, 1955-03-01';
let folder = '';
let database: Database;
const lines: string[] = [];
const logger: Logger = { log: (...line) => void lines.push(JSON.stringify(line)) };

beforeAll(async () => {
  database = await openPglite(undefined);
  folder = await mkdtemp(join(tmpdir(), 'indelible-app-'));
  await mkdir(join(folder, 'app', 'assets'), { recursive: true });
  await writeFile(join(folder, 'app', 'index.html'), '<!doctype html><title>app</title>');
  await writeFile(join(folder, 'app', 'assets', 'main.js'), 'export {};');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await symlink(join(folder, 'secret.txt'), join(folder, 'app', 'linked.txt'));
}, 60_000);
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

const appOf = async (token?: string) => {
  const world = {
    database,
    signer: { name: 'server.test', key: await makeSigningKey() },
    nowMs: Date.now,
    definitions: new Map(),
  };
  const app = createApp({ world, token, files: await listStaticFiles(join(folder, 'app')), logger });
  return (path: string, init: RequestInit = {}) => {
    const headers = new Headers({ host: '127.0.0.1:8042' });
    for (const [name, value] of new Headers(init.headers)) headers.set(name, value);
    return app.request(`http://127.0.0.1:8042${path}`, { ...init, headers });
  };
};
const at = (rest: string, tenant: string = TENANT) => `/v1/tenants/${tenant}/${rest}`;
const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

const expectProblem = async (response: Response, code: string, status: number) => {
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  const problem: unknown = await response.json();
  if (!isErrorCode(code)) throw new Error('a code');
  expect(problem).toEqual({ type: `urn:indelible:error:${code}`, title: ERROR_TEXT[code], status, code });
  expect(Problem.parse(problem).code).toBe(code);
};

it('answers every request of the contract with what the contract says [SYN-08]', async () => {
  const ask = await appOf();
  const device = await makeDevice();
  const commits = (await device.sealMany(2)).map(({ bytes }) => toBase64(bytes));
  const pushed = await ask(at('commits'), json({ protocol: 1, commits }));
  expect(PushResponse.parse(await pushed.json()).verdicts.map(({ kind }) => kind)).toEqual(['accepted', 'accepted']);
  const pulled = PullResponse.parse(await (await ask(at('commits?after='))).json());
  expect(pulled.commits).toEqual(commits);
  expect(PullResponse.parse(await (await ask(at(`commits?after=${pulled.cursor}`))).json()).commits).toEqual([]);
  expect(Hello.parse(await (await ask(at(`hello?replica=${device.replica}`))).json()).receipt).toContain(
    device.replica,
  );
  expect(ServerStatus.parse(await (await ask(at('status'))).json()).size).toBe(2);
  const row = {
    id: 'k'.repeat(42).concat('A'),
    scope: 'a'.repeat(32),
    under: 'w'.repeat(42).concat('A'),
    wrap: 'AAEC',
  };
  const sent = await ask(at('keys'), json({ protocol: 1, changes: [{ ...row, replaces: 0 }] }));
  expect(KeysResponse.parse(await sent.json()).verdicts).toEqual([{ kind: 'stored', revision: 1 }]);
  const page = KeysPage.parse(await (await ask(at('keys?after='))).json());
  expect([page.rows, page.more]).toEqual([[{ ...row, revision: 1 }], false]);
  const wrong = [
    { ...row, replaces: 0, name: SECRET },
    { ...row, replaces: -1 },
    { ...row, scope: SECRET, replaces: 0 },
  ];
  for (const change of wrong)
    await expectProblem(await ask(at('keys'), json({ protocol: 1, changes: [change] })), 'sync.protocol', 400);
  const checkpoint = await ask(at('checkpoint'));
  expect(checkpoint.headers.get('content-type')).toMatch(/^text\/plain/);
  expect(await checkpoint.text()).toMatch(/^indelible\/acme-042\n2\n/);
});

it('refuses a wrong message with a code, and stores nothing [SYN-08]', async () => {
  const ask = await appOf();
  const commits = ['AAAA'];
  const wrong: readonly (readonly [RequestInit, string, number])[] = [
    [json({ protocol: 2, commits }), 'sync.unsupported-protocol', 400],
    [json({ protocol: 1 }), 'sync.protocol', 400],
    [json({ protocol: 1, commits: [] }), 'sync.protocol', 400],
    [json({ protocol: 1, commits, more: SECRET }), 'sync.protocol', 400],
    [json({ protocol: 1, commits: ['not base64!'] }), 'sync.protocol', 400],
    [json({ protocol: 1, commits: ['AB=='] }), 'id.malformed', 400],
    [json({ protocol: 1, commits: Array(LIMITS.batchCommitsMax + 1).fill('AAAA') }), 'sync.protocol', 400],
    [json({ protocol: 1, commits: Array(200).fill('A'.repeat(7_000)) }), 'append.too-large', 413],
    [json('{'), 'sync.protocol', 400],
    [json('"x"'), 'sync.protocol', 400],
    [{ method: 'POST', body: '{"protocol":1}' }, 'sync.protocol', 400],
    [{ ...json('{}'), headers: { 'content-type': 'text/plain' } }, 'sync.protocol', 400],
    [json('x'.repeat(2_000_000)), 'append.too-large', 413],
  ];
  for (const [init, code, status] of wrong) await expectProblem(await ask(at('commits', 'empty'), init), code, status);
  expect(ServerStatus.parse(await (await ask(at('status', 'empty'))).json())).toMatchObject({ size: 0, refused: [] });
});

it('refuses a wrong address with a code [SRV-05]', async () => {
  const ask = await appOf();
  for (const path of [
    '/v1',
    '/v1/tenants',
    '/v1/tenants/a',
    at('nothing'),
    '/nothing',
    '/assets/',
    '/v1/tenants/a/commits/x',
  ]) {
    await expectProblem(await ask(path), 'server.not-found', 404);
  }
  for (const method of ['DELETE', 'PUT', 'PATCH', 'OPTIONS']) {
    await expectProblem(await ask(at('commits'), { method }), 'server.not-found', 404);
  }
  for (const path of [
    at('status', '1st'),
    at('status', '%20'),
    at('hello'),
    at('hello?replica=x'),
    at('commits?except=x'),
  ]) {
    await expectProblem(await ask(path), 'id.malformed', 400);
  }
  await expectProblem(await ask(at('commits?after=x')), 'sync.protocol', 400);
});

it('says nothing of a recorded value, whatever goes wrong, in an answer or in the log [SRV-05]', async () => {
  const ask = await appOf();
  const device = await makeDevice({ tenant: 'values' });
  const commit = await device.seal({ payload: { name: SECRET } });
  const altered = Uint8Array.from(commit.bytes);
  altered[altered.length - 5] = (altered[altered.length - 5] ?? 0) ^ 1;
  const said = [
    await ask(at('commits', 'values'), json({ protocol: 1, commits: [toBase64(altered)] })),
    await ask(at('commits', 'values'), json({ protocol: 1, commits: [SECRET] })),
    await ask(at('commits', 'values'), json(`{"protocol":1,"commits":["${SECRET}"`)),
    await ask(at('commits', 'other'), json({ protocol: 1, commits: [toBase64(commit.bytes)] })),
    await ask(at(`commits?after=${encodeURIComponent(SECRET)}`)),
    await ask(`/v1/tenants/${encodeURIComponent(SECRET)}/status`),
    await ask(at('status', 'values')),
  ];
  for (const response of said) expect(await response.text()).not.toContain('Mustermann');
  expect(lines.length).toBeGreaterThan(3);
  expect(lines.join()).not.toContain('Mustermann');
});

it('hides what an unforeseen failure says [SRV-05]', async () => {
  const broken = { ...database, query: () => Promise.reject(new Error(SECRET)) };
  const world = {
    database: broken,
    signer: { name: 'a', key: await makeSigningKey() },
    nowMs: Date.now,
    definitions: new Map(),
  };
  const app = createApp({ world, token: undefined, files: new Map(), logger });
  const response = await app.request(at('status'), { headers: { host: 'localhost' } });
  await expectProblem(response, 'server.internal', 500);
  expect(lines.join()).not.toContain('Mustermann');
});

it('has a status for every code, and a sentence [SRV-05]', () => {
  expect(Object.keys(PROBLEM_STATUS).sort()).toEqual(Object.keys(ERROR_TEXT).sort());
  for (const status of Object.values(PROBLEM_STATUS)) expect(status).toBeGreaterThanOrEqual(400);
});

it('answers without a token to this machine and its own pages alone [SRV-06]', async () => {
  const ask = await appOf();
  const local = ['localhost', 'LOCALHOST:80', 'app.localhost:8042', '127.0.0.1:1', '127.9.9.9', '[::1]:8042'];
  for (const host of local) expect((await ask(at('status'), { headers: { host } })).status).toBe(200);
  const foreign = [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.1.9:8042',
    '10.0.0.1',
    '[::2]',
    '',
    'a b',
  ];
  for (const host of foreign) {
    await expectProblem(await ask(at('status'), { headers: { host } }), 'server.forbidden', 403);
    await expectProblem(await ask('/', { headers: { host } }), 'server.forbidden', 403);
  }
  for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:9999']) {
    await expectProblem(await ask(at('status'), { headers: { origin } }), 'server.forbidden', 403);
  }
  const own = await ask(at('status'), { headers: { origin: 'http://127.0.0.1:8042' } });
  expect(own.status).toBe(200);
  expect(own.headers.get('access-control-allow-origin')).toBeNull();
});

it('asks for the token on every request to the interface, under any name [SRV-06]', async () => {
  const ask = await appOf(TOKEN);
  const bearer = (token: string) => ({ headers: { authorization: token, host: 'trial.example' } });
  expect((await ask(at('status'), bearer(`Bearer ${TOKEN}`))).status).toBe(200);
  for (const given of ['', 'Bearer', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`, TOKEN]) {
    await expectProblem(await ask(at('status'), bearer(given)), 'sync.unauthorised', 401);
    await expectProblem(await ask(at('commits'), { ...json({}), ...bearer(given) }), 'sync.unauthorised', 401);
  }
  expect((await ask('/', { headers: { host: 'trial.example' } })).status).toBe(200);
});

it('serves the files of the app and nothing else, under a strict policy [CLI-03]', async () => {
  const ask = await appOf();
  for (const [path, type] of [
    ['/', 'text/html; charset=utf-8'],
    ['/index.html', 'text/html; charset=utf-8'],
    ['/assets/main.js', 'text/javascript; charset=utf-8'],
  ] as const) {
    const response = await ask(path);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
    expect(policy.replace("'wasm-unsafe-eval'", '')).not.toMatch(/unsafe|\*/);
  }
  const hidden = [
    '/linked.txt',
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '//secret.txt',
  ];
  for (const path of hidden) await expectProblem(await ask(path), 'server.not-found', 404);
});
