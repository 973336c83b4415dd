/**
 * The transactions of one connection that have not ended: a page that is about to be frozen aborts them, because a
 * frozen one would keep every other tab from writing. One whose commit has begun ends by itself, frozen or not.
 */
import { abortIfAlive } from './abort.ts';

export type OpenTransactions = { readonly abort: () => void };

/** Follows the transactions that begin on this connection from now on. */
export const openTransactions = (database: IDBDatabase): OpenTransactions => {
  const open = new Set<IDBTransaction>();
  const begin = database.transaction.bind(database);
  database.transaction = (...how) => {
    const transaction = begin(...how);
    const end = () => open.delete(transaction);
    open.add(transaction);
    transaction.addEventListener('complete', end);
    transaction.addEventListener('abort', end);
    return transaction;
  };
  return {
    abort: () => {
      for (const transaction of open) abortIfAlive(transaction);
    },
  };
};
