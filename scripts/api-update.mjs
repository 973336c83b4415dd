/** Writes the reviewed lists of exported names anew. Look at the difference before it is committed. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LISTS = join(ROOT, 'test', 'tidy', 'api');

const load = async (path) => (await runnerImport(join(ROOT, path), { root: ROOT, configFile: false })).module;
const { entries, listName, render, surfaceOf } = await load('test/tidy/api.ts');
const { readProduct } = await load('test/tidy/source.ts');

const sources = readProduct();
mkdirSync(LISTS, { recursive: true });
for (const file of readdirSync(LISTS)) rmSync(join(LISTS, file));
for (const [entry, path] of entries()) {
  if (!sources.has(path)) {
    console.error(`${entry}: ${path} is not there`);
    continue;
  }
  const surface = surfaceOf(sources, path);
  writeFileSync(join(LISTS, listName(entry)), render(surface));
  console.log(`${entry}: ${surface.size} names`);
}
