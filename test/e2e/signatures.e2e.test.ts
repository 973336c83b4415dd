/** `indelible verify` on electronic signatures in an exported bundle. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keyIdOf, personOf } from '../unit/signing/people.ts';
import { contentOf, openWorld, type World } from '../unit/signing/world.ts';
import { KEY_A, KEY_B, KEY_C } from '../unit/support.ts';
import { bundleOf } from '../unit/verify/trial.ts';

const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const MAYER = await personOf('dr-mayer', 'Dr. Ana Mayer');
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indelible-signatures-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const verify = async (world: World, ...options: readonly string[]) => {
  const file = join(folder, 'bundle.jsonl');
  await writeFile(file, await bundleOf(world.commits));
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, 'verify', file, ...options], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

const pins = async (keys: object): Promise<readonly string[]> => {
  const file = join(folder, 'signers.json');
  await writeFile(file, JSON.stringify(keys));
  return ['--signers', file];
};

const signedWorld = async () => {
  const world = openWorld();
  const account = await world.account(KEY_A, MAYER);
  const item = await world.item(KEY_A, 'BP.SYS');
  await world.act(KEY_A, contentOf(MAYER, account, [item]), { signedBy: MAYER.key });
  return { world, account, item };
};

it('lists signatures with name, meaning, local time and state, and says which keys are pinned [SIG-06]', async () => {
  const { world, item } = await signedWorld();
  const open = await verify(world);
  expect([open.status, open.stderr]).toEqual([0, '']);
  expect(open.stdout).toContain(
    'Dr. Ana Mayer (dr-mayer), approved, 2026-03-01 11:15:30 +01:00 (Europe/Vienna): intact',
  );
  expect(open.stdout).toContain('key named by the bundle itself');
  const pinned = await verify(world, ...(await pins({ 'dr-mayer': [keyIdOf(MAYER)] })));
  expect([pinned.status, pinned.stdout.includes('(as given)')]).toEqual([0, true]);
  await world.item(KEY_B, 'PULSE', [item]);
  const changed = await verify(world);
  expect([changed.status, changed.stdout.includes('DATA CHANGED SINCE (1 later)')]).toEqual([0, true]);
});

it('ends in 1 for a signature that an administrator made, and names its place [SIG-07]', async () => {
  const { world, account, item } = await signedWorld();
  const forged = await world.act(KEY_C, contentOf(MAYER, account, [item]), { signedBy: KEY_C, id: '2' });
  const { status, stdout } = await verify(world);
  expect(status).toBe(1);
  expect(stdout).toMatch(/ 1\. esign\.invalid: .+ \[signature\]\n +at replica /);
  expect(stdout).toContain(`at replica ${forged.context.replica}, event ${forged.body.sequence}`);
  expect(stdout).toContain('(Europe/Vienna): INVALID');
  const json = await verify(world, '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({
    ok: false,
    signatures: [{ state: 'intact' }, { state: 'invalid' }],
    signers: [{ signer: 'dr-mayer', enrolledBy: 'admin', sound: true }],
  });
});

it('ends in 1 when the key is not the pinned one, and in 2 when the pins cannot be read [SIG-06]', async () => {
  const { world } = await signedWorld();
  const other = await verify(world, ...(await pins({ 'dr-mayer': ['0'.repeat(64)] })));
  expect([other.status, other.stdout.includes('not the pinned key')]).toEqual([1, true]);
  for (const keys of [{ 'dr-mayer': 'x' }, { 'dr-mayer': ['short'] }, []]) {
    const { status, stderr } = await verify(world, ...(await pins(keys)));
    expect([status, /--signers/.test(stderr)]).toEqual([2, true]);
  }
});
