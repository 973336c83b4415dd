/**
 * A vault in IndexedDB, in a small database of its own: locked or lost, it never stands in the way of the log. Each call
 * opens it and closes it again, so that no tab blocks another. Law: `vaultStorage.browser`.
 */
import { StoreError } from '../../core/errors.ts';
import { maySwap, type VaultStorage } from '../storage.ts';

const STORE = 'vault';
const KEY = 'vault';

const failed = (cause: unknown): StoreError => {
  const isFull = cause instanceof DOMException && cause.name === 'QuotaExceededError';
  return new StoreError(isFull ? 'storage.quota-exceeded' : 'storage.failed', {}, { cause });
};

const opened = (name: string): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    if (typeof indexedDB === 'undefined') {
      reject(new StoreError('storage.unavailable'));
      return;
    }
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(failed(request.error));
    request.onblocked = () => reject(new StoreError('storage.blocked'));
  });

type Work<T> = (store: IDBObjectStore, give: (result: T) => void) => void;

/** One transaction: resolves after it is durable, with what was given; whatever `work` throws aborts it. */
const inTransaction = async <T>(name: string, mode: IDBTransactionMode, work: Work<T>): Promise<T | undefined> => {
  const database = await opened(name);
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: 'strict' });
      let result: T | undefined;
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = () => reject(failed(transaction.error));
      work(transaction.objectStore(STORE), (given) => {
        result = given;
      });
    });
  } finally {
    database.close();
  }
};

const bytesOf = (value: unknown): Uint8Array<ArrayBuffer> | undefined => {
  if (value === undefined) return undefined;
  if (!(value instanceof Uint8Array)) throw new StoreError('vault.malformed', { what: 'kind' });
  return Uint8Array.from(value);
};

/** @param name  of the application's database; the vault's own is called `name:vault` */
export const indexedDbVault = (name: string): VaultStorage => {
  const own = `${name}:vault`;
  return {
    read: async () =>
      bytesOf(
        await inTransaction<unknown>(own, 'readonly', (store, give) => {
          const request = store.get(KEY);
          request.onsuccess = () => give(request.result);
        }),
      ),
    swap: async (expected, next) => {
      const swapped = await inTransaction<boolean>(own, 'readwrite', (store, give) => {
        const request = store.get(KEY);
        request.onsuccess = () => {
          const stored: unknown = request.result;
          const may = (stored === undefined || stored instanceof Uint8Array) && maySwap(expected, stored);
          if (may) store.put(next, KEY);
          give(may);
        };
      });
      return swapped === true;
    },
  };
};
