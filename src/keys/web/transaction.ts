/**
 * One transaction of a small database: opened for it and closed after it, so that no tab stands in another's way. It lies in the
 * same files as the log, and may be the first to write there: behind a log that a killed browser has torn nothing is written.
 * Laws: `tornLog.laws`, `test/e2e/discarded`.
 */
import { StoreError } from '../../core/errors.ts';
import { hearDiscarding, leaveTornLog } from '../../storage/tornLog.ts';
import { systemScheduler } from '../../timers.ts';

/** One table of a database. `prepare` makes what this version has more than the one before (0: there was none). */
export type SmallDatabase = {
  readonly name: string;
  readonly version: number;
  readonly table: string;
  readonly prepare: (transaction: IDBTransaction, before: number) => void;
};

const failed = (cause: unknown): StoreError => {
  const isFull = cause instanceof DOMException && cause.name === 'QuotaExceededError';
  return new StoreError(isFull ? 'storage.quota-exceeded' : 'storage.failed', {}, { cause });
};

const opened = ({ name, version, prepare }: SmallDatabase): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    if (typeof indexedDB === 'undefined') {
      reject(new StoreError('storage.unavailable'));
      return;
    }
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = (event) => {
      hearDiscarding(indexedDB, event);
      if (request.transaction !== null) prepare(request.transaction, event.oldVersion);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(failed(request.error));
    request.onblocked = () => reject(new StoreError('storage.blocked'));
  });

type Work<T> = (store: IDBObjectStore, give: (result: T) => void) => void;

/** One transaction: resolves after it is durable, with what was given; whatever `work` throws aborts it. */
export const inTransaction = async <T>(
  small: SmallDatabase,
  mode: IDBTransactionMode,
  work: Work<T>,
): Promise<T | undefined> => {
  const database = await opened(small);
  try {
    if (mode === 'readwrite') await leaveTornLog(indexedDB, small.name, systemScheduler);
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(small.table, mode, { durability: 'strict' });
      let result: T | undefined;
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = () => reject(failed(transaction.error));
      work(transaction.objectStore(small.table), (given) => {
        result = given;
      });
    });
  } finally {
    database.close();
  }
};
