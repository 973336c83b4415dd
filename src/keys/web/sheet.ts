/**
 * The key sheet in IndexedDB, in a small database of its own. Tabs tell each other of changes, so that none goes on with a
 * key that another has destroyed. Law: `sheetLaws`, in a browser.
 */
import { StoreError } from '../../core/errors.ts';
import { type KeyId, keyId } from '../../core/ids.ts';
import { isRecord } from '../../core/json.ts';
import { type KeySheetStorage, maySucceed, type SheetRow } from '../sheet.ts';
import { inTransaction, type SmallDatabase } from './transaction.ts';

const TABLE = 'sheet';
const SCOPE = 'scope';

const prepare = (database: IDBDatabase): void => {
  database.createObjectStore(TABLE, { keyPath: 'id' }).createIndex(SCOPE, SCOPE, { unique: true });
};

const rowOf = (value: unknown): SheetRow | undefined => {
  if (value === undefined) return undefined;
  const { id, scope, under, version, wrap } = isRecord(value) ? value : {};
  const isSound = typeof id === 'string' && typeof under === 'string' && typeof scope === 'string';
  if (!isSound || typeof version !== 'number') throw new StoreError('key.data-malformed', { what: 'row' });
  if (wrap !== undefined && !(wrap instanceof Uint8Array)) throw new StoreError('key.data-malformed', { what: 'row' });
  return { id: keyId(id), scope, under: keyId(under), version, wrap: wrap && Uint8Array.from(wrap) };
};

/** @param name  of the application's database; the sheet's own is called `name:keys` */
export const indexedDbSheet = (name: string): KeySheetStorage => {
  const own: SmallDatabase = { name: `${name}:keys`, table: TABLE, prepare };
  let channel: BroadcastChannel | undefined;
  const listeners = new Set<() => void>();
  const heard = (): BroadcastChannel => {
    channel ??= new BroadcastChannel(`indelible:keys:${name}`);
    return channel;
  };
  const told = (changed: boolean | undefined): boolean => {
    if (changed === true) heard().postMessage('changed');
    if (listeners.size === 0) close();
    return changed === true;
  };
  const close = (): void => {
    channel?.close();
    channel = undefined;
  };
  const one = async (find: (store: IDBObjectStore) => IDBRequest<unknown>): Promise<SheetRow | undefined> =>
    rowOf(
      await inTransaction<unknown>(own, 'readonly', (store, give) => {
        const request = find(store);
        request.onsuccess = () => give(request.result);
      }),
    );
  return {
    byId: (id: KeyId) => one((store) => store.get(id)),
    byScope: (scope) => one((store) => store.index(SCOPE).get(scope)),
    add: async (row) =>
      told(
        await inTransaction<boolean>(own, 'readwrite', (store, give) => {
          const [byId, byScope] = [store.get(row.id), store.index(SCOPE).get(row.scope)];
          byScope.onsuccess = () => {
            const may = byId.result === undefined && byScope.result === undefined;
            if (may) store.add(row);
            give(may);
          };
        }),
      ),
    replace: async (row) =>
      told(
        await inTransaction<boolean>(own, 'readwrite', (store, give) => {
          const request = store.get(row.id);
          request.onsuccess = () => {
            const may = maySucceed(rowOf(request.result), row);
            if (may) store.put(row);
            give(may);
          };
        }),
      ),
    onForeignChange: (listener) => {
      listeners.add(listener);
      heard().onmessage = () => {
        for (const each of [...listeners]) each();
      };
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) close();
      };
    },
  };
};
