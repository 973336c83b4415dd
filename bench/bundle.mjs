/** Bundles the page and measures the size of the browser core. */
import { basename, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { FOR_BROWSERS, pageScript } from '../scripts/page-script.mjs';

/** The bench page's script, as an application's production build would hold the library. `readable` keeps names for profiles. */
export const bundlePage = ({ readable = false } = {}) => pageScript('bench/page/main.ts', { minify: !readable });

const WORKERS = ['src/worker/sealing.worker.ts', 'src/keys/web/argon2.worker.ts'];

/** The workers' scripts by the paths under which the library asks for them, beside the page's. */
export const bundleWorkers = async () => {
  const scripts = await Promise.all(WORKERS.map((entry) => pageScript(entry, { minify: true })));
  return Object.fromEntries(WORKERS.map((entry, at) => [`/${basename(entry)}`, scripts[at]]));
};

const zipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** The entry and every piece that it imports at once; a piece that is loaded on demand does not count. */
const initialFiles = (outputs, entry, found = new Set()) => {
  if (found.has(entry)) return found;
  found.add(entry);
  for (const { path, kind } of outputs[entry]?.imports ?? []) {
    if (kind === 'import-statement' && path in outputs) initialFiles(outputs, path, found);
  }
  return found;
};

/** Bytes of the first files: each zipped by itself, and all as one. */
const initialSize = async (options) => {
  const splitting = { splitting: true, metafile: true, outdir: 'bench-results', minify: true };
  const { outputFiles, metafile } = await build({ ...FOR_BROWSERS, ...splitting, ...options });
  // pieces that are loaded on demand are entries to esbuild as well
  const isEntry = (path) => options.entryPoints.includes(metafile.outputs[path].entryPoint);
  const entry = Object.keys(metafile.outputs).find(isEntry);
  const files = [...initialFiles(metafile.outputs, entry)].map((path) => resolve(FOR_BROWSERS.absWorkingDir, path));
  const first = outputFiles.filter(({ path }) => files.includes(path)).map(({ contents }) => contents);
  return { apart: first.reduce((total, bytes) => total + zipped(bytes), 0), together: zipped(Buffer.concat(first)) };
};

/** Bytes of the entry `src/index.ts`, minified and gzipped: without and with the packages it depends on. */
export const coreSize = async () => {
  const entryPoints = ['src/index.ts'];
  const [own, total] = await Promise.all([
    initialSize({ entryPoints, packages: 'external' }),
    initialSize({ entryPoints }),
  ]);
  return { own: own.apart, together: own.together, total: total.apart };
};
