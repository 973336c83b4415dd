/** Shows that the bench runs and reports. What it measures is never a test: figures depend on the machine. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ROOT } from '../tidy/source.ts';

const run = promisify(execFile);
const bench = (...args: readonly string[]) => run(process.execPath, ['bench/run.mjs', ...args], { cwd: ROOT });

it('runs in a real browser and prints one object for each row [BEN-01]', async () => {
  const { stdout } = await bench('--quick', '--json', '--only', 'B1,B2a,B3a,B3b,B8');
  const rows = stdout
    .trim()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line));
  expect(rows.map(({ id }) => id)).toEqual(['B1', 'B2a', 'B3a', 'B3b', 'B8']);
  const names = ['id', 'what', 'against', 'figure', 'unit', 'baseline', 'ratio', 'min', 'max', 'budget', 'holds', 'n'];
  for (const row of rows) expect(Object.keys(row).sort()).toEqual([...names, 'rounds'].sort());
  for (const { id, ratio, figure } of rows.slice(0, 3)) {
    expect([id, typeof ratio, typeof figure]).toEqual([id, 'number', 'number']);
  }
  expect(rows[3]).toMatchObject({ figure: expect.any(Number), baseline: null, ratio: null });
});

it('names the rows there are when asked for another [BEN-01]', async () => {
  await expect(bench('--only', 'B99')).rejects.toThrow('no such row: B99; there are B1');
});

it('the types of 60 events stay within their bound, and an editor is offered every one of them [BEN-10]', async () => {
  const { stdout } = await run(process.execPath, ['bench/types/run.mjs', '--rounds', '1', '--json'], { cwd: ROOT });
  const rows = stdout
    .trim()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line));
  expect(rows.map(({ id, holds }) => [id, holds])).toContainEqual(['T-types-more', true]);
  expect(rows.find(({ id }) => id === 'T-complete')).toMatchObject({ figure: expect.any(Number) });
});
