/** `indelible doctor` as a command in a shell, on databases that a store has written. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3-multiple-ciphers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../../src/index.ts';
import { keyFromHex, nodeSqlite, sqliteStorage } from '../../src/sqlite.ts';
import { LAYOUT } from '../../src/storage/sqlite/layout.ts';
import { item, Visit } from '../unit/store/trial.ts';

const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const KEY = '42'.repeat(32);
const NAME = 'trial-042';
const SECRET = 73_190_264.125;

let folder: string;
let keyFile: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'indelible-doctor-'));
  keyFile = join(folder, 'key');
  writeFileSync(keyFile, `${KEY}\n`, { mode: 0o600 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fileOf = (name: string): string => join(folder, `${name}.db`);

/** A store with some events in it; closed. */
const write = async (name: string, events: number): Promise<string> => {
  const file = fileOf(name);
  const store = await openStore({
    name: NAME,
    tenant: 'acme-042',
    aggregates: [Visit],
    actor: () => ({ userId: 'NURSE-marker', role: 'site' }),
    storage: sqliteStorage({ driver: nodeSqlite({ file }), key: keyFromHex(KEY) }),
  });
  for (let at = 0; at < events; at++)
    await store.aggregate(Visit, 'SUBJECT-marker').send(item(`i${at}`, SECRET), { reason: 'REASON-marker' });
  await store.close();
  return file;
};

const run = (words: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, 'doctor', ...words], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', ...env },
    timeout: 60_000,
  });
  return { status, stdout, stderr };
};

it('a sound store is well: exit 0, each check named, and nothing recorded is shown [CLI-05, HLT-02]', async () => {
  const file = await write('well', 5);
  const text = run([file, '--key-file', keyFile]);
  expect(text, text.stderr).toMatchObject({ status: 0, stderr: '' });
  expect(text.stdout).toContain(`${file}: well`);
  for (const check of [
    'chain',
    'receipts',
    'writability',
    'backlog',
    'clock',
    'space',
    'storage',
    'connection',
    'losses',
  ])
    expect(text.stdout).toContain(`ok    ${check}`);
  const json = run([file, '--json'], { INDELIBLE_KEY: KEY });
  expect(json.status).toBe(0);
  const report = JSON.parse(json.stdout);
  expect(report).toMatchObject({ ok: true, checks: { length: 9 } });
  expect(report.checks[0]).toMatchObject({ name: 'chain', facts: { events: 5, replicas: 1 } });
  const storage = report.checks.find(({ name }: { name: string }) => name === 'storage');
  expect(storage.facts).toMatchObject({ size: 5, layout: LAYOUT });
  expect(text.stdout).toContain(`layout ${LAYOUT}`);
  expect(run([file, '--key-env', 'MY_KEY'], { MY_KEY: KEY }).status).toBe(0);
  for (const secret of ['marker', String(SECRET), '73190264', KEY]) {
    expect(text.stdout.includes(secret)).toBe(false);
    expect(json.stdout.includes(secret)).toBe(false);
  }
});

it('a store that is shorter than the file beside it says is told: exit 1, with the code and what to do [CLI-05, REC-10]', async () => {
  const file = await write('shorter', 3);
  const copy = readFileSync(file);
  await write('shorter', 2);
  writeFileSync(file, copy);
  const { status, stdout } = run([file, '--key-file', keyFile]);
  expect(status).toBe(1);
  expect(stdout).toMatch(/WARN {2}losses/);
  expect(stdout).toMatch(
    /health\.events-lost \(replica [0-9a-f]{32}, reason shorter, sequence 5, held 3, unconfirmed 2\)/,
  );
  const report = JSON.parse(run([file, '--key-file', keyFile, '--json']).stdout);
  expect(report.checks.find(({ name }: { name: string }) => name === 'losses').warnings[0].code).toBe(
    'health.events-lost',
  );
});

it('what cannot be opened is not checked: exit 2, with a code and without a trace of the key [CLI-05]', async () => {
  const file = await write('kept', 1);
  const empty = fileOf('empty');
  writeFileSync(empty, '');
  const cases: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>])[] = [
    ['storage.key-missing', [file], {}],
    ['storage.key-missing', [file, '--key-file', join(folder, 'nothing')], {}],
    ['storage.key-wrong', [file], { INDELIBLE_KEY: '43'.repeat(32) }],
    ['storage.absent', [fileOf('absent'), '--key-file', keyFile], {}],
    ['storage.absent', [empty, '--key-file', keyFile], {}],
    ['usage', [file, file], { INDELIBLE_KEY: KEY }],
    ['usage', [file, '--key', KEY], {}],
    ['usage', [file, '--key-file', keyFile, '--key-env', 'X'], {}],
  ];
  for (const [code, words, env] of cases) {
    const { status, stdout, stderr } = run([...words, '--json'], env);
    expect([status, JSON.parse(stdout || '{}').error?.code], `${code}: ${stderr}`).toEqual([2, code]);
    expect(`${stdout}${stderr}`.includes(KEY)).toBe(false);
  }
  expect(readFileSync(file).length).toBeGreaterThan(0);
  expect(readFileSync(empty).length).toBe(0);
});

it('a store whose guards somebody has taken away is read only, and everything else is checked [CLI-05, HLT-01]', async () => {
  const file = await write('unguarded', 2);
  const raw = new Database(file);
  raw.pragma("cipher = 'sqlcipher'");
  raw.pragma('legacy = 4');
  raw.pragma(`key = "x'${KEY}'"`);
  const guard: unknown = raw.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' LIMIT 1").pluck().get();
  raw.exec(`DROP TRIGGER "${guard}"`);
  raw.close();
  const { status, stdout } = run([file, '--key-file', keyFile]);
  expect(status, stdout).toBe(1);
  expect(stdout).toMatch(/WARN {2}writability/);
  expect(stdout).toContain('health.not-writable (cause storage.read-only)');
  expect(stdout).toContain('ok    chain       events 2');
});

it('its help says where the key comes from [CLI-05, CLI-04]', () => {
  const { status, stdout } = run(['--help']);
  expect(status).toBe(0);
  for (const word of ['--key-file', '--key-env', 'INDELIBLE_KEY', 'never from the command line'])
    expect(stdout).toContain(word);
});
