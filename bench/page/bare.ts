/** The baseline: bare IndexedDB, one record per event, one index on [agg, ver], strict durability. Nothing is checked. */
import type { BareRecord } from './event.ts';

const STORE = 'events';

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export const openBare = (name: string): Promise<IDBDatabase> => {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE, { keyPath: 'seq' }).createIndex('stream', ['agg', 'ver']);
  };
  return settled(request);
};

/** Adds records in one transaction; resolves when it is complete. */
export const addBare = (database: IDBDatabase, records: readonly BareRecord[], ask: 'commit' | 'wait' = 'wait') =>
  new Promise<void>((resolve, reject) => {
    const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' });
    const store = transaction.objectStore(STORE);
    for (const record of records) store.add(record);
    if (ask === 'commit') transaction.commit();
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });

export const readAllBare = (database: IDBDatabase): Promise<readonly unknown[]> =>
  settled(database.transaction(STORE, 'readonly').objectStore(STORE).getAll());

export const dropDatabase = async (name: string): Promise<void> => {
  await settled(indexedDB.deleteDatabase(name));
};
