/**
 * The one way to a connection: a call after the other, none once it is closed, and transactions that are all or nothing.
 * What ends before its commit returned is rolled back; a rollback that could not be done is done before anything else
 * happens on the connection. While a writer waits for its turn or for another process, reading goes on.
 */
import { StoreError } from '../../core/errors.ts';
import type { SqliteConnection } from './driver.ts';
import { makeLine, type Place, patiently } from './turns.ts';

export type AfterCommit<T> = {
  /** True if what was committed is there. */
  readonly confirm?: ((result: T) => Promise<boolean>) | undefined;
  readonly onCommitted?: ((result: T) => void) | undefined;
};

export type Transactions = {
  /** Reads at one moment of the database. */
  readonly read: <T>(work: () => Promise<T>) => Promise<T>;
  /**
   * Holds the database's one lock for writers from the start. Both of `after` are called before anything else happens on the
   * connection: `confirm` in a transaction that reads, then `onCommitted`.
   * @throws StoreError `storage.connection-lost` if it was committed and is not confirmed
   */
  readonly write: <T>(work: () => Promise<T>, after?: AfterCommit<T>) => Promise<T>;
  /** Runs something outside of a transaction. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  /** Closes the connection after what was asked before. Whatever is asked later fails with `storage.closed`. */
  readonly close: () => Promise<void>;
};

type Options = {
  /** The database, for the writers of this process to stand in line. */
  readonly place: Place;
  /** How long to ask again while another process holds a lock, before `storage.busy`. */
  readonly busyMs: number;
};

/** Runs transactions, and sees to it that none begins inside another. */
const runnerOn = (connection: SqliteConnection, busyMs: number) => {
  let isUnsettled = false;
  const rollBack = async (): Promise<void> => {
    try {
      await connection.run('ROLLBACK');
      isUnsettled = false;
    } catch {
      // SQLite has rolled back by itself, or could not be reached: asked again before the next transaction.
      isUnsettled = true;
    }
  };
  return async <T>(begin: string, work: () => Promise<T>): Promise<T> => {
    if (isUnsettled) {
      await rollBack();
      isUnsettled = false;
    }
    await connection.run(begin);
    try {
      const result = await work();
      await patiently(busyMs, () => connection.run('COMMIT'));
      return result;
    } catch (error) {
      await rollBack();
      throw error;
    }
  };
};

export const transactionsOn = (connection: SqliteConnection, { place, busyMs }: Options): Transactions => {
  const line = makeLine();
  const transaction = runnerOn(connection, busyMs);
  /** Whatever fails here must not look as if the whole could be done again. */
  const isConfirmed = async (confirm: () => Promise<boolean>): Promise<boolean> => {
    try {
      return await transaction('BEGIN', confirm);
    } catch {
      return false;
    }
  };
  let isOpen = true;
  /** A turn on the connection for each try: what pauses between two of them holds nobody up. */
  const inTurns = <T>(work: () => Promise<T>): Promise<T> =>
    patiently(busyMs, () => line(() => (isOpen ? work() : Promise.reject<T>(new StoreError('storage.closed')))));
  return {
    read: (work) => inTurns(() => transaction('BEGIN', work)),
    write: (work, { confirm, onCommitted } = {}) =>
      place.writing(() =>
        inTurns(async () => {
          const result = await transaction('BEGIN IMMEDIATE', work);
          if (confirm !== undefined && !(await isConfirmed(() => confirm(result)))) {
            throw new StoreError('storage.connection-lost');
          }
          onCommitted?.(result);
          return result;
        }),
      ),
    alone: inTurns,
    close: () =>
      place.writing(() =>
        line(async () => {
          if (!isOpen) return;
          isOpen = false;
          await connection.close();
        }),
      ),
  };
};
