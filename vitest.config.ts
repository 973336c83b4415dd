import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { findChromium } from './scripts/chromium.mjs';

/** `--project a --project=b` on the command line; none means all. A run without the browser project needs no browser. */
const chosen = process.argv.flatMap((word, index, all) =>
  word === '--project' ? [all[index + 1]] : word.startsWith('--project=') ? [word.slice('--project='.length)] : [],
);
const browserIsChosen = chosen.length === 0 || chosen.includes('browser');
const chromium = browserIsChosen ? await findChromium() : undefined;

const node = {
  name: 'node',
  environment: 'node',
  include: [
    'test/unit/**/*.test.ts',
    'test/properties/**/*.test.ts',
    'test/conformance/**/*.node.test.ts',
    'test/simulation/**/*.test.ts',
    'test/tidy/**/*.test.ts',
    'test/docs/**/*.test.ts',
    'test/types/**/*.test.ts',
  ],
  testTimeout: 60_000,
};

const browser = {
  name: 'browser',
  include: ['test/browser/**/*.browser.test.ts'],
  testTimeout: 60_000,
  fileParallelism: false,
  browser: {
    enabled: true,
    headless: true,
    screenshotFailures: false,
    instances: [{ browser: 'chromium' as const }],
    provider: playwright({
      launchOptions: chromium ? { executablePath: chromium.path, args: [...chromium.args], env: chromium.env } : {},
    }),
  },
};

/** The tests start the built server as a child process and drive a browser: run after `npm run build`. */
const e2e = {
  name: 'e2e',
  environment: 'node',
  include: ['test/e2e/**/*.e2e.test.ts'],
  testTimeout: 180_000,
  hookTimeout: 120_000,
  fileParallelism: false,
};

export default defineConfig({
  test: {
    allowOnly: false,
    passWithNoTests: false,
    projects: [
      { test: node },
      {
        test: browser,
        // Found late, a dependency makes the page reload in the middle of a test: all are named before the first one starts.
        optimizeDeps: {
          include: [
            'dexie',
            'fast-check',
            'rxjs',
            'rxjs/operators',
            'xstate',
            'zod',
            '@noble/hashes/sha2.js',
            '@noble/hashes/utils.js',
          ],
        },
      },
      { test: e2e },
    ],
  },
});
