/**
 * The bench: bundles the library with a page, runs it in a real Chromium against bare IndexedDB, and prints what holds.
 *
 *   npm run bench -- [--json] [--only B1,B2a] [--rounds N] [--quick] [--write-docs] [--profile]
 *
 * Exits with 0 when every budgeted row holds, 1 when one does not. `--quick` takes a tenth of everything, once: it shows that
 * the bench runs, its figures mean nothing and it exits with 0.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openBrowser } from './browser.mjs';
import { bundlePage, bundleWorkers } from './bundle.mjs';
import { profiler } from './profile.mjs';
import { machineOf, tableOf, writeDocument } from './report.mjs';
import { SCENARIOS } from './scenarios.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const ROUNDS = 7;
const QUICK_SCALE = 0.1;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
  },
});

const chosenScenarios = (only) => {
  if (only === undefined) return SCENARIOS;
  const wanted = only.split(',');
  const known = SCENARIOS.flatMap(({ ids }) => ids);
  const unknown = wanted.filter((id) => !known.includes(id));
  if (unknown.length > 0) throw new Error(`no such row: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  return SCENARIOS.filter(({ ids }) => ids.some((id) => wanted.includes(id)));
};

/** Databases that rounds share are filled once, by the product or as the baseline. */
const seeder = (call) => {
  const seeded = new Map();
  return async (how, count, suffix = 'shared') => {
    const name = `${how}-${count}-${suffix}`;
    if (!seeded.has(name)) seeded.set(name, call(how, { name, count }));
    await seeded.get(name);
    return name;
  };
};

const measure = async (scenarios, rounds, scale) => {
  const page = await bundlePage({ readable: values.profile });
  const browser = await openBrowser({ page, workers: await bundleWorkers() });
  const folder = join(ROOT, 'bench-results');
  const call = (name, parameters) =>
    browser.call(name, parameters, values.profile ? profiler(folder, `${name}-${parameters.name}`) : undefined);
  const session = { call, watched: browser.call, seed: seeder(browser.call), scale };
  const samples = new Map(scenarios.map((scenario) => [scenario, []]));
  const turns = scenarios.every(({ once }) => once) ? 1 : rounds;
  try {
    for (let turn = 0; turn < turns; turn++) {
      for (const scenario of scenarios) {
        if (turn > 0 && scenario.once) continue;
        samples.get(scenario).push(await scenario.sample(session, turn));
      }
      console.error(`round ${turn + 1} of ${turns}`);
    }
  } finally {
    await browser.close();
  }
  const rows = scenarios.flatMap((scenario) => scenario.rows(samples.get(scenario)));
  return { rows: rows.map(({ bound, ...row }) => row), version: browser.version };
};

const scenarios = chosenScenarios(values.only);
const rounds = values.rounds === undefined ? (values.quick ? 1 : ROUNDS) : Number.parseInt(values.rounds, 10);
const { rows, version } = await measure(scenarios, rounds, values.quick ? QUICK_SCALE : 1);
const shown = values.only === undefined ? rows : rows.filter(({ id }) => values.only.split(',').includes(id));
console.log(values.json ? shown.map((row) => JSON.stringify(row)).join('\n') : tableOf(shown));
if (values['write-docs'] && !values.quick) writeDocument(join(ROOT, 'docs', 'benchmarks.md'), rows, machineOf(version));
process.exitCode = !values.quick && shown.some(({ holds }) => holds === false) ? 1 : 0;
