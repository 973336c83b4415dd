import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type CastAllowList, castFaults, loosenessFaults } from './casts.ts';
import { readProduct } from './source.ts';

const readAllowList = (): CastAllowList =>
  JSON.parse(readFileSync(new URL('casts.allow.json', import.meta.url), 'utf8'));

const one = (text: string) => new Map([['src/sync/runner.ts', text]]);
const WHY = 'the library types this as unknown, checked on the line above';

it('every type assertion of the product is a brand constructor or a reviewed entry [HOU-04]', () => {
  expect(castFaults(readProduct(), readAllowList())).toEqual([]);
});

it('an assertion too many, too few, unexplained or of a missing file is found [HOU-04]', () => {
  const cast = one('export const a = (b as unknown) as string;');
  expect(castFaults(cast, {})).toEqual([
    'src/sync/runner.ts has 2 type assertions, 0 are reviewed: src/sync/runner.ts:1 as string; src/sync/runner.ts:1 as unknown',
  ]);
  expect(castFaults(cast, { 'src/sync/runner.ts': { count: 2, why: WHY } })).toEqual([]);
  expect(castFaults(cast, { 'src/sync/runner.ts': { count: 3, why: WHY } })).toHaveLength(1);
  expect(castFaults(cast, { 'src/sync/runner.ts': { count: 2, why: 'needed' } })).toHaveLength(1);
  expect(castFaults(one(''), { 'src/gone.ts': { count: 0, why: WHY } })).toHaveLength(1);
  expect(castFaults(one('export const a = <string>b;'), {})).toHaveLength(1);
});

it('a constant assertion, a checked type and a brand constructor are let through [HOU-04]', () => {
  expect(castFaults(one(`export const a = ['b'] as const; export const c = {} satisfies object;`), {})).toEqual([]);
  expect(castFaults(new Map([['src/core/ids.ts', 'export const id = (text: string) => text as Id;']]), {})).toEqual([]);
});

it('no file of the product loosens a type [HOU-04]', () => {
  expect(loosenessFaults(readProduct())).toEqual([]);
});

it('each way to loosen a type is found [HOU-04]', () => {
  const wrong = [
    'export const a = (b: any) => b;',
    'export const a = b!.c;',
    'let a!: string;',
    'export class A { b!: string; }',
    `// @ts-${'ignore'}\nexport {};`,
    `// @ts-${'expect-error'} because\nexport {};`,
    `// @ts-${'nocheck'}\nexport {};`,
  ];
  for (const text of wrong) expect(loosenessFaults(one(text)), text).toHaveLength(1);
  expect(loosenessFaults(one(`export const any = 'any'; // any!`))).toEqual([]);
});
