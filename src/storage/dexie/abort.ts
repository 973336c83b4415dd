/** Aborts a transaction; one that has ended already is left alone, its own event has told why or will. True if aborted. */
export const abortIfAlive = (transaction: IDBTransaction): boolean => {
  try {
    transaction.abort();
    return true;
  } catch {
    return false;
  }
};
