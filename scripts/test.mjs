/**
 * The whole check of the product. What fails keeps nothing else from running, except the checks of the first stage (types, build): so
 * one run tells everything that is wrong. The last line is always `N passed, N failed`: the tests that vitest counted, plus one
 * for each other step; above it, how long each step took, and above that every failure once more, with its message.
 *
 * A stage begins when the one before it has ended. Two rows of steps of a stage run side by side at the most, and whoever is done takes
 * the next row: two engines, because a browser suite waits for its browser more than it computes. Whatever watches the clock (tabs,
 * the bench) has a stage of its own, where nothing runs beside it.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandOf } from './command.mjs';
import { ENGINES, findEngine } from './engines/index.mjs';
import { packFaults } from './pack.mjs';
import { failuresIn } from './report.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), 'indelible-test-'));
const startedAt = Date.now();
const totals = { passed: 0, failed: 0 };
const secondsSince = (at) => Math.round((Date.now() - at) / 1000);

/** Runs a script of Node; true if it ended well. `say`, where something runs beside it, gets what it prints when it has ended, in one piece. */
const node = (args, say) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: say ? ['ignore', 'pipe', 'pipe'] : 'inherit' });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece) => said.push(piece));
    child.on('error', (error) => said.push(Buffer.from(`${error.message}\n`)));
    child.on('close', (code) => {
      say?.(Buffer.concat(said).toString());
      resolve(code === 0);
    });
  });
const tool = (name, command, args, say) => node([commandOf(name, command), ...args], say);

const count = (good) => {
  totals[good ? 'passed' : 'failed'] += 1;
  return good;
};

/** A check that is one pass or one failure. */
const check = (run) => async (say) => {
  try {
    return count(await run(say));
  } catch (error) {
    console.error(error.message);
    return count(false);
  }
};

/** By itself vitest leaves one core free: half of a small machine. */
const ALL_CORES = '--maxWorkers=100%';

const NOTHING = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };

/** What vitest said of each test that failed, to be said again at the end, where nobody has to look for it. */
const failures = [];

/** One vitest project: its tests are counted from vitest's own report; a run that ends badly without a failed test counts one. */
const project = (name) => async (say) => {
  const report = join(scratch, `${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const ended = await tool('vitest', 'vitest', ['run', ALL_CORES, `--project=${name}`, ...reporters], say);
  const said = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : NOTHING;
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = said;
  failures.push(...failuresIn(said, ROOT).map((failure) => `${name}: ${failure}`));
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

/**
 * The browser suites and the pass of the built app in one engine; WebKit once more with its data in memory. One run each, one
 * after the other: in one run vitest starts them at once, and a browser that was just killed waits too long for the others.
 */
const PROJECTS = {
  chromium: ['browser', 'e2e-chromium'],
  'chromium-old': ['browser-chromium-old', 'e2e-chromium-old'],
  firefox: ['browser-firefox', 'e2e-firefox'],
  webkit: ['browser-webkit', 'browser-webkit-private', 'e2e-webkit'],
};

/** A row for each engine that is there, the longest first: so the last ones end at about the same time. */
const IN_BROWSERS = ['webkit', 'firefox', 'chromium', 'chromium-old'].flatMap((engine) =>
  engines
    .filter(({ name, found }) => found && name === engine)
    .map(({ found }) =>
      PROJECTS[engine].map((each) => [`Tests in the browser: ${found.version} (${each})`, project(each)]),
    ),
);

const ATTW = ['--pack', '.', '--profile', 'esm-only'];
const CHECKS = [
  ['Lint and format', check((say) => tool('@biomejs/biome', 'biome', ['check', '--error-on-warnings', '.'], say))],
  ['Types', check((say) => tool('typescript', 'tsc', ['--noEmit'], say))],
  ['Build', check((say) => node(['scripts/build.mjs'], say))],
  ['Package: publint', check((say) => tool('publint', 'publint', ['--strict'], say))],
  ['Package: types of every entry', check((say) => tool('@arethetypeswrong/cli', 'attw', ATTW, say))],
  ['Package: contents', check(packHolds)],
  ['Engines', check(enginesAreThere)],
];
const DRIVER = ['SQLite driver', check((say) => node(['scripts/sqlite-driver.mjs'], say))];
const IN_NODE = ['Tests in Node: unit, properties, conformance, simulation, tidy, docs', project('node')];

/** Histories of the simulated world; `INDELIBLE_WORLDS` asks for fewer of them while one works, of which all faults may not be seen. */
const WORLDS = process.env.INDELIBLE_WORLDS ?? '1000';
const WORLD_OPERATIONS = '1000';
/** Every core lives histories: a collector with threads of its own takes an eighth more time than one without. */
const COLLECTOR = '--single-threaded-gc';
const COMPLETE = process.env.INDELIBLE_WORLDS === undefined ? ['--complete'] : [];
const LIVED = [COLLECTOR, 'scripts/world.mjs', '--histories', WORLDS, '--operations', WORLD_OPERATIONS, ...COMPLETE];
const IN_WORLDS = [`Simulated world: ${WORLDS} histories of five devices`, check((say) => node(LIVED, say))];

const STAGES = [
  [CHECKS, [DRIVER]],
  [[IN_NODE]],
  [[IN_WORLDS]],
  IN_BROWSERS,
  [[['Tests end to end', project('e2e')]]],
  [[['Tests end to end, one at a time', project('e2e-alone')]]],
];

const times = [];
const failed = [];

const runStep = async ([title, run], isAlone) => {
  const from = Date.now();
  console.log(`\n=== ${title} (at ${secondsSince(startedAt)} s)`);
  const say = (text) => console.log(`\n=== Output of: ${title}\n${text}`);
  const good = await run(isAlone ? undefined : say);
  times.push(`${String(secondsSince(from)).padStart(6)} s  ${title}`);
  if (!good) failed.push(title);
};

const ROWS_AT_ONCE = 2;

const runStage = async (rows) => {
  const waiting = [...rows];
  const runRows = async () => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      for (const step of row) await runStep(step, rows.length === 1);
    }
  };
  await Promise.all(Array.from({ length: ROWS_AT_ONCE }, runRows));
};

for (const [at, rows] of STAGES.entries()) {
  await runStage(rows);
  if (at === 0 && failed.length > 0) break;
}

rmSync(scratch, { recursive: true, force: true });
for (const title of failed) console.error(`\n=== Failed: ${title}`);
for (const failure of failures) console.error(`\n${failure}`);
const missing = engines.flatMap(({ name, found }) => (found ? [] : [name]));
if (missing.length > 0) console.log(`\nNot tested, because not found: ${missing.join(', ')}`);
console.log(`\n${times.join('\n')}\n${String(secondsSince(startedAt)).padStart(6)} s  in all`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 ? 0 : 1;
