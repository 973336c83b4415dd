/**
 * Kills Chromium, with all of its processes, at 200 moments and more: whatever was acknowledged is there at the next start,
 * nothing is half written, the chain verifies and every state is the fold of its events. The method is in `docs/crash.md`.
 */
import { beforeAll, expect, it } from 'vitest';
import { pageScript } from '../../scripts/page-script.mjs';
import { runLane, type Tally } from './crash/lane.ts';
import { OPERATIONS, PAGE } from './crash/messages.ts';

/** Kills under each operation. The environment may ask for more, never for fewer. */
const KILLS = Math.max(26, Number(process.env['INDELIBLE_CRASH_KILLS'] ?? 0));
/** Printed with the results: the same seed gives the same moments, as far as a race of processes can be repeated. */
const SEED = Number(process.env['INDELIBLE_CRASH_SEED'] ?? Date.now() % 1_000_000);
/** Browsers under the kill at a time. */
const LANES = 2;
const RUN_MS_MAX = 900_000 * Math.ceil(KILLS / 26);
const OPEN_MS_MAX = 5_000;

const mean = (numbers: readonly number[]): number =>
  Math.round(numbers.reduce((total, each) => total + each, 0) / Math.max(1, numbers.length));

const line = ({ operation, kills, atStep, acknowledged, lost, untold, openMs, faults }: Tally): string =>
  [
    operation,
    kills,
    atStep,
    acknowledged,
    lost,
    untold,
    faults.length,
    mean(openMs),
    Math.round(Math.max(...openMs)),
  ].join(' | ');

const HEADINGS =
  'operation | kills | at an exact step | acknowledged | lost | there untold | faults | opening, mean ms | worst ms';

let tallies: readonly Tally[] = [];
beforeAll(async () => {
  const script = await pageScript(PAGE);
  const lanes = Array.from({ length: LANES }, (_, lane) => OPERATIONS.filter((_, at) => at % LANES === lane));
  const from = Date.now();
  const run = await Promise.all(
    lanes.map((operations, lane) => runLane(script, { operations, kills: KILLS, seed: SEED + lane })),
  );
  tallies = run.flat();
  console.log([`seed ${SEED}, ${Math.round((Date.now() - from) / 1000)} s`, HEADINGS, ...tallies.map(line)].join('\n'));
}, RUN_MS_MAX);

it('at least 200 kills are spread over append, ingest, packing, snapshots and upgrade [REC-13]', () => {
  expect(tallies.map(({ operation }) => operation).sort()).toEqual([...OPERATIONS].sort());
  expect(tallies.reduce((total, { kills }) => total + kills, 0)).toBeGreaterThanOrEqual(200);
  for (const { operation, atStep, kills } of tallies) expect(atStep, operation).toBeGreaterThan(kills / 8);
});

it.each(OPERATIONS)('a kill during %s loses nothing acknowledged and leaves nothing half written [REC-13]', (name) => {
  const tally = tallies.find(({ operation }) => operation === name);
  expect(tally?.faults).toEqual([]);
  expect(tally?.lost).toBe(0);
  expect(tally?.acknowledged).toBeGreaterThan(0);
  expect(Math.max(...(tally?.openMs ?? []))).toBeLessThan(OPEN_MS_MAX);
});
