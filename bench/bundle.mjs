/** Bundles the page and measures the size of the browser core. */
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SHARED = {
  absWorkingDir: ROOT,
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  target: 'es2023',
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
};

const bundleOf = async (options) => (await build({ ...SHARED, ...options })).outputFiles[0].contents;

/** The bench page's script, as an application's production build would hold the library. `readable` keeps names for profiles. */
export const bundlePage = async ({ readable = false } = {}) =>
  Buffer.from(await bundleOf({ entryPoints: ['bench/page/main.ts'], minify: !readable })).toString('utf8');

const zipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** Bytes of the entry `src/index.ts`, minified and gzipped: without and with the packages it depends on. */
export const coreSize = async () => {
  const entry = { entryPoints: ['src/index.ts'], minify: true };
  const [own, total] = await Promise.all([bundleOf({ ...entry, packages: 'external' }), bundleOf(entry)]);
  return { own: zipped(own), total: zipped(total) };
};
