import { expect, it } from 'vitest';
import { FILE_LINES_AIM, FILE_LINES_MAX, FUNCTION_LINES_MAX, filesOver, functionFaults } from './size.ts';
import { CODE, readFiles, readProduct } from './source.ts';

const lines = (count: number, line = 'export {};') => `${Array.from({ length: count }, () => line).join('\n')}\n`;
const ofLines = (count: number) => `export const f = () => {\n${lines(count - 2, '  g();')}};\n`;

it('no file is longer than 400 lines [HOU-03]', () => {
  const all = new Map([
    ...readProduct(),
    ...readFiles('test', CODE),
    ...readFiles('app', CODE),
    ...readFiles('bench', CODE),
  ]);
  const long = filesOver(all, FILE_LINES_AIM);
  if (long.length > 0) console.info(`Longer than the ${FILE_LINES_AIM} lines aimed at:\n  ${long.join('\n  ')}`);
  expect(filesOver(all, FILE_LINES_MAX)).toEqual([]);
});

it('a file one line too long is found, one at the limit is not [HOU-03]', () => {
  const sources = new Map([
    ['src/core/a.ts', lines(FILE_LINES_MAX)],
    ['src/core/b.ts', lines(FILE_LINES_MAX + 1)],
  ]);
  expect(filesOver(sources, FILE_LINES_MAX)).toEqual([`src/core/b.ts has ${FILE_LINES_MAX + 1} lines`]);
});

it('no function of the product is longer than 60 lines [HOU-03]', () => {
  expect(functionFaults(readProduct())).toEqual([]);
});

it('a function one line too long is found wherever it stands, one at the limit is not [HOU-03]', () => {
  const long = ofLines(FUNCTION_LINES_MAX + 1);
  const method = `export const o = { f() {\n${lines(FUNCTION_LINES_MAX)}} };`.replaceAll('export {};', 'g();');
  const sources = new Map([
    ['src/core/a.ts', ofLines(FUNCTION_LINES_MAX)],
    ['src/core/b.ts', long],
    ['src/core/c.ts', long.replace('() =>', 'function ()')],
    ['src/core/d.ts', `export ${method.slice('export '.length)}`],
  ]);
  expect(functionFaults(sources).map((fault) => fault.split(':')[0])).toEqual([
    'src/core/b.ts',
    'src/core/c.ts',
    'src/core/d.ts',
  ]);
});
