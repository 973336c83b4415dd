import { expect, it } from 'vitest';
import { readFiles } from '../tidy/source.ts';
import { blocksOf, compileFaults } from './blocks.ts';

const documents = () => readFiles('', /^(README\.md|docs\/.*\.md)$/);

it('every TypeScript block of the documents compiles, and a wrong one is found at its line [HOU-10]', async () => {
  const wrong = new Map([
    [
      'fixture.md',
      ['text', '', '```ts', 'export const right: number = 1;', "export const wrong: number = '1';", '```', ''].join(
        '\n',
      ),
    ],
    ['other.md', ['```tsx', "import { nothing } from 'no-such-package';", 'nothing();', '```'].join('\n')],
  ]);
  const faults = await compileFaults([...blocksOf(documents()), ...blocksOf(wrong)]);
  const ofFixtures = faults.filter((fault) => /^(fixture|other)\.md/.test(fault));
  expect(ofFixtures.map((fault) => fault.split(' error ')[0])).toEqual(['fixture.md:5', 'other.md:2']);
  expect(faults.filter((fault) => !ofFixtures.includes(fault))).toEqual([]);
});

it('the blocks of a document are found with their lines, and other languages are left alone [HOU-10]', () => {
  const markdown = ['# A', '```ts', 'a;', '```', '```json', '{}', '```', '```tsx title="b"', 'b;', '```'].join('\n');
  expect(blocksOf(new Map([['a.md', markdown]]))).toEqual([
    { path: 'a.md', line: 3, language: 'ts', code: 'a;\n' },
    { path: 'a.md', line: 9, language: 'tsx', code: 'b;\n' },
  ]);
});
