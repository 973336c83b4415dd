import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERROR_TEXT } from '../../src/core/errors.ts';

const sources = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.tsx?$/.test(entry.name) && !path.endsWith(join('core', 'errors.ts')) ? [readFileSync(path, 'utf8')] : [];
  });

/** `docs/errors.md` as the table of codes gives it. */
const documented = (): ReadonlyMap<string, string> =>
  new Map(
    [...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `([a-z.-]+)` \| (.*) \|$/gm)].map(
      ([, code = '', text = '']) => [code, text],
    ),
  );

describe('error codes [FMT-12]', () => {
  test('documents each code with the sentence that people see [FMT-12]', () => {
    expect(Object.fromEntries(documented())).toEqual({ ...ERROR_TEXT });
  });

  test('has no code that nothing raises [FMT-12]', () => {
    const text = sources('src').join('\n');
    const unused = Object.keys(ERROR_TEXT).filter((code) => {
      const raised = text.split(`'${code}'`).length - 1;
      return raised <= (text.includes(`'${code}':`) ? 1 : 0);
    });
    expect(unused).toEqual([]);
  });
});
