/**
 * Kills the engine that the vitest project names, with all of its processes, once under each of some operations: whatever was
 * acknowledged is there at the next start. Page, harness and checks are those of `crash.e2e.test.ts`, which asks more of
 * Chromium; INDELIBLE_ENGINE_KILLS asks for so many kills under every operation, in any engine.
 */
import { expect, it } from 'vitest';
import { pageScript } from '../../scripts/page-script.mjs';
import { runLane, type Tally } from './crash/lane.ts';
import { OPERATIONS, type Operation, PAGE } from './crash/messages.ts';
import { makeEngineProfile } from './enginesProfile.ts';

const ASKED = Number(process.env['INDELIBLE_ENGINE_KILLS'] ?? 0);
const KILLS = Math.max(1, ASKED);
const FEW: readonly Operation[] = ['appends one at a time', 'bulk appends', 'ingest', 'packing', 'upgrade'];
const KILLED: readonly Operation[] = ASKED > 0 ? OPERATIONS : FEW;
/** Printed with the results: the same seed gives the same moments, as far as a race of processes can be repeated. */
const SEED = Number(process.env['INDELIBLE_CRASH_SEED'] ?? Date.now() % 1_000_000);
/** Starts of a browser on a busy machine: one for each kill, and one for each operation to look at what the last left. */
const RUN_MS_MAX = (KILLS + 1) * KILLED.length * 30_000;

const line = ({ operation, kills, atStep, acknowledged, lost, untold, faults }: Tally): string =>
  [operation, kills, atStep, acknowledged, lost, untold, faults.length].join(' | ');

it(
  'a kill under any operation loses nothing acknowledged and leaves nothing half written [REC-13]',
  async () => {
    const lane = { operations: KILLED, kills: KILLS, seed: SEED };
    const tallies = await runLane(await pageScript(PAGE), lane, makeEngineProfile);
    const headings = 'operation | kills | at an exact step | acknowledged | lost | there untold | faults';
    console.log([`seed ${SEED}`, headings, ...tallies.map(line)].join('\n'));
    expect(tallies.flatMap(({ operation, faults }) => faults.map((fault) => `${operation}: ${fault}`))).toEqual([]);
    expect(tallies.map(({ kills }) => kills)).toEqual(KILLED.map(() => KILLS));
    expect(tallies.filter(({ lost }) => lost > 0)).toEqual([]);
    expect(tallies.some(({ acknowledged }) => acknowledged > 0)).toBe(true);
  },
  RUN_MS_MAX,
);
