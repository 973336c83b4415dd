import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { BaseSequencer, type BrowserProviderOption, type TestSpecification } from 'vitest/node';
import type { FoundChromium } from './scripts/chromium.mjs';
import { ENGINES, type EngineName, type FoundEngines, findEngine } from './scripts/engines/index.mjs';
import { firefoxProvider, privateWebkitProvider, webkitProvider } from './test/engines/provider.ts';

/** `--project a --project=b` on the command line; none means all. A run without the browser projects needs no browser. */
const chosen = process.argv.flatMap((word, index, all) =>
  word === '--project' ? [all[index + 1]] : word.startsWith('--project=') ? [word.slice('--project='.length)] : [],
);
const isChosen = (name: string): boolean => chosen.length === 0 || chosen.includes(name);

const node = {
  name: 'node',
  environment: 'node',
  // A process for each file would load the same modules 200 times: half of the processor time of most of them.
  isolate: false,
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

/** They start the built server as a child process and drive a browser: run after `npm run build`. */
const endToEnd = { environment: 'node', testTimeout: 180_000, hookTimeout: 120_000, fileParallelism: false };
const EVERY_ENGINE = 'test/e2e/engines*.e2e.test.ts';
/** They hold the product to times, or measure memory: nothing else runs beside them. */
const ALONE = 'test/e2e/{bench,memory,tabs,vaultTabs}.e2e.test.ts';
const e2e = {
  ...endToEnd,
  name: 'e2e',
  include: ['test/e2e/**/*.e2e.test.ts'],
  exclude: [EVERY_ENGINE, ALONE],
  fileParallelism: true,
};
const e2eAlone = { ...endToEnd, name: 'e2e-alone', include: [ALONE] };
const e2eIn = (engine: EngineName): TestProjectInlineConfiguration => {
  const older = engine === 'chromium-old' ? { INDELIBLE_CHROMIUM_SOURCE: 'npm' } : {};
  const env = { INDELIBLE_ENGINE: engine, ...older };
  // The newest Chromium is killed far more often in `crash.e2e.test.ts`.
  const harder = engine === 'chromium' ? ['test/e2e/enginesCrash.e2e.test.ts'] : [];
  const exclude = [...harder, ...(engine === 'webkit' ? [] : ['test/e2e/*.webkit.e2e.test.ts'])];
  // After the browser tests of the same engine: two browsers at once would wait for each other on a small machine.
  const sequence = { groupOrder: 2 };
  return { test: { ...endToEnd, name: `e2e-${engine}`, include: [EVERY_ENGINE], exclude, env, sequence } };
};

// Found late, a dependency makes the page reload in the middle of a test: all are named before the first one starts.
const optimizeDeps = {
  include: [
    'dexie',
    'fast-check',
    'react',
    'react-dom/client',
    'react-dom/server',
    'rxjs',
    'rxjs/operators',
    'xstate',
    'zod',
    '@noble/ciphers/chacha.js',
    'hash-wasm',
    '@hpke/core',
    'shamir-secret-sharing',
    '@noble/curves/ed25519.js',
    '@noble/hashes/argon2.js',
    '@xstate/react',
    '@noble/hashes/hmac.js',
    '@noble/hashes/sha2.js',
    '@noble/hashes/utils.js',
  ],
};

type InBrowser = {
  readonly name: string;
  /** Projects of one number run at the same time, after those of a lower one. */
  readonly groupOrder?: number;
  readonly browser: 'chromium' | 'firefox' | 'webkit';
  readonly provider: BrowserProviderOption;
  /** Files that this project leaves to another one of the same engine. */
  readonly without?: readonly string[];
};

/** The browser tests in one engine. Those that need the DevTools protocol run in Chromium alone. */
const inBrowser = ({
  name,
  browser,
  provider,
  groupOrder = 0,
  without = [],
}: InBrowser): TestProjectInlineConfiguration => ({
  test: {
    name,
    include: ['test/browser/**/*.browser.test.ts'],
    exclude: [...without, ...(browser === 'chromium' ? [] : ['test/browser/**/*.chromium.browser.test.ts'])],
    testTimeout: 60_000,
    fileParallelism: false,
    sequence: { groupOrder },
    browser: { enabled: true, headless: true, screenshotFailures: false, instances: [{ browser }], provider },
  },
  optimizeDeps,
});

const chromiumProvider = ({ path, args, env }: FoundChromium) =>
  playwright({ launchOptions: { executablePath: path, args: [...args], env } });

/** The vitest projects of each engine. WebKit has two: its database on disk, and in memory as in a private window. */
const PROJECTS: { readonly [Name in EngineName]: (found: FoundEngines[Name]) => readonly InBrowser[] } = {
  chromium: (found) => [{ name: 'browser', browser: 'chromium', provider: chromiumProvider(found) }],
  'chromium-old': (found) => [
    {
      name: 'browser-chromium-old',
      browser: 'chromium',
      provider: chromiumProvider(found),
      // This build ends when it is given a simulated authenticator.
      without: ['test/browser/keys/passkeys.chromium.browser.test.ts'],
    },
  ],
  firefox: (found) => [{ name: 'browser-firefox', browser: 'firefox', provider: firefoxProvider(found) }],
  webkit: (found) => [
    { name: 'browser-webkit', browser: 'webkit', provider: webkitProvider(found) },
    {
      name: 'browser-webkit-private',
      browser: 'webkit',
      provider: privateWebkitProvider(found),
      groupOrder: 1,
      // The two that try a fault at every step: long, and whole on disk.
      without: ['test/browser/storage/{conformance,archives}.browser.test.ts'],
    },
  ],
};

const NAMES: { readonly [Name in EngineName]: readonly string[] } = {
  chromium: ['browser', 'e2e-chromium'],
  'chromium-old': ['browser-chromium-old', 'e2e-chromium-old'],
  firefox: ['browser-firefox', 'e2e-firefox'],
  webkit: ['browser-webkit', 'browser-webkit-private', 'e2e-webkit'],
};

/** The projects of an engine that are asked for. Missing, it fails a run that names one of them, and is left out otherwise. */
const projectsOf = async <Name extends EngineName>(name: Name): Promise<readonly TestProjectInlineConfiguration[]> => {
  if (!NAMES[name].some(isChosen)) return [];
  const { found, advice } = await findEngine(name);
  if (found === undefined && (chosen.length > 0 || name === 'chromium')) throw new Error(advice);
  if (found === undefined) return [];
  return [...PROJECTS[name](found).map(inBrowser), e2eIn(name)];
};

const engines = await Promise.all(ENGINES.map((name) => projectsOf(name)));

/** They take a minute and more: begun first, none of them goes on alone when the others have ended. */
const LONG = /(crash\.e2e|customStorage\.e2e|simulation\/world|sqlite\.node|dexie\.node|dexie\.upgrade)(\.test)?\.ts$/;

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    const long = others.filter(({ moduleId }) => LONG.test(moduleId));
    return [...long, ...others.filter((file) => !long.includes(file))];
  }
}

export default defineConfig({
  test: {
    allowOnly: false,
    sequence: { sequencer: LongestFirst },
    passWithNoTests: false,
    projects: [{ test: node }, ...engines.flat(), { test: e2e }, { test: e2eAlone }],
  },
});
