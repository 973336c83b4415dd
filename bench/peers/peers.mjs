/** The stores that are compared, each with what its defaults promise and what is not like the others' work. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pageScript } from '../../scripts/page-script.mjs';
import { bundleWorkers } from '../bundle.mjs';

const here = createRequire(import.meta.url);

/** Of a package whose exports hide its description: found beside its entry. */
const versionOf = (name) => {
  let folder = dirname(here.resolve(name));
  for (;;) {
    try {
      const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (found.name === name) return found.version;
    } catch {}
    if (folder === dirname(folder)) throw new Error(`no description of ${name}`);
    folder = dirname(folder);
  }
};

const page = (name) => pageScript(`bench/peers/pages/${name}.mjs`, { minify: true });
const nothing = async () => ({});

const sqliteFiles = async () => ({
  '/sqlite.worker.js': await page('sqlite.worker'),
  '/sqlite3.wasm': readFileSync(here.resolve('@sqlite.org/sqlite-wasm/sqlite3.wasm')),
});

const livestoreFiles = async () => ({
  '/livestore.worker.js': await page('livestore.worker'),
  '/livestore.shared.js': await pageScript(here.resolve('@livestore/adapter-web/shared-worker'), { minify: true }),
  '/wa-sqlite.wasm': readFileSync(here.resolve('@livestore/wa-sqlite/dist/wa-sqlite.wasm')),
});

export const PEERS = [
  {
    id: 'indelible',
    name: 'Indelible',
    version: async () => JSON.parse(readFileSync(here.resolve('../../package.json'), 'utf8')).version,
    files: bundleWorkers,
    durability: 'strict',
    differs: 'validates, decides, hashes, chains, signs and encrypts at rest; nothing of this is done by another row',
  },
  {
    id: 'bare',
    name: 'bare IndexedDB',
    version: async () => '',
    files: nothing,
    durability: 'strict',
    differs: 'no subscriptions: a query of the aggregate after each write stands for them',
  },
  {
    id: 'dexie',
    name: 'Dexie',
    version: async () => versionOf('dexie'),
    files: nothing,
    durability: 'relaxed (its default)',
    differs: 'a live query may be called before the commit',
  },
  {
    id: 'rxdb',
    name: 'RxDB, Dexie storage',
    version: async () => versionOf('rxdb'),
    files: nothing,
    durability: 'relaxed',
    differs: 'keeps revisions and an index more',
  },
  {
    id: 'pouchdb',
    name: 'PouchDB, idb',
    version: async () => versionOf('pouchdb-browser'),
    files: nothing,
    durability: 'relaxed',
    differs: 'keeps a revision tree; no index on the aggregate, one changes feed for all subscribers',
  },
  {
    id: 'tinybase',
    name: 'TinyBase, IndexedDB persister',
    version: async () => versionOf('tinybase'),
    files: nothing,
    durability: 'relaxed',
    differs: 'all in memory, and each save writes the whole store; called back from memory, before anything is stored',
  },
  {
    id: 'sqlite',
    name: 'SQLite-WASM, OPFS pool',
    version: async () => versionOf('@sqlite.org/sqlite-wasm'),
    files: sqliteFiles,
    durability: 'synchronous FULL (its default)',
    differs: 'no subscriptions: a query after each write; one tab at a time',
  },
  {
    id: 'livestore',
    name: 'LiveStore, OPFS',
    version: async () => versionOf('@livestore/livestore'),
    files: livestoreFiles,
    durability: 'until the leader confirms',
    differs:
      'events become rows of SQLite both in the page and in a worker; called back from memory, before the leader has confirmed',
  },
];

/** The page's script and what else it asks for. */
export const bundlePeer = async ({ id, files }) => ({ page: await page(id), workers: await files() });
