/**
 * The whole check of the product, in order, ending at the first step that fails. The last line is always `N passed, N failed`:
 * the tests that vitest counted, plus one for each other step.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandOf } from './command.mjs';
import { ENGINES, findEngine } from './engines/index.mjs';
import { packFaults } from './pack.mjs';
import { ensureSqliteDriver } from './sqlite-driver.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), 'indelible-test-'));
const startedAt = Date.now();
const totals = { passed: 0, failed: 0 };

const node = (args) => spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' }).status === 0;
const tool = (name, command, args) => node([commandOf(name, command), ...args]);

const count = (good) => {
  totals[good ? 'passed' : 'failed'] += 1;
  return good;
};

/** A check that is one pass or one failure. */
const check = (run) => async () => {
  try {
    return count(await run());
  } catch (error) {
    console.error(error.message);
    return count(false);
  }
};

/** Vitest projects: their tests are counted from vitest's own report; a run that ends badly without a failed test counts one. */
const project =
  (...names) =>
  () => {
    const report = join(scratch, `${names[0]}.json`);
    const ended = tool('vitest', 'vitest', [
      'run',
      ...names.map((name) => `--project=${name}`),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ]);
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = existsSync(report)
      ? JSON.parse(readFileSync(report, 'utf8'))
      : { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
    const skipped = numPendingTests + numTodoTests;
    if (skipped > 0) console.error(`${skipped} tests did not run: a skipped test counts as failed`);
    const failed = numFailedTests + skipped;
    const good = ended && failed === 0 && numPassedTests > 0;
    totals.passed += numPassedTests;
    totals.failed += good ? 0 : Math.max(1, failed);
    return good;
  };

const packHolds = () => {
  const faults = packFaults(ROOT);
  for (const fault of faults) console.error(fault);
  return faults.length === 0;
};

/** Where continuous integration runs, every engine is there or the run fails; elsewhere Chromium has to be. */
const ENGINES_DUE = process.env.CI ? ENGINES : ['chromium'];
const engines = await Promise.all(ENGINES.map((name) => findEngine(name)));

const enginesAreThere = () => {
  for (const { name, found, advice } of engines) {
    console.log(found ? `${name}: ${found.version}, ${found.path ?? found.browser}` : `${name}: not found, not tested`);
    if (!found) console.log(advice);
  }
  return engines.every(({ name, found }) => found || !ENGINES_DUE.includes(name));
};

/** The browser suites and the pass of the built app in one engine; WebKit once more with its data in memory. */
const PROJECTS = {
  chromium: ['browser', 'e2e-chromium'],
  'chromium-old': ['browser-chromium-old', 'e2e-chromium-old'],
  firefox: ['browser-firefox', 'e2e-firefox'],
  webkit: ['browser-webkit', 'browser-webkit-private', 'e2e-webkit'],
};

const STEPS = [
  ['Lint and format', check(() => tool('@biomejs/biome', 'biome', ['check', '--error-on-warnings', '.']))],
  ['Types', check(() => tool('typescript', 'tsc', ['--noEmit']))],
  ['Build', check(() => node(['scripts/build.mjs']))],
  ['Package: publint', check(() => tool('publint', 'publint', ['--strict']))],
  [
    'Package: types of every entry',
    check(() => tool('@arethetypeswrong/cli', 'attw', ['--pack', '.', '--profile', 'esm-only'])),
  ],
  ['Package: contents', check(packHolds)],
  ['SQLite driver', check(async () => ensureSqliteDriver())],
  ['Tests in Node: unit, properties, conformance, simulation, tidy, docs', project('node')],
  ['Engines', check(enginesAreThere)],
  ...engines.flatMap(({ name, found }) =>
    found ? [[`Tests in the browser: ${found.version}`, project(...PROJECTS[name])]] : [],
  ),
  ['Tests end to end', project('e2e')],
];

const elapsed = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;

for (const [index, [title, run]] of STEPS.entries()) {
  console.log(`\n=== ${index + 1}/${STEPS.length} ${title} (at ${elapsed()})`);
  if (!(await run())) {
    console.error(`\n=== Failed: ${title}. The steps after it did not run.`);
    break;
  }
}

rmSync(scratch, { recursive: true, force: true });
const missing = engines.flatMap(({ name, found }) => (found ? [] : [name]));
if (missing.length > 0) console.log(`\nNot tested, because not found: ${missing.join(', ')}`);
console.log(`\nDone in ${elapsed()}`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 ? 0 : 1;
