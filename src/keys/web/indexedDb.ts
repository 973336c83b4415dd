/**
 * A vault in IndexedDB, in a small database of its own: locked or lost, it never stands in the way of the log. Each call
 * opens it and closes it again, so that no tab blocks another. Law: `vaultStorage.browser`.
 */
import { StoreError } from '../../core/errors.ts';
import { maySwap, type VaultStorage } from '../storage.ts';
import { inTransaction, type SmallDatabase } from './transaction.ts';

const STORE = 'vault';
const KEY = 'vault';

const bytesOf = (value: unknown): Uint8Array<ArrayBuffer> | undefined => {
  if (value === undefined) return undefined;
  if (!(value instanceof Uint8Array)) throw new StoreError('vault.malformed', { what: 'kind' });
  return Uint8Array.from(value);
};

/** @param name  of the application's database; the vault's own is called `name:vault` */
export const indexedDbVault = (name: string): VaultStorage => {
  const own: SmallDatabase = {
    name: `${name}:vault`,
    version: 1,
    table: STORE,
    prepare: ({ db }) => void db.createObjectStore(STORE),
  };
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
