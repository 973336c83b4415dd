/** Databases of a test in the browser: named apart from all others, and removed afterwards. */
import { watchdog } from '../../../src/storage/dexie/watchdog.ts';
import type { StorageAdapter } from '../../../src/storage/port.ts';
import { systemScheduler } from '../../../src/store/platform.ts';

/** The same adapter under other names. */
export const prefixed = (adapter: StorageAdapter, prefix: string): StorageAdapter => ({
  open: (name) => adapter.open(`${prefix}${name}`),
});

/** How the tests open a connection beside the adapter. */
export const CONNECTION = {
  durability: 'strict',
  wanted: 'any',
  page: undefined,
  scheduler: systemScheduler,
  watch: watchdog(systemScheduler, 10_000),
} as const;

const done = (request: IDBOpenDBRequest): Promise<void> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });

export const removeDatabase = (name: string): Promise<void> => done(indexedDB.deleteDatabase(name));

/** The browser's own connection to an existing database. */
export const openNative = async (name: string, version?: number): Promise<IDBDatabase> => {
  const request = indexedDB.open(name, version);
  await done(request);
  return request.result;
};

let named = 0;

/** Runs a test with a database name of its own, which is removed whatever happens. */
export const withName = async (work: (name: string) => Promise<void>): Promise<void> => {
  const name = `storage-${Date.now()}-${++named}`;
  try {
    await work(name);
  } finally {
    await removeDatabase(name);
  }
};
