/** `indelible verify` on whole and on altered bundles. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { toBase64 } from '../../src/crypto/bytes.ts';
import { A, BUNDLE, OTHER_SERVER_TEXT, SERVER_TEXT, TRIAL } from '../unit/verify/trial.ts';

const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indelible-verify-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const verify = async (bundle: Uint8Array, ...options: readonly string[]) => {
  const file = join(folder, 'bundle');
  await writeFile(file, bundle);
  const { status, stdout } = spawnSync(process.execPath, [COMMAND, 'verify', file, ...options], { encoding: 'utf8' });
  return { status, stdout };
};

/** The bundle with one character changed in the middle of the base64 of a commit. */
const altered = (): Uint8Array => {
  const text = Buffer.from(BUNDLE).toString('latin1');
  const commit = toBase64(TRIAL[0]?.bytes ?? new Uint8Array());
  const at = text.indexOf(commit) + commit.length - 80;
  const bytes = Uint8Array.from(BUNDLE);
  bytes[at] = text[at] === 'A' ? 0x42 : 0x41;
  return bytes;
};

it('ends in 0 for a whole bundle, and says whose keys that rests on [CLI-01]', async () => {
  const open = await verify(BUNDLE);
  expect(open.status).toBe(0);
  expect(open.stdout).toMatch(/: sound\n/);
  expect(open.stdout).toContain('named by the bundle itself');
  const pinned = await verify(BUNDLE, '--server-key', SERVER_TEXT);
  expect(pinned.status).toBe(0);
  expect(pinned.stdout).toContain('(as given)');
});

it('ends in 1 for a changed bundle, and names the event first [CLI-01]', async () => {
  const { status, stdout } = await verify(altered());
  expect(status).toBe(1);
  expect(stdout).toMatch(new RegExp(`\\n +1\\. [a-z-]+\\.[a-z-]+: .+\\n +at replica ${A}, event \\d+, line \\d+`));
  const json = await verify(altered(), '--json');
  expect(json.status).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, usable: true });
  const [first] = z.object({ findings: z.array(z.unknown()) }).parse(JSON.parse(json.stdout)).findings;
  expect(first).toMatchObject({ code: 'chain.leaf-mismatch', replica: A, sequence: TRIAL[0]?.first });
});

it('ends in 1 when another server has vouched than the one that was named [CLI-02]', async () => {
  expect((await verify(BUNDLE, '--server-key', OTHER_SERVER_TEXT)).status).toBe(1);
});

it('ends in 2 for a file that is no bundle at all [CLI-02]', async () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(5_000), Buffer.from('{"a":1}\n')]) {
    expect((await verify(bytes)).status).toBe(2);
  }
});
