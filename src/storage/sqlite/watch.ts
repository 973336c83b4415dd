/**
 * The bound on waiting for a driver: a call that is not answered in time ends its connection, because nobody knows what
 * becomes of the call. Law: the conformance kit's "when the n-th step never answers".
 */
import { StoreError } from '../../core/errors.ts';
import type { Scheduler } from '../../core/ports.ts';
import type { SqliteConnection, SqliteDriver } from './driver.ts';

/** How long a call may take, and by whose timers that is counted. */
export type Patience = { readonly answerMs: number; readonly scheduler: Scheduler };

const late = (answerMs: number): StoreError => new StoreError('storage.unresponsive', { answerMs });

const inTime = <T>({ answerMs, scheduler }: Patience, call: Promise<T>, onLate: () => void): Promise<T> =>
  new Promise((resolve, reject) => {
    const cancel = scheduler.after(answerMs, () => {
      onLate();
      reject(late(answerMs));
    });
    call.then(resolve, reject).finally(cancel);
  });

const drop = (connection: SqliteConnection): void => void connection.close().catch(() => undefined);

/** One call without an answer, and the connection is closed behind the caller's back; every later call fails at once. */
const watchedConnection = (patience: Patience, connection: SqliteConnection): SqliteConnection => {
  let isLost = false;
  const call = <T>(work: () => Promise<T>): Promise<T> => {
    if (isLost) return Promise.reject(late(patience.answerMs));
    return inTime(patience, work(), () => {
      isLost = true;
      drop(connection);
    });
  };
  return {
    run: (sql, values) => call(() => connection.run(sql, values)),
    all: (sql, values) => call(() => connection.all(sql, values)),
    close: () => (isLost ? Promise.resolve() : inTime(patience, connection.close(), () => undefined)),
  };
};

/** The driver with every call bound in time. A connection that comes too late is closed. */
export const watched = (patience: Patience, driver: SqliteDriver): SqliteDriver => {
  const call = <T>(work: Promise<T>): Promise<T> => inTime(patience, work, () => undefined);
  const { fileNow } = driver;
  return {
    open: async (request) => {
      const opening = driver.open(request);
      const connection = await inTime(patience, opening, () => void opening.then(drop, () => undefined));
      return watchedConnection(patience, connection);
    },
    head: (name) => call(driver.head(name)),
    discard: (name) => call(driver.discard(name)),
    settle: (name) => call(driver.settle(name)),
    placeOf: driver.placeOf,
    ...(fileNow === undefined ? {} : { fileNow: (name: string) => call(fileNow(name)) }),
  };
};
