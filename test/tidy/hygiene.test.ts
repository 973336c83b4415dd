import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { defaultExportFaults, evasionFaults, lockFaults, lockGaps, textFaults } from './hygiene.ts';
import { CODE, ROOT, readFiles, readProduct } from './source.ts';

const TEXT = /(\.(ts|tsx|mts|mjs|js|css|html|json|md|yml|yaml|toml|xml|svg|txt)|(^|\/)(LICENSE|run|\.[\w.]+))$/;
const one = (path: string, text: string) => new Map([[path, text]]);

it('no file holds an open note, a machine path or a credential [HOU-09]', () => {
  expect(textFaults(readFiles('', TEXT))).toEqual([]);
});

it('an open note, a machine path, a private key and a token are found where they stand [HOU-09]', () => {
  const slash = '/';
  const wrong = [
    `// ${'TO'}${'DO'}: later`,
    `// ${'FIX'}${'ME'}`,
    `see ${slash}work/main/src`,
    `open '${slash}root/.cache'`,
    `open ${slash}home/ada/project`,
    `open ${slash}Users/ada/project`,
    `C:${'\\'}Users\\ada`,
    `-----BEGIN ${'PRIVATE'} KEY-----`,
    `token ghp${'_'}abcdefghijklmnopqrstuvwxyz`,
  ];
  for (const text of wrong) expect(textFaults(one('docs/a.md', `first\n${text}`)), text).toHaveLength(1);
  expect(textFaults(one('docs/a.md', 'first\nsecond\nXX' + 'X'))).toEqual(['docs/a.md:3 an open note']);
  const right = ['GET https://host/work/items', './root/a', 'test/home/ada', 'the todo list', 'network/work'];
  for (const text of right) expect(textFaults(one('docs/a.md', text)), text).toEqual([]);
});

it('the lock file names no address of a registry [HOU-09]', () => {
  expect(lockFaults(readFileSync(`${ROOT}package-lock.json`, 'utf8'))).toEqual([]);
  expect(lockFaults('{ "a": { "resolved": "https://registry.example/a.tgz" } }')).toHaveLength(1);
});

it('the lock file holds what every platform needs, so that a clean install succeeds [HOU-11]', () => {
  expect(lockGaps(readFileSync(`${ROOT}package-lock.json`, 'utf8'))).toEqual([]);
  const tool = { optionalDependencies: { 'tool-linux': '1.0.0', 'tool-darwin': '1.0.0' } };
  const packages = { '': { dependencies: { tool: '1' } }, 'node_modules/tool': tool, 'node_modules/tool-linux': {} };
  expect(lockGaps(JSON.stringify({ packages }))).toEqual(['node_modules/tool asks for tool-darwin']);
});

it('only named exports are used [HOU-07]', () => {
  expect(
    defaultExportFaults(new Map([...readProduct(), ...readFiles('app', CODE), ...readFiles('test', CODE)])),
  ).toEqual([]);
});

it('every form of a default export is found, and a tool configuration may have one [HOU-07]', () => {
  const wrong = [
    'export default 1;',
    'export default function f() {}',
    'const a = 1; export { a as default };',
    `export { default } from './a.ts';`,
    `export { a as default } from './a.ts';`,
  ];
  for (const text of wrong) expect(defaultExportFaults(one('src/core/a.ts', text)), text).toHaveLength(1);
  expect(defaultExportFaults(one('app/vite.config.ts', 'export default {};'))).toEqual([]);
  expect(defaultExportFaults(one('src/core/a.ts', `export const a = 1; export { b } from './b.ts';`))).toEqual([]);
});

it('no test is skipped, focused or left to do [HOU-07]', () => {
  expect(evasionFaults(readFiles('test', CODE))).toEqual([]);
});

it('every way to leave a test out is found [HOU-07]', () => {
  const wrong = [
    `it.skip('a', f);`,
    `it.only('a', f);`,
    `test.todo('a');`,
    `describe.skip('a', f);`,
    `it.skipIf(slow)('a', f);`,
    `it.each([1]).skip('a', f);`,
    `it.concurrent.only('a', f);`,
    `test.fails('a', f);`,
    `xit('a', f);`,
    `it('a', (context) => { context.skip(); });`,
  ];
  for (const text of wrong) expect(evasionFaults(one('test/unit/a.test.ts', text)), text).toHaveLength(1);
  expect(evasionFaults(one('test/unit/a.test.ts', `it.each([1])('a', f); rows.skip(3); page.only;`))).toEqual([]);
});
