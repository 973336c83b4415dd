import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { nameFaults, readTable, tableFaults, testNames, untested } from './requirements.ts';
import { CODE, ROOT, readFiles } from './source.ts';

const table = () => readTable(readFileSync(`${ROOT}docs/requirements.md`, 'utf8'));
const names = () => testNames(new Map([...readFiles('test', CODE), ...readFiles('src/testing/conformance', CODE)]));

/** Ids of the fixtures, put together here so that this file names no requirement that does not exist. */
const A = ['ZZZ', '01'].join('-');
const B = ['ZZZ', '02'].join('-');
const row = (id: string, built = 'yes', text = 'It holds.') => `| ${id} | ${text} | C-a1 | ${built} |`;
const named = (source: string) => testNames(new Map([['test/unit/a.test.ts', source]]));

it('the table of requirements is well formed [HOU-08]', () => {
  expect(table().length).toBeGreaterThan(50);
  expect(tableFaults(table())).toEqual([]);
});

it('a repeated id, an unknown mark, a fragment and an unknown control are found in the table [HOU-08]', () => {
  expect(readTable(`${row(A)}\n${row(B, 'next')}`).map(({ id, built }) => [id, built])).toEqual([
    [A, 'yes'],
    [B, 'next'],
  ]);
  const wrong = [`${row(A)}\n${row(A)}`, row(A, 'no'), row(A, 'yes', 'It holds'), row(A).replace('C-a1', 'Part 11')];
  for (const markdown of wrong) expect(tableFaults(readTable(markdown)), markdown).toHaveLength(1);
});

it('every test ends in a requirement of the table [HOU-08]', () => {
  expect(nameFaults(names(), table())).toEqual([]);
});

it('a test with an unknown requirement, none, or one in the middle is found [HOU-08]', () => {
  const known = readTable(row(A));
  const wrong = [
    `it('holds [${B}]', f);`,
    `it('holds', f);`,
    `it('holds [${A}] always', f);`,
    `it.each([1])('holds', f);`,
    `test.prop([x])('holds', f);`,
    `it(\`holds for \${x}\`, f);`,
    `describe('group [${B}]', () => { it('holds', f); });`,
  ];
  for (const source of wrong) expect(nameFaults(named(source), known), source).toHaveLength(1);
  const right = [
    `it('holds [${A}]', f);`,
    `it(\`holds for \${x} [${A}]\`, f);`,
    `it.each([1])('holds [${A}]', f);`,
    `describe('group [${A}]', () => { it('holds', f); });`,
    `it(computed, f); regex.test('text');`,
  ];
  for (const source of right) expect(nameFaults(named(source), known), source).toEqual([]);
});

it('every requirement marked as built is named by a test [HOU-08]', () => {
  expect(untested(table(), names())).toEqual([]);
});

it('a requirement marked as built and named by no test is found, one that comes next is not [HOU-08]', () => {
  const markdown = `${row(A)}\n${row(B)}\n${row(['ZZZ', '03'].join('-'), 'next')}`;
  expect(untested(readTable(markdown), named(`it('holds [${A}]', f);`))).toEqual([B]);
  expect(untested(readTable(markdown), named(`it('holds [${A}, ${B}]', f);`))).toEqual([]);
});
