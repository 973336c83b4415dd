/** Builds the app for the server's content security policy: own scripts and styles only, nothing inline, no eval. */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const WORKER = 'service-worker';
const input = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Tells the service worker which files there are. */
const listFiles = (): Plugin => ({
  name: 'list-files',
  enforce: 'post',
  generateBundle: (_options, bundle) => {
    const worker = bundle[`${WORKER}.js`];
    if (worker?.type !== 'chunk') throw new Error('the service worker was not built');
    const page = bundle['index.html'];
    if (page?.type !== 'asset') throw new Error('the page was not built');
    const files = Object.keys(bundle)
      .filter((name) => name.startsWith('assets/'))
      .sort();
    const name = createHash('sha256').update(JSON.stringify(files)).update(page.source).digest('hex').slice(0, 16);
    worker.code = `const BUILD=${JSON.stringify({ files, name })};${worker.code}`;
  },
});

export default defineConfig({
  plugins: [react(), listFiles()],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1_000,
    rollupOptions: {
      input: { index: input('index.html'), [WORKER]: input('serviceWorker.ts') },
      output: {
        entryFileNames: ({ name }) => (name === WORKER ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: { proxy: { '/v1': 'http://127.0.0.1:8042' } },
});
