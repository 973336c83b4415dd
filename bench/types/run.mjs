/**
 * What the types of an aggregate cost whoever writes an application: the compiler's time for one with 60 events beside the same
 * with one, and how soon an editor offers the events where one is sent.
 *
 *   npm run build && npm run bench:types -- [--rounds N] [--json] [--write-docs]
 *
 * The application is checked against the built package, as it is installed. Exits with 1 when a budget does not hold.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { commandOf } from '../../scripts/command.mjs';
import { aligned, machineName, writeSection } from '../report.mjs';
import { plainRow } from '../rows.mjs';
import { openEditor } from './editor.mjs';
import { ASKED, applicationOf, CONFIG, eventNames } from './sources.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const EVENTS = 60;
const SECTION = {
  begin: '<!-- types: written by npm run bench:types -- --write-docs -->',
  end: '<!-- end of types -->',
};

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
  },
});

/** A project of one file in a folder of its own, inside the package, so that it finds the package by its name. */
const projectOf = (count) => {
  const folder = join(ROOT, 'bench-results', `types-${count}`);
  const path = join(folder, 'application.ts');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, applicationOf(count));
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...CONFIG, files: ['application.ts'] }));
  return { folder, path };
};

/** Milliseconds of the compiler over a project, and how many types it instantiates. @throws Error what it finds wrong */
const checkedIn = ({ folder }) => {
  const startedAt = performance.now();
  const asked = [commandOf('typescript', 'tsc'), '-p', folder, '--extendedDiagnostics'];
  const { status, stdout } = spawnSync(process.execPath, asked, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stdout);
  return { ms: performance.now() - startedAt, types: Number(/Instantiations:\s+(\d+)/.exec(stdout)?.[1]) };
};

/** Milliseconds until an editor has the names of all events: the file just opened, and after a letter was typed. */
const completedIn = async ({ folder, path }) => {
  const text = readFileSync(path, 'utf8');
  const place = text.indexOf(ASKED) + ASKED.length;
  const typed = (letters) => `${text.slice(0, place)}${letters}' })${text.slice(text.indexOf(')', place) + 1)}`;
  const editor = await openEditor(folder);
  const timed = async (shown) => {
    const startedAt = performance.now();
    const labels = await editor.completions(path, shown, place);
    const took = performance.now() - startedAt;
    const missing = eventNames(EVENTS).filter((name) => !labels.includes(name));
    if (missing.length > 0) throw new Error(`${missing.length} of ${EVENTS} events are not offered`);
    return took;
  };
  editor.open(path, typed(''));
  const first = await timed(typed(''));
  editor.change(path, typed('I'));
  const again = await timed(typed('I'));
  await editor.close();
  return { first, again };
};

const sample = async (projects) => ({
  one: checkedIn(projects.one),
  sixty: checkedIn(projects.sixty),
  ...(await completedIn(projects.sixty)),
});

const rowsOf = (samples) => {
  const row = (id, what, pick, budget, bound, unit = 'ms') =>
    plainRow({ id, what, unit, budget, n: samples.length }, samples.map(pick), bound);
  const info = 'information';
  const run = 'a whole run of the compiler over an application with an aggregate of';
  const more = 'what the other 59 events add';
  return [
    row('T-check-1', `${run} one event`, ({ one }) => one.ms, info),
    row('T-check-60', `${run} 60 events`, ({ sixty }) => sixty.ms, info),
    row('T-check-more', more, ({ one, sixty }) => sixty.ms - one.ms, info),
    row('T-types-more', more, ({ one, sixty }) => sixty.types - one.types, '< 150,000', 150_000, 'types instantiated'),
    row(
      'T-complete',
      "an editor has the 60 names at send({ type: '' }), the file just opened",
      ({ first }) => first,
      info,
    ),
    row('T-complete-again', 'the same after a letter was typed', ({ again }) => again, info),
  ];
};

if (!existsSync(join(ROOT, 'dist', 'index.d.ts'))) throw new Error('the package is not built: npm run build');
const projects = { one: projectOf(1), sixty: projectOf(EVENTS) };
const rounds = Number.parseInt(values.rounds, 10);
const samples = [];
for (let turn = 0; turn < rounds; turn++) samples.push(await sample(projects));
const rows = rowsOf(samples);
const HEAD = ['row', 'what', 'figure', 'unit', 'min-max', 'budget', 'verdict'];
const whole = (figure) => Math.round(figure).toLocaleString('en-US');
const cells = ({ id, what, figure, unit, min, max, budget, holds }) => [
  id,
  what,
  whole(figure),
  unit,
  `${whole(min)}-${whole(max)}`,
  budget,
  holds === null ? 'info' : holds ? 'holds' : 'FAILS',
];
const lines = [HEAD, ...rows.map(cells)];
console.log((values.json ? rows.map((row) => JSON.stringify(row)) : aligned(lines)).join('\n'));
if (values['write-docs']) {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules', 'typescript', 'package.json'), 'utf8'));
  const table = [HEAD, HEAD.map(() => '---'), ...rows.map(cells)].map((line) => `| ${line.join(' | ')} |`);
  writeSection(join(ROOT, 'docs', 'benchmarks.md'), SECTION, [
    `TypeScript ${version}, ${machineName()}, ${rounds} rounds.`,
    '',
    ...table,
  ]);
}
process.exitCode = rows.some(({ holds }) => holds === false) ? 1 : 0;
