/** Who writes past Dexie's guard: three files, each in one way, and no other. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const FOLDER = new URL('../../../src/storage/dexie/', import.meta.url);
const sources = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.ts') && file !== 'transaction.ts')
  .map((file) => ({ file, text: readFileSync(new URL(file, FOLDER), 'utf8') }));

const using = (pattern: RegExp): readonly string[] =>
  sources.filter(({ text }) => pattern.test(text)).map(({ file }) => file);

it('only appending, packing and sweeping write to the log past the guard [REC-05]', () => {
  expect(using(/'readwrite'|\bwriting\(/)).toEqual(['append.ts', 'pack.ts', 'sweep.ts']);
});

it('an append only adds to the log, packing puts nothing but stubs there, and sweeping alone deletes [REC-05]', () => {
  const textOf = (name: string): string => sources.find(({ file }) => file === name)?.text ?? '';
  const calls = (name: string) =>
    [...textOf(name).matchAll(/(?:objectStore\('\w+'\)|records|segments)\.(?:add|put|delete|clear)\(\w*/g)].map(
      ([call]) => call,
    );
  expect(calls('append.ts')).toEqual(["objectStore('records').add(row", "objectStore('marks').put("]);
  expect(calls('pack.ts')).toEqual(['segments.add(segment', 'records.put(stub']);
  expect(calls('sweep.ts')).toEqual(['records.delete(range']);
});
