/** The product with one thing changed: whatever tests it has to notice. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

export type Mutant = {
  readonly name: string;
  readonly file: string;
  /** What stands in the file, once, and what stands there instead. */
  readonly from: string;
  readonly to: string;
};

const ROOT = new URL('../../', import.meta.url);
/** Where a bundle finds the packages that it leaves out, and is run as it is. */
const PLACE = new URL('node_modules/.indelible-mutant-', ROOT).pathname;

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Bundles a module over the changed product, and loads it. @param entry  its path from the root of the repository */
export const withMutant = async <M, T>(
  { file, from, to }: Mutant,
  entry: string,
  work: (module: M) => Promise<T>,
): Promise<T> => {
  const folder = await mkdtemp(PLACE);
  const wanted = new URL(file, ROOT).pathname;
  try {
    const { outputFiles } = await build({
      ...{ absWorkingDir: ROOT.pathname, entryPoints: [entry], bundle: true, write: false },
      ...{ format: 'esm', platform: 'node', packages: 'external', logLevel: 'error' },
      plugins: [
        {
          name: 'mutant',
          setup: ({ onLoad }) => {
            onLoad({ filter: new RegExp(`^${escaped(wanted)}$`) }, async ({ path }) => {
              const parts = (await readFile(path, 'utf8')).split(from);
              if (parts.length !== 2) throw new Error(`${file} does not hold once what the mutant changes`);
              return { contents: parts.join(to), loader: 'ts' };
            });
          },
        },
      ],
    });
    const bundle = join(folder, 'module.mjs');
    await writeFile(bundle, outputFiles[0]?.text ?? '');
    return await work(await import(/* @vite-ignore */ pathToFileURL(bundle).href));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
