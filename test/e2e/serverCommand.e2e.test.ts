/** The built command as a person runs it: what it prints, how it ends. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COMMAND = join(ROOT, 'dist/cli/main.js');
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indelible-command-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...words: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...words], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
};

it('describes itself and each command, and gives its version [CLI-04]', async () => {
  const main = run('--help');
  expect(main.status).toBe(0);
  for (const word of ['serve', 'verify', 'Exit codes']) expect(main.stdout).toContain(word);
  for (const [command, options] of [
    ['serve', ['--port', '--host', '--data', '--app', '--registry', '--token-file', '--name', '--json']],
    ['audit', ['--data', '--json']],
    ['verify', ['--server-key', '--sealed-by', '--json']],
  ] as const) {
    const help = run(command, '--help');
    expect(help.status).toBe(0);
    for (const option of options) expect(help.stdout).toContain(option);
  }
  const about: unknown = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  expect(about).toMatchObject({ version: run('--version').stdout.trim() });
});

it('ends in 2 for unusable input, with a code and a hint [CLI-02]', async () => {
  await writeFile(join(folder, 'no-bundle'), 'no bundle');
  const failures: readonly (readonly [readonly string[], string])[] = [
    [[], 'usage'],
    [['servve'], 'Did you mean serve?'],
    [['serve', '--prot', '1'], 'Did you mean --port?'],
    [['serve', '--port', 'many'], '--port takes a number'],
    [['serve', 'data'], 'serve takes options only'],
    [['serve', '--host', '0.0.0.0'], 'server.unprotected'],
    [['serve', '--token-file', 'nowhere'], '--token-file'],
    [['serve', '--registry', 'nowhere.mjs'], 'nowhere.mjs cannot be loaded'],
    [['serve', '--port', '0', '--app', 'nowhere'], 'npm run build'],
    [['serve', '--port', '0', '--data', 'no-bundle'], 'storage.failed'],
    [['audit', 'data'], 'audit takes options only'],
    [['audit', '--data', 'nowhere'], 'There is no database'],
    [['verify'], 'verify takes one file'],
    [['verify', 'a', 'b'], 'verify takes one file'],
    [['verify', 'nowhere'], 'cannot be read'],
    [['verify', '.'], 'cannot be read'],
    [['verify', 'no-bundle', '--server-key', 'x'], 'key.malformed'],
    [['verify', 'no-bundle'], 'bundle.malformed'],
  ];
  for (const [words, said] of failures) {
    const { status, stdout, stderr } = run(...words);
    expect([words, status]).toEqual([words, 2]);
    expect(stdout + stderr).toContain(said);
    expect(stdout + stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
  }
});

it('prints one JSON object with --json, also when it fails [CLI-04]', () => {
  for (const words of [['verify', 'no-bundle'], ['verify'], ['serve', '--port', 'x'], ['nothing']]) {
    const { status, stdout, stderr } = run(...words, '--json');
    expect(status).toBe(2);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n').length).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false });
  }
});

it('serves at one printed address until a signal, and ends in 0 [CLI-03]', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const child = spawn(process.execPath, [COMMAND, 'serve', '--port', '0', '--data', join(folder, 'data')], {
      env: { ...process.env, DATABASE_URL: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    while (!said.includes('Server key')) await once(child.stdout, 'data');
    const addresses = said.match(/http:\/\/\S+/g) ?? [];
    expect(addresses.length).toBe(1);
    expect((await fetch(`${addresses[0]}/v1/tenants/a/status`)).status).toBe(200);
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
  }
});
