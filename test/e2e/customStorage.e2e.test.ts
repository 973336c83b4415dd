/**
 * The example of a storage adapter of one's own, as somebody else would have it: beside the packed package, of which it sees
 * the public entries alone, under Node's own test runner.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FAULT_KINDS, storageConformance } from '../../src/testing/index.ts';
import { scratchRoot } from '../support/scratch.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EXAMPLE = join(ROOT, 'examples', 'custom-storage');
const RUN_MS_MAX = 400_000;
const run = promisify(execFile);

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indelible-example-'));
  await install();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Unpacks what `npm pack` packs, beside links to the packages it depends on. */
const install = async (): Promise<void> => {
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, 'indelible'), { recursive: true });
  const npm = process.env['npm_execpath'];
  const words = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const options = { cwd: ROOT, maxBuffer: 2 ** 26 };
  await (npm === undefined ? run('npm', words, options) : run(process.execPath, [npm, ...words], options));
  const [packed = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  await run('tar', ['-xzf', join(folder, packed), '-C', join(modules, 'indelible'), '--strip-components=1']);
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    await readFile(join(ROOT, 'package.json'), 'utf8'),
  );
  for (const name of Object.keys(manifest.dependencies)) {
    await mkdir(join(modules, name, '..'), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), join(modules, name), 'junction');
  }
};

/** Runs the example's test, with one text of one of its files in the place of another; gives what the runner says. */
const runExample = async (
  name: string,
  change?: { readonly from: string; readonly to: string; readonly laws: string },
): Promise<string> => {
  const outfile = join(folder, `${name}.mjs`);
  const { outputFiles } = await build({
    entryPoints: [join(EXAMPLE, 'conformance.test.ts')],
    bundle: true,
    write: false,
    outfile,
    format: 'esm',
    platform: 'node',
    external: ['indelible', 'indelible/testing'],
    logLevel: 'warning',
  });
  const text = outputFiles.map((file) => file.text).join('');
  if (change !== undefined) expect(text.split(change.from)).toHaveLength(2);
  await writeFile(outfile, change === undefined ? text : text.replace(change.from, change.to));
  const chosen = change === undefined ? [] : [`--test-name-pattern=${change.laws}`];
  const words = ['--test', '--test-reporter=tap', ...chosen, outfile];
  const options = { cwd: folder, maxBuffer: 2 ** 26, env: { ...process.env, TMPDIR: scratchRoot() } };
  return run(process.execPath, words, options).then(
    ({ stdout }) => stdout,
    ({ stdout }: { readonly stdout: string }) => stdout,
  );
};

const passed = (said: string): number => Number(/^# pass (\d+)$/m.exec(said)?.[1] ?? 0);
const failed = (said: string): readonly string[] =>
  [...said.matchAll(/^\s*not ok \d+ - (.*)$/gm)]
    .flatMap(([, name]) => name ?? [])
    .filter((name) => !/\.mjs$/.test(name));

const lawCount = storageConformance({
  durability: 'strict',
  faultKinds: FAULT_KINDS,
  makePlace: () => {
    throw new Error('nothing is run here');
  },
}).length;

it(
  'an adapter of somebody else passes the kit whole, from the packed entries alone [REC-07]',
  async () => {
    const said = await runExample('sound');
    expect(failed(said)).toEqual([]);
    expect(passed(said)).toBe(lawCount);
  },
  RUN_MS_MAX,
);

it(
  'the same adapter without its comparison is told which laws it breaks [REC-07]',
  async () => {
    const said = await runExample('broken', {
      from: 'expectedSize: change.expectedSize,',
      to: 'expectedSize: await model.size(),',
      laws: 'of appends made at once',
    });
    expect(failed(said).join('\n')).toMatch(/of appends made at once at one size, exactly one is stored/);
  },
  RUN_MS_MAX,
);
