/**
 * The newest transactions of one connection: a page that is about to be frozen aborts those that have not ended,
 * because a frozen one would keep every other tab from writing. One whose commit has begun ends by itself, frozen or not.
 */
import { abortIfAlive } from './abort.ts';

/** More than are ever open at once; followed by number and not by their events, which each append would pay for. */
const NEWEST = 64;

export type OpenTransactions = { readonly abort: () => void };

/** Follows the transactions that begin on this connection from now on. */
export const openTransactions = (database: IDBDatabase): OpenTransactions => {
  const newest: IDBTransaction[] = [];
  let next = 0;
  const begin = database.transaction.bind(database);
  database.transaction = (...how) => {
    const transaction = begin(...how);
    newest[next] = transaction;
    next = (next + 1) % NEWEST;
    return transaction;
  };
  return {
    abort: () => {
      for (const transaction of newest) abortIfAlive(transaction);
    },
  };
};
