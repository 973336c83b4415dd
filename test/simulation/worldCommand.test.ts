/** The command that lives many histories: every seed once on some thread, every fault counted, every failure said. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FAULTS, KINDS, missingFaults, runWorlds, tableOf } from '../../scripts/world.mjs';

/** A world in which the history of one seed fails, and that of another ends in an error. */
const BROKEN = `
export const HONEST = {}, CLONES = {}, ROUGH = {}, TAMPERED = {}, DISHONEST = {};
export const drawnHistory = async ({ seed, operations }) => {
  if (seed === 13) throw new Error('no such thing');
  return { seed, history: Array(operations).fill('A0?'), violations: seed === 12 ? ['(a) lost'] : [], acknowledged: 2, injected: new Map([['disk full', seed]]) };
};
export const shrinkHistory = async ({ seed }) => ({ seed, history: ['A0+1'], violations: ['(a) lost'] });
export const failureText = ({ seed, history, violations }) => 'seed ' + seed + ': ' + history.join(' ') + ' ' + violations.join();
`;

it('every seed is lived once, what was done is counted, and each failure is said with its seed and a short history [SIM-09]', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-world-'));
  try {
    const bundle = join(folder, 'world.mjs');
    await writeFile(bundle, BROKEN);
    const said: string[] = [];
    const say = (line: string): void => void said.push(line);
    const run = await runWorlds({ histories: 9, operations: 5, seed: 10, threads: 2, kinds: KINDS, bundle, say });
    expect(run.failures).toHaveLength(2);
    expect([...run.failures].sort()).toEqual([...said].sort());
    expect(said).toContain('seed 12: A0+1 (a) lost');
    expect(said.find((line) => line.startsWith('seed 13: '))).toContain('no such thing');
    const seeds = [10, 11, 12, 14, 15, 16, 17, 18].reduce((sum, seed) => sum + seed, 0);
    expect([...run.injected]).toEqual([['disk full', seeds]]);
    expect(KINDS.map((kind) => run.kinds.get(kind))).toEqual(KINDS.map((_, at) => Math.ceil((9 - at) / KINDS.length)));
    expect(run).toMatchObject({ histories: 9, operations: 40, acknowledged: 16 });
    expect(tableOf({ ...run, seconds: 2 }).join('\n')).toMatch(/per second +20\nviolations +2$/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('a run is complete when every kind of fault has happened, and the one that has not is named [SIM-09]', () => {
  const injected = new Map(FAULTS.map((what) => [what, 1]));
  expect(missingFaults({ injected })).toEqual([]);
  injected.delete('disk full');
  expect(missingFaults({ injected })).toEqual(['disk full']);
});

it('a run that is ended early has lived what had begun, and says so much [SIM-09]', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-world-'));
  try {
    const bundle = join(folder, 'world.mjs');
    await writeFile(bundle, BROKEN);
    const cancel = new AbortController();
    const say = () => cancel.abort();
    const what = { histories: 900, operations: 5, seed: 13, threads: 1, kinds: KINDS, bundle };
    const run = await runWorlds({ ...what, say, signal: cancel.signal });
    expect(run.histories).toBe(1);
    expect(run.failures).toHaveLength(1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('the worlds of the sources are lived on a thread of its own, with their faults [SIM-09]', async () => {
  const what = { histories: 2, operations: 40, seed: 3, threads: 1, kinds: KINDS };
  const run = await runWorlds({ ...what, say: () => undefined });
  expect(run).toMatchObject({ histories: 2, operations: 80, failures: [] });
  expect(run.acknowledged).toBeGreaterThan(0);
  expect(run.injected.get('program killed')).toBeGreaterThan(0);
});
