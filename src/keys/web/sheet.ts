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

/** What tabs tell each other. The channel is open while somebody listens. */
const betweenTabs = (name: string) => {
  let channel: BroadcastChannel | undefined;
  const listeners = new Set<() => void>();
  const opened = (): BroadcastChannel => {
    channel ??= new BroadcastChannel(`indelible:keys:${name}`);
    return channel;
  };
  const closeUnused = (): void => {
    if (listeners.size > 0) return;
    channel?.close();
    channel = undefined;
  };
  return {
    told: (changed: boolean | undefined): boolean => {
      if (changed === true) opened().postMessage('changed');
      closeUnused();
      return changed === true;
    },
    onForeignChange: (listener: () => void) => {
      listeners.add(listener);
      opened().onmessage = () => {
        for (const each of [...listeners]) each();
      };
      return () => {
        listeners.delete(listener);
        closeUnused();
      };
    },
  };
};

/** @param name  of the application's database; the sheet's own is called `name:keys` */
export const indexedDbSheet = (name: string): KeySheetStorage => {
  const own: SmallDatabase = { name: `${name}:keys`, table: TABLE, prepare };
  const { told, onForeignChange } = betweenTabs(name);
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
    onForeignChange,
  };
};
