/**
 * Transactions on the browser's own connection, read with `await`. Nothing but IndexedDB may be awaited inside one:
 * anything else (a digest, a lock, a timer) ends the transaction in most engines.
 */
import { abortIfAlive } from './abort.ts';

/** What a request answers; rejects with why it failed. */
export const ask = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.transaction?.error ?? request.error ?? new DOMException('', 'UnknownError'));
  });

/** What several requests answer, each made in turn; one that cannot be made fails the whole as one that fails does. */
export const askAll = <T>(requests: readonly (() => IDBRequest<T>)[]): Promise<readonly T[]> =>
  Promise.all(requests.map(async (request) => ask(request())));

/** Reads in one transaction: everything that `work` sees is of one moment. */
export const reading = async <T>(
  database: IDBDatabase,
  tables: readonly string[],
  work: (transaction: IDBTransaction) => Promise<T>,
): Promise<T> => {
  const transaction = database.transaction([...tables], 'readonly');
  try {
    return await work(transaction);
  } catch (error) {
    throw transaction.error ?? error;
  }
};

export type Writing = {
  readonly tables: readonly string[];
  readonly durability: 'strict' | 'relaxed';
};

/**
 * Writes in one transaction; resolves when it is complete. What `work` throws undoes everything. The last requests need
 * not be awaited: one that fails ends the transaction.
 */
export const writing = <T>(
  database: IDBDatabase,
  { tables, durability }: Writing,
  work: (transaction: IDBTransaction) => Promise<T>,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const transaction = database.transaction([...tables], 'readwrite', { durability });
    let result: { readonly value: T } | undefined;
    let thrown: { readonly error: unknown } | undefined;
    const fail = () => reject(transaction.error ?? thrown?.error ?? new DOMException('', 'AbortError'));
    transaction.oncomplete = () => (result === undefined ? fail() : resolve(result.value));
    transaction.onabort = fail;
    work(transaction).then(
      (value) => {
        // No commit(): told so before the last requests have ended, Firefox keeps the others when one of them fails.
        result = { value };
      },
      (error: unknown) => {
        thrown = { error };
        if (!abortIfAlive(transaction)) fail();
      },
    );
  });
