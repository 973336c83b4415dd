import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { columnsOf, type PeerSample, textOf } from '../../../bench/peers/report.mjs';
import { tableOf, writeDocument } from '../../../bench/report.mjs';
import { growthExponent, median, quantile, round, spread } from '../../../bench/stats.mjs';

const row = {
  id: 'B1',
  what: 'one append',
  against: 'a bare one',
  figure: 1.2,
  unit: 'ms',
  baseline: 0.8,
  ratio: 1.5,
  min: 1.4,
  max: 1.7,
  budget: '<= 1.6 x',
  holds: true,
  n: 100,
  rounds: 3,
};
const notBuilt = { ...row, id: 'B3b', figure: null, baseline: null, ratio: null, min: null, max: null, holds: false };

describe('the figures of the bench', () => {
  it('are medians and quantiles of what was measured [BEN-01]', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([5, 1, 4, 2, 3], 0.99)).toBe(5);
    expect(spread([1, 3, 2])).toEqual({ figure: 2, min: 1, max: 3 });
    expect([round(0.12345), round(12_345.6)]).toEqual([0.123, 12_346]);
  });

  it('say how a cost grows with the log: not at all, in proportion, faster [BEN-01]', () => {
    const sizes = [1_000, 10_000, 100_000];
    const exponentOf = (cost: (size: number) => number) => growthExponent(sizes.map((size) => [size, cost(size)]));
    expect(exponentOf(() => 3)).toBeCloseTo(0);
    expect(exponentOf((size) => 0.01 * size)).toBeCloseTo(1);
    expect(exponentOf((size) => size ** 1.5)).toBeCloseTo(1.5);
  });
});

describe('the report of the bench', () => {
  const folder = mkdtempSync(join(tmpdir(), 'indelible-bench-report-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('gives figure, baseline, ratio, budget and verdict of each row, also of one that is not built [BEN-01]', () => {
    const [, first = '', second = ''] = tableOf([row, notBuilt]).split('\n');
    for (const shown of ['B1', '1.2', 'ms', '0.8', '1.5', '<= 1.6 x', 'holds']) expect(first).toContain(shown);
    for (const shown of ['B3b', 'not built', 'FAILS']) expect(second).toContain(shown);
  });

  it('replaces the table of the document and leaves the rest [BEN-01]', () => {
    const path = join(folder, 'benchmarks.md');
    const begin = '<!-- table: written by npm run bench -- --write-docs -->';
    writeFileSync(path, `before\n${begin}\nlast year's table\n<!-- end of table -->\nafter\n`);
    writeDocument(path, [row], 'a machine');
    writeDocument(path, [row], 'a machine');
    const written = readFileSync(path, 'utf8');
    expect(written.match(/\| B1 \|/g)).toHaveLength(1);
    expect(written).toMatch(/^before\n[\s\S]*Run on a machine\.[\s\S]*\nafter\n$/);
    expect(written).not.toContain("last year's table");
    writeFileSync(path, 'no place');
    expect(() => writeDocument(path, [row], 'a machine')).toThrow('no place for the table');
  });
});

it('puts stores side by side by medians, and says which work the clock has ended [BEN-09]', () => {
  const appended = { events: 10_000, cut: false, rate: 900, p50: 1.1 };
  const sampleOf = (rate: number, cut: boolean): PeerSample => ({
    one: { ...appended, rate, cut, events: cut ? 700 : 10_000 },
    hundred: { ...appended, bytes: 5_000_000 },
    all: appended,
    cold: { events: 100_000, ms: 700 },
    live: { callback: null, durable: 2, calls: 1 },
  });
  const columns = columnsOf([sampleOf(100, false), sampleOf(300, true), sampleOf(200, false)]);
  expect(columns).toMatchObject({ one: { rate: 200, events: 700, cut: true }, bytes: 500, live: { callback: null } });
  const text = textOf([{ name: 'Some store', version: '1.2', durability: 'strict', differs: 'all', ...columns }]);
  for (const shown of ['Some store 1.2', '200 (1.1)', '- (2)', 'one at a time: 700 events within the time'])
    expect(text).toContain(shown);
});
