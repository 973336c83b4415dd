/** What a page loads first, and what it loads when that is asked for. */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { PARTS } from '../../../src/store/parts.ts';
import { ROOT } from '../../tidy/source.ts';

const { metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: ['src/index.ts'],
  packages: 'external',
  bundle: true,
  write: false,
  splitting: true,
  metafile: true,
  format: 'esm',
  platform: 'browser',
  outdir: 'bench-results',
});

/** Files that come with the first one, by static imports alone. */
const first = new Set<string>();
const late = new Set<string>();
const follow = (path: string): void => {
  if (first.has(path)) return;
  first.add(path);
  for (const { path: next, kind } of metafile.inputs[path]?.imports ?? []) {
    if (!(next in metafile.inputs)) continue;
    if (kind === 'import-statement') follow(next);
    if (kind === 'dynamic-import') late.add(next);
  }
};
follow('src/index.ts');

it('a page that opens, records and reads loads nothing of verify, export, sync, health, packing, curves, or of views and processors that it has not [BEN-04]', () => {
  const notFirst = [...first].filter((path) =>
    /^src\/(verify|export|crypto\/curve|sync\/(runner|exchange|http|protocol)|store\/(checks|health\.|healthText|syncing)|storage\/(memory|dexie\/(pack|sweep|rescue))|projections\/(groups|table|sortedIndex|query)|streams\/(housework|liveView|liveQuery|past\.|processing))/.test(
      path,
    ),
  );
  expect(notFirst).toEqual([]);
  expect(first.has('src/store/session.ts')).toBe(true);
});

it('whatever is loaded late can be loaded ahead, under its own name [BEN-04]', () => {
  const text = readFileSync(posix.join(ROOT, 'src/store/parts.ts'), 'utf8');
  const named = [...text.matchAll(/import\('([^']+)'\)/g)].map(([, path = '']) => posix.join('src/store', path));
  // the fast hash is loaded where it is used, and done without where it cannot be had
  const expected = [...late].filter((path) => path !== 'src/crypto/wasmSha256.ts');
  expect(named.sort()).toEqual(expected.sort());
  expect(Object.keys(PARTS)).toHaveLength(named.length);
});

it('no file asks for all of zod: its own name for itself brings every language of its messages [BEN-04]', () => {
  const asking = Object.keys(metafile.inputs).filter((path) =>
    /^import \{[^}]*\bz\b[^}]*\} from 'zod'/m.test(readFileSync(posix.join(ROOT, path), 'utf8')),
  );
  expect(asking).toEqual([]);
});
