/** Builds any of the examples over the built package: `npx vite build examples/react --config examples/vite.config.ts`. */
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import react from '@vitejs/plugin-react';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

const built = (path: string): string => fileURLToPath(new URL(`../dist/${path}`, import.meta.url));

export default defineConfig({
  plugins: [react(), svelte(), vue()],
  resolve: {
    alias: [
      { find: /^indelible$/, replacement: built('index.js') },
      { find: /^indelible\/react$/, replacement: built('react/index.js') },
    ],
  },
  oxc: { decorator: { legacy: true } },
  build: { target: 'es2022', emptyOutDir: true },
});
