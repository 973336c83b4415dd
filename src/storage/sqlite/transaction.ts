/**
 * Transactions on one connection. All or nothing: what ends before its commit returned is rolled back, and a rollback that
 * could not be done is done before anything else happens on the connection.
 */
import type { SqliteConnection } from './driver.ts';
import { type Place, patiently } from './turns.ts';

export type Transactions = {
  /** Reads at one moment of the database. */
  readonly read: <T>(work: () => Promise<T>) => Promise<T>;
  /** Holds the database's one lock for writers from the start. @throws StoreError `storage.busy` */
  readonly write: <T>(work: () => Promise<T>) => Promise<T>;
  /** Runs something again while another process holds a lock. @throws StoreError `storage.busy` */
  readonly patiently: <T>(work: () => Promise<T>) => Promise<T>;
};

type Options = {
  /** The database, for the writers of this process to stand in line. */
  readonly place: Place;
  readonly busyMs: number;
};

export const transactionsOn = (connection: SqliteConnection, { place, busyMs }: Options): Transactions => {
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
  const transaction = async <T>(begin: string, work: () => Promise<T>): Promise<T> => {
    if (isUnsettled) {
      await rollBack();
      isUnsettled = false;
    }
    await patiently(busyMs, () => connection.run(begin));
    try {
      const result = await work();
      await patiently(busyMs, () => connection.run('COMMIT'));
      return result;
    } catch (error) {
      await rollBack();
      throw error;
    }
  };
  return {
    read: (work) => patiently(busyMs, () => transaction('BEGIN', work)),
    write: (work) => place.writing(() => transaction('BEGIN IMMEDIATE', work)),
    patiently: (work) => patiently(busyMs, work),
  };
};
