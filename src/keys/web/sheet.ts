/**
 * The key sheet in IndexedDB, in a small database of its own. Tabs tell each other of changes, so that none goes on with a
 * key that another has destroyed. Law: `sheetLaws`, in a browser.
 */
import { StoreError } from '../../core/errors.ts';
import { type KeyId, keyId } from '../../core/ids.ts';
import { isRecord } from '../../core/json.ts';
import { asSent, type KeySheetStorage, mayReceive, type StoredRow, succeeding } from '../sheet.ts';
import { inTransaction, type SmallDatabase } from './transaction.ts';

const TABLE = 'sheet';
const MARKS = 'marks';
const SCOPE = 'scope';
/** An index over `live`: the wrapping key of a row that has a wrap. */
const LIVE = 'live';
/** An index over `unsent`, which a row has only while it is. */
const UNSENT = 'unsent';
const CURSOR = 'cursor';

const recordOf = ({ isUnsent, ...row }: StoredRow) => ({
  ...row,
  ...(isUnsent ? { [UNSENT]: 1 } : {}),
  ...(row.wrap === undefined ? {} : { [LIVE]: row.under }),
});

const malformed = () => new StoreError('key.data-malformed', { what: 'row' });

const rowOf = (value: unknown): StoredRow | undefined => {
  if (value === undefined) return undefined;
  const { id, scope, under, version, wrap, revision, unsent } = isRecord(value) ? value : {};
  if (typeof id !== 'string' || typeof under !== 'string' || typeof scope !== 'string') throw malformed();
  if (typeof version !== 'number' || typeof revision !== 'number') throw malformed();
  if (wrap !== undefined && !(wrap instanceof Uint8Array)) throw malformed();
  const bytes = wrap && Uint8Array.from(wrap);
  return { id: keyId(id), scope, under: keyId(under), version, wrap: bytes, revision, isUnsent: unsent === 1 };
};

const keysOf = (keys: readonly IDBValidKey[] = []): readonly KeyId[] =>
  keys.flatMap((key) => (typeof key === 'string' ? [keyId(key)] : []));

const rowsOf = (value: unknown): readonly StoredRow[] =>
  (Array.isArray(value) ? value : []).flatMap((each) => rowOf(each) ?? []);

/** Version 1 had one row for each scope, and nothing that was sent. */
const sendAll = (table: IDBObjectStore, change: (row: Record<string, unknown>) => object): void => {
  const walk = table.openCursor();
  walk.onsuccess = () => {
    const found = walk.result;
    if (found === null) return;
    const row: unknown = found.value;
    if (isRecord(row)) found.update(change(row));
    found.continue();
  };
};

const prepare = (transaction: IDBTransaction, before: number): void => {
  const { db } = transaction;
  db.createObjectStore(MARKS);
  const table = before === 0 ? db.createObjectStore(TABLE, { keyPath: 'id' }) : transaction.objectStore(TABLE);
  if (before > 0) table.deleteIndex(SCOPE);
  table.createIndex(SCOPE, SCOPE);
  table.createIndex(UNSENT, UNSENT);
  table.createIndex(LIVE, LIVE);
  sendAll(table, (row) => {
    const live = row['wrap'] === undefined ? {} : { [LIVE]: row['under'] };
    return { ...row, ...live, revision: 0, [UNSENT]: 1 };
  });
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

/** What is read and written in one transaction over one row. */
const oneRow =
  (own: SmallDatabase) => async (id: KeyId, next: (stored: StoredRow | undefined) => StoredRow | undefined) =>
    inTransaction<boolean>(own, 'readwrite', (store, give) => {
      const request = store.get(id);
      request.onsuccess = () => {
        const row = next(rowOf(request.result));
        if (row !== undefined) store.put(recordOf(row));
        give(row !== undefined);
      };
    });

const marksOf = (own: SmallDatabase) => {
  const marks = { ...own, table: MARKS };
  return {
    cursor: async (): Promise<string> => {
      const found = await inTransaction<unknown>(marks, 'readonly', (store, give) => {
        const request = store.get(CURSOR);
        request.onsuccess = () => give(request.result);
      });
      return typeof found === 'string' ? found : '';
    },
    setCursor: async (cursor: string): Promise<void> => {
      await inTransaction(marks, 'readwrite', (store) => void store.put(cursor, CURSOR));
    },
  };
};

/** @param name  of the application's database; the sheet's own is called `name:keys` */
export const indexedDbSheet = (name: string): KeySheetStorage => {
  const own: SmallDatabase = { name: `${name}:keys`, version: 2, table: TABLE, prepare };
  const { told, onForeignChange } = betweenTabs(name);
  const change = oneRow(own);
  const { cursor, setCursor } = marksOf(own);
  const found = <T>(find: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> =>
    inTransaction<T>(own, 'readonly', (store, give) => {
      const request = find(store);
      request.onsuccess = () => give(request.result);
    });
  return {
    byId: async (id) => rowOf(await found<unknown>((store) => store.get(id))),
    byScope: async (scope) => rowsOf(await found((store) => store.index(SCOPE).getAll(scope))),
    add: async (row) =>
      told(
        await inTransaction<boolean>(own, 'readwrite', (store, give) => {
          const [byId, ofScope] = [store.get(row.id), store.index(SCOPE).count(row.scope)];
          ofScope.onsuccess = () => {
            const may = byId.result === undefined && ofScope.result === 0;
            if (may) store.add(recordOf({ ...row, revision: 0, isUnsent: true }));
            give(may);
          };
        }),
      ),
    replace: async (row) => told(await change(row.id, (stored) => succeeding(stored, row))),
    under: async (wrapping) => keysOf(await found((store) => store.index(LIVE).getAllKeys(wrapping))),
    unsent: async () => keysOf(await found((store) => store.index(UNSENT).getAllKeys(1))),
    sent: async (id, as) => void (await change(id, (stored) => stored && asSent(stored, as))),
    receive: async (row, over) =>
      told(await change(row.id, (stored) => (mayReceive(stored, row, over) ? row : undefined))),
    ...{ cursor, setCursor },
    startAgain: async () => {
      await inTransaction(own, 'readwrite', (store) => sendAll(store, (row) => ({ ...row, [UNSENT]: 1 })));
      await setCursor('');
    },
    onForeignChange,
  };
};
