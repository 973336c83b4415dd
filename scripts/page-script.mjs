/** Bundles a page of the tests or of the bench as one script, as an application's production build would hold the library. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** What every bundle for a browser shares. */
export const FOR_BROWSERS = {
  absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  target: 'es2023',
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
};

/** The script of one entry, named from the root of the repository. */
export const pageScript = async (entry, { minify = false } = {}) => {
  const { outputFiles } = await build({ ...FOR_BROWSERS, entryPoints: [entry], minify });
  return outputFiles.map(({ text }) => text).join('');
};
