/**
 * A driver whose n-th call fails. What was begun and is not committed is taken back, as SQLite does when a process ends, when
 * a disk is full, or when it gives a transaction up by itself.
 */
import type { SqliteConnection, SqliteDriver } from '../../src/storage/sqlite/driver.ts';
import { type FaultKind, type FaultStep, makeFaults, type StorageFaults } from '../../src/testing/conformance/index.ts';

const never = (): Promise<never> => new Promise(() => {});

const sqliteError = (code: string): Error => Object.assign(new Error(code), { code });

/** One connection: what it is itself, and whether nothing of the transaction on it will be stored. */
type Line = { readonly connection: SqliteConnection; vanishes: boolean };

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
const takeBack = (line: Line | undefined): Promise<void> | undefined =>
  line?.connection.run('ROLLBACK').catch(() => undefined);

const failed = async <T>(
  own: Process,
  kind: FaultKind,
  { work, line }: { work: () => Promise<T>; line: Line | undefined },
): Promise<T> => {
  if (kind === 'never answers') return never();
  if (kind === 'meets a crash') return end(own);
  if (kind === 'throws') throw sqliteError('SQLITE_IOERR_WRITE');
  if (kind === 'is out of space') {
    await takeBack(line);
    throw sqliteError('SQLITE_FULL');
  }
  if (kind === 'aborts') {
    // A commit that has taken effect cannot fail any more: this one fails while its transaction is still there.
    await takeBack(line);
    throw sqliteError('SQLITE_IOERR_FSYNC');
  }
  if (kind === 'closes its connection') {
    await line?.connection.close();
    throw sqliteError('SQLITE_MISUSE');
  }
  if (kind === 'succeeds without storing') {
    if (line !== undefined) line.vanishes = true;
    return work();
  }
  await work();
  return kind === 'precedes a crash' ? end(own) : never();
};

const call = async <T>(own: Process, line: Line | undefined, work: () => Promise<T>): Promise<T> => {
  if (own.gone) return never();
  const kind = own.step();
  return kind === undefined ? work() : failed(own, kind, { work, line });
};

const faultyConnection = (own: Process, connection: SqliteConnection): SqliteConnection => {
  own.opened.add(connection);
  const line: Line = { connection, vanishes: false };
  /** A transaction that vanishes is answered to its end; what is done outside of one is not of its kind. */
  const run: SqliteConnection['run'] = async (sql, values) => {
    const isEnd = sql === 'COMMIT' || sql === 'ROLLBACK';
    await connection.run(isEnd && line.vanishes ? 'ROLLBACK' : sql, values);
    if (isEnd) line.vanishes = false;
  };
  return {
    run: (sql, values) => call(own, line, () => run(sql, values)),
    all: (sql, values) => {
      const isAlone = line.vanishes;
      return call(own, line, () => connection.all(sql, values)).finally(() => {
        if (sql.startsWith('PRAGMA')) line.vanishes = isAlone;
      });
    },
    close: () => (own.gone ? never() : connection.close()),
  };
};

/** `driver` with faults, and the means to arm them. Closing is no step: it changes nothing. */
export const faultySqlite = (
  driver: SqliteDriver,
): { readonly driver: SqliteDriver; readonly faults: StorageFaults } => {
  const { faults, step } = makeFaults();
  const { fileNow } = driver;
  const own: Process = { step, opened: new Set(), gone: false };
  return {
    faults,
    driver: {
      open: (request) => call(own, undefined, async () => faultyConnection(own, await driver.open(request))),
      head: (name) => call(own, undefined, () => driver.head(name)),
      settle: (name) => call(own, undefined, () => driver.settle(name)),
      discard: (name) => call(own, undefined, () => driver.discard(name)),
      placeOf: driver.placeOf,
      ...(fileNow === undefined ? {} : { fileNow: (name: string) => call(own, undefined, () => fileNow(name)) }),
    },
  };
};
