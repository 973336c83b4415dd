/**
 * The direction of imports, in one place. A file belongs to the first layer whose pattern matches it. It imports from its own
 * layer, from every layer of a lower level (or, where `only` is given, from those named there alone), and from the layers
 * named in `also`. Type-only imports count: what a file needs to be understood is what it depends on.
 */
export interface Layer {
  readonly name: string;
  readonly level: number;
  readonly files: RegExp;
  /** Lower layers that may be imported; all of them when absent. */
  readonly only?: readonly string[];
  /** Layers of the same level that may be imported. */
  readonly also?: readonly string[];
  /** Outside packages, by name or scope; `node:` stands for every module of Node. */
  readonly packages?: readonly string[];
}

const ADAPTER = 4;

export const LAYERS: readonly Layer[] = [
  { name: 'core/schema', level: 0, files: /^src\/core\/(schema|protect)\.ts$/, also: ['core'], packages: ['zod'] },
  { name: 'core', level: 0, files: /^src\/core\//, also: ['core/schema'] },

  {
    name: 'crypto',
    level: 1,
    files: /^src\/crypto\//,
    packages: ['@noble/', '@hpke/core', 'hash-wasm', 'shamir-secret-sharing'],
  },
  // The shipped aggregates bring the schemas of their events; what is signed is read by the code that verifies it.
  {
    name: 'machines/clinical',
    level: 1,
    files: /^src\/machines\/clinical\//,
    also: ['machines', 'crypto'],
    packages: ['xstate', 'zod'],
  },
  { name: 'machines', level: 1, files: /^src\/machines\//, packages: ['xstate'] },
  { name: 'projections/runner', level: 3, files: /^src\/projections\/runner\.ts$/ },
  { name: 'projections', level: 1, files: /^src\/projections\// },

  // What every platform has alike, for the adapters that are given none.
  { name: 'timers', level: ADAPTER, files: /^src\/timers\.ts$/, only: ['core'] },
  {
    name: 'storage/dexie',
    level: ADAPTER,
    files: /^src\/storage\/dexie\//,
    also: ['timers'],
    packages: ['dexie'],
  },
  { name: 'storage/sqlite', level: ADAPTER, files: /^src\/storage\/sqlite\//, also: ['timers'] },
  { name: 'storage', level: 2, files: /^src\/storage\//, only: ['core', 'core/schema', 'crypto'] },

  // Threads beside the page: what they do is facts, where it runs is the platform's.
  { name: 'worker', level: ADAPTER, files: /^src\/worker\//, only: ['core', 'core/schema', 'crypto'] },

  { name: 'keys/web', level: ADAPTER, files: /^src\/keys\/web\//, also: ['timers'] },
  { name: 'keys/file', level: ADAPTER, files: /^src\/keys\/file\.ts$/, packages: ['node:'] },
  { name: 'keys', level: 3, files: /^src\/keys\//, only: ['core', 'core/schema', 'crypto'], packages: ['@noble/'] },

  { name: 'streams', level: 3, files: /^src\/streams\//, also: ['projections/runner'], packages: ['rxjs', 'xstate'] },
  { name: 'sync/httpTransport', level: ADAPTER, files: /^src\/sync\/httpTransport\.ts$/ },
  { name: 'sync', level: 3, files: /^src\/sync\//, also: ['streams'], packages: ['rxjs', 'xstate', 'zod'] },

  {
    name: 'server',
    level: ADAPTER,
    files: /^src\/server\//,
    packages: ['hono', '@hono/node-server', '@electric-sql/pglite', 'pg', 'zod', 'node:'],
  },
  { name: 'odm', level: ADAPTER, files: /^src\/odm\//, packages: ['saxes'] },
  { name: 'telemetry', level: ADAPTER, files: /^src\/telemetry\//, packages: ['@opentelemetry/api'] },
  { name: 'rxdb', level: ADAPTER, files: /^src\/rxdb\//, packages: ['rxdb', 'rxjs'] },

  // The composition, in its own order. The auditor's check stands apart: it needs formats and proofs, never storage.
  { name: 'verify', level: 5, files: /^src\/verify\//, only: ['core', 'core/schema', 'crypto'] },
  { name: 'export', level: 5.1, files: /^src\/export\// },
  { name: 'store', level: 5.2, files: /^src\/store\//, packages: ['rxjs', 'xstate', 'zod'] },
  { name: 'store.ts', level: 5.3, files: /^src\/store\.ts$/, packages: ['rxjs', 'xstate', 'zod'] },
  { name: 'testing', level: 5.4, files: /^src\/testing\//, packages: ['fast-check', 'rxjs', 'xstate', 'zod'] },
  // Above the store, of whose types it is made; it imports nothing of it that runs.
  { name: 'react', level: 5.4, files: /^src\/react\//, packages: ['react', 'rxjs'] },
  { name: 'clinical', level: 5.35, files: /^src\/clinical\//, packages: ['rxjs'] },
  { name: 'clinical.ts', level: 5.5, files: /^src\/clinical\.ts$/ },
  { name: 'keys.ts', level: 5.5, files: /^src\/keys\.ts$/ },
  { name: 'sqlite.ts', level: 5.5, files: /^src\/sqlite\.ts$/ },
  { name: 'index.ts', level: 5.5, files: /^src\/index\.ts$/ },
  { name: 'cli', level: 5.6, files: /^src\/cli\//, packages: ['node:'] },
];

export const layerOf = (path: string, layers: readonly Layer[] = LAYERS): Layer | undefined =>
  layers.find(({ files }) => files.test(path));

/** The layers whose code takes clock, randomness, network and database as parameters. */
export const isPure = (layer: Layer): boolean => layer.level < ADAPTER || layer.name === 'verify';

export const mayImport = (from: Layer, to: Layer): boolean => {
  if (from.name === to.name || from.also?.includes(to.name) === true) return true;
  return to.level < from.level && (from.only === undefined || from.only.includes(to.name));
};

export const mayUsePackage = (from: Layer, specifier: string): boolean =>
  (from.packages ?? []).some(
    (name) => specifier === name || specifier.startsWith(/[/:]$/.test(name) ? name : `${name}/`),
  );
