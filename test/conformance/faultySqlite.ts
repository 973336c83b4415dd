/**
 * A driver whose n-th call fails. What was begun and is not committed is taken back, as SQLite does when a process ends, when
 * a disk is full, or when it gives a transaction up by itself.
 */
import type { SqliteConnection, SqliteDriver } from '../../src/storage/sqlite/driver.ts';
import { type FaultKind, type FaultStep, makeFaults, type StorageFaults } from '../../src/testing/conformance/index.ts';

const never = (): Promise<never> => new Promise(() => {});

const sqliteError = (code: string): Error => Object.assign(new Error(code), { code });

type Process = {
  readonly step: FaultStep;
  readonly opened: Set<SqliteConnection>;
  gone: boolean;
};

const end = async (own: Process): Promise<never> => {
  own.gone = true;
  for (const connection of own.opened) await connection.close();
  return never();
};

/** Takes back what the connection has begun, if it has. */
const takeBack = (connection: SqliteConnection | undefined): Promise<void> | undefined =>
  connection?.run('ROLLBACK').catch(() => undefined);

const failed = async <T>(
  own: Process,
  kind: FaultKind,
  { work, connection }: { work: () => Promise<T>; connection: SqliteConnection | undefined },
): Promise<T> => {
  if (kind === 'never answers') return never();
  if (kind === 'meets a crash') return end(own);
  if (kind === 'throws') throw sqliteError('SQLITE_IOERR_WRITE');
  if (kind === 'is out of space') {
    await takeBack(connection);
    throw sqliteError('SQLITE_FULL');
  }
  if (kind === 'aborts') {
    // A commit that has taken effect cannot fail any more: this one fails while its transaction is still there.
    await takeBack(connection);
    throw sqliteError('SQLITE_IOERR_FSYNC');
  }
  await work();
  return kind === 'precedes a crash' ? end(own) : never();
};

const call = async <T>(own: Process, connection: SqliteConnection | undefined, work: () => Promise<T>): Promise<T> => {
  if (own.gone) return never();
  const kind = own.step();
  return kind === undefined ? work() : failed(own, kind, { work, connection });
};

const faultyConnection = (own: Process, connection: SqliteConnection): SqliteConnection => {
  own.opened.add(connection);
  return {
    run: (sql, values) => call(own, connection, () => connection.run(sql, values)),
    all: (sql, values) => call(own, connection, () => connection.all(sql, values)),
    close: () => (own.gone ? never() : connection.close()),
  };
};

/** `driver` with faults, and the means to arm them. Closing is no step: it changes nothing. */
export const faultySqlite = (
  driver: SqliteDriver,
): { readonly driver: SqliteDriver; readonly faults: StorageFaults } => {
  const { faults, step } = makeFaults();
  const own: Process = { step, opened: new Set(), gone: false };
  return {
    faults,
    driver: {
      open: (request) => call(own, undefined, async () => faultyConnection(own, await driver.open(request))),
      head: (name) => call(own, undefined, () => driver.head(name)),
      settle: (name) => call(own, undefined, () => driver.settle(name)),
      discard: (name) => call(own, undefined, () => driver.discard(name)),
      placeOf: driver.placeOf,
    },
  };
};
