import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, it } from 'vitest';
import { entries, listName, render, surfaceOf } from './api.ts';
import { readFiles, readProduct } from './source.ts';

const reviewed = (entry: string): string => {
  const list = new URL(`api/${listName(entry)}`, import.meta.url);
  return existsSync(list)
    ? readFileSync(list, 'utf8')
    : '(no reviewed list: npm run api:update, then look at what it holds)';
};

it('each entry exports exactly the names of its reviewed list [HOU-06]', () => {
  const sources = readProduct();
  const built = [...entries()].filter(([, path]) => sources.has(path));
  const actual = Object.fromEntries(built.map(([entry, path]) => [entry, render(surfaceOf(sources, path))]));
  const expected = Object.fromEntries(built.map(([entry]) => [entry, reviewed(entry)]));
  expect(actual, 'the public surface changed: npm run api:update, and review the difference').toEqual(expected);
});

it('every entry has its source, and every reviewed list its entry [HOU-06]', () => {
  const sources = readProduct();
  expect([...entries()].filter(([, path]) => !sources.has(path))).toEqual([]);
  const lists = [...entries().keys()].map(listName).sort();
  expect([...readFiles('test/tidy/api', /\.txt$/).keys()].map((path) => posix.basename(path))).toEqual(lists);
});

it('names are followed through every form of export, with their kinds [HOU-06]', () => {
  const sources = new Map([
    [
      'src/index.ts',
      `export * from './a.ts'; export { b as renamed } from './b.ts'; export type { C } from './b.ts';
       import { d } from './b.ts'; export { d }; export { of } from 'rxjs'; export * as all from './b.ts';
       const own = 1; export { own }; export type { Observable as O } from 'rxjs';`,
    ],
    ['src/a.ts', `export const f = () => 1; export function g() {} export * from './b.ts'; const hidden = 1;`],
    [
      'src/b.ts',
      `export const b = 1, d = 2; export class C {} export interface I {} export type T = I; export const [x] = [1];`,
    ],
  ]);
  expect(render(surfaceOf(sources, 'src/index.ts')).trim().split('\n')).toEqual([
    'C: type',
    'I: type',
    'O: from rxjs',
    'T: type',
    'all: namespace',
    'b: const',
    'd: const',
    'f: function',
    'g: function',
    'of: from rxjs',
    'own: const',
    'renamed: const',
  ]);
});

it('an added name, a removed name, a changed kind and a dangling export change the list [HOU-06]', () => {
  const surface = (text: string) => render(surfaceOf(new Map([['src/index.ts', text]]), 'src/index.ts'));
  const before = surface('export const a = 1;');
  for (const text of ['export const a = 1, b = 2;', '', 'export const a = () => 1;', 'export { a };']) {
    expect(surface(text), text).not.toBe(before);
  }
  expect(() => surface(`export * from './gone.ts';`)).toThrow('src/gone.ts');
});
