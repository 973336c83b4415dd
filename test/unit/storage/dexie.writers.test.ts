/** Who writes past Dexie's guard: five files, each in one way, and no other. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const FOLDER = new URL('../../../src/storage/dexie/', import.meta.url);
const sources = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.ts') && file !== 'transaction.ts')
  .map((file) => ({ file, text: readFileSync(new URL(file, FOLDER), 'utf8') }));

const using = (pattern: RegExp): readonly string[] =>
  sources.filter(({ text }) => pattern.test(text)).map(({ file }) => file);

it('only appending, packing, sweeping, sealing an older layout and unlocking write past the guard [REC-05]', () => {
  expect(using(/'readwrite'|\bwriting\(/)).toEqual(['append.ts', 'pack.ts', 'sealing.ts', 'sweep.ts', 'unlock.ts']);
});

it('an append only adds to the log, packing puts nothing but stubs there, and sweeping alone deletes [REC-05]', () => {
  const textOf = (name: string): string => sources.find(({ file }) => file === name)?.text ?? '';
  const calls = (name: string) =>
    [
      ...textOf(name).matchAll(/(?:objectStore\('\w+'\)|records|segments|store|keys)\.(?:add|put|delete|clear)\(\w*/g),
    ].map(([call]) => call);
  expect(calls('append.ts')).toEqual(["objectStore('records').add(row", "objectStore('marks').put(mark"]);
  expect(calls('pack.ts')).toEqual(['segments.add(segment', 'records.put(stub']);
  expect(calls('sweep.ts')).toEqual(['records.delete(range']);
  // A plain row gives way to the same row sealed; a name gives way to its keyed one.
  expect(calls('sealing.ts')).toEqual(['store.put(row', 'store.delete(key', 'store.put(row', 'store.put(row']);
  expect(textOf('sealing.ts')).toContain('if (!isPlain(present.get(key))) continue;');
  expect(calls('unlock.ts')).toEqual(['keys.put(after']);
  expect(textOf('unlock.ts')).toContain("const TABLE = 'keys';");
});
