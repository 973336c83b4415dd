/** `indelible rehearse` and `indelible schema` as commands in a shell. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assign, createMachine } from 'xstate';
import { z } from 'zod';
import { defineAggregate, defineEvent, memoryStorage, openStore } from '../../src/index.ts';

const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PRESENT = fileURLToPath(new URL('./evolution/present.mjs', import.meta.url));
const NEXT = fileURLToPath(new URL('./evolution/next.mjs', import.meta.url));
const HEAVY = 71.930_264;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'indelible-evolution-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...words: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...words], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
};

const exported = async (name: string, weights: readonly number[]): Promise<string> => {
  const Weight = defineAggregate({
    type: 'weight',
    machine: createMachine({
      context: {},
      initial: 'open',
      states: { open: { on: { Weighed: { actions: assign({}) } } } },
    }),
    events: { Weighed: defineEvent({ version: 1, schema: z.strictObject({ kilos: z.number() }) }) },
  });
  const store = await openStore({
    ...{ name, tenant: 'acme-042', aggregates: [Weight], storage: memoryStorage() },
    actor: () => ({ userId: 'nurse-1', role: 'site' }),
  });
  for (const kilos of weights) await store.aggregate(Weight, 'w').send({ type: 'Weighed', kilos });
  const file = join(folder, `${name}.bundle`);
  writeFileSync(file, await (await store.export()).text());
  await store.close();
  return file;
};

it('a rehearsal in a shell tells by exit code and report what an update would make of an export [CLI-06, EVO-06]', async () => {
  const [fine, bad] = [await exported('fine', [3.5, 4]), await exported('bad', [3.5, HEAVY])];
  const good = run('rehearse', fine, '--registry', NEXT, '--before', PRESENT);
  expect(good, good.stderr).toMatchObject({ status: 0, stderr: '' });
  expect(good.stdout).toContain('weight Weighed version 1: 2 events');
  const found = run('rehearse', bad, '--registry', NEXT, '--before', PRESENT, '--json');
  expect(found.status).toBe(1);
  expect(JSON.parse(found.stdout)).toMatchObject({
    ok: false,
    unreadable: [{ aggregate: 'weight', event: 'Weighed', version: 1, events: 1, first: { sequence: 2 } }],
    changed: [{ aggregate: 'weight', streams: 1 }],
  });
  const text = run('rehearse', bad, '--registry', NEXT).stdout;
  expect(text).toContain('WOULD FAIL');
  expect(`${found.stdout}${text}`).not.toContain(String(HEAVY));
  expect(run('rehearse', fine).status).toBe(2);
  expect(run('rehearse', join(folder, 'none'), '--registry', NEXT)).toMatchObject({ status: 2, stdout: '' });
  expect(run('rehearse', NEXT, '--registry', NEXT)).toMatchObject({ status: 2, stdout: '' });
  expect(run('rehearse', fine, '--registry', join(folder, 'none.mjs')).stderr).toContain('cannot be loaded');
  expect(run('rehearse', fine, '--registry', join(dirname(COMMAND), 'help.js')).stderr).toContain(
    'exports no aggregate',
  );
});

it('event types are described in a shell, for people and for programs [CLI-06, EVO-05]', () => {
  const out = join(folder, 'events.json');
  expect(run('schema', NEXT).stdout).toContain('| `grams` | number, maximum 6000 | yes |  |');
  expect(run('schema', NEXT, '--json', '--out', out)).toMatchObject({ status: 0, stdout: '' });
  expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({
    aggregates: [{ aggregate: 'weight', events: [{ event: 'Weighed', version: 2, upcastFrom: [1] }] }],
  });
  expect(run('schema', NEXT, '--out', join(folder, 'none', 'x')).status).toBe(2);
});
