/** The page under the kill, as one script. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const bundlePage = async (): Promise<string> => {
  const entry = fileURLToPath(new URL('./page.ts', import.meta.url));
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'warning',
  });
  return outputFiles.map(({ text }) => text).join('');
};
