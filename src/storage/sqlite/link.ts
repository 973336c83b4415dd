/**
 * The way to one database for as long as it is open: one connection at a time, and a new one when that has died.
 *
 * A transaction that finds its connection closed, silent or broken, or its file gone from its place, is made again, whole, once,
 * on a new connection; then it fails with a code. A connection replaces another only to the same database: one that is gone,
 * begun anew or shorter than what was seen of it ends the link for good (`storage.lost`). Laws: `sqliteConnection`.
 */
import { isStoreError, StoreError } from '../../core/errors.ts';
import { type Size, size } from '../../core/position.ts';
import type { SqliteConnection, SqlRow } from './driver.ts';
import { isDead, nameOf, operationFailure } from './failures.ts';
import { logSize } from './log.ts';
import type { OpenDatabase } from './open.ts';
import { firstReplica } from './side.ts';

type Work<T> = (connection: SqliteConnection) => Promise<T>;

export type Write<T> = {
  readonly once: Work<T>;
  /** Instead of `once`, on the second connection, where nobody knows what became of the first try. */
  readonly again?: Work<T>;
  /** True if what was committed is there. */
  readonly confirm?: (connection: SqliteConnection, result: T) => Promise<boolean>;
  readonly onCommitted?: (result: T) => void;
};

/** Whatever these throw is an error of the library. */
export type Link = {
  readonly read: <T>(work: Work<T>) => Promise<T>;
  readonly write: <T>(write: Write<T>) => Promise<T>;
  /** Runs something outside of a transaction. */
  readonly alone: <T>(work: Work<T>) => Promise<T>;
  /** Makes sure that all that is committed has reached the disk. */
  readonly settle: () => Promise<void>;
  readonly sawSize: (seen: Size) => void;
  readonly sawOwner: (replica: unknown) => void;
  readonly close: () => Promise<void>;
};

type State = {
  current: OpenDatabase;
  isDropped: boolean;
  opening: Promise<OpenDatabase> | undefined;
  /** Why nothing works any more. */
  ended: StoreError | undefined;
  longest: Size;
  owner: unknown;
};

type Reopen = () => Promise<OpenDatabase>;

/** @throws StoreError `storage.lost` if this cannot be the database that was seen */
const checkSame = async ({ longest, owner }: State, { connection, transactions }: OpenDatabase): Promise<void> => {
  const now = await transactions.read(async () => ({
    size: await logSize(connection),
    owner: await firstReplica(connection),
  }));
  if (owner !== undefined && now.owner !== owner) {
    throw new StoreError('storage.lost', { what: 'identity', size: longest });
  }
  if (now.size < longest) throw new StoreError('storage.lost', { what: 'events', size: longest, found: now.size });
};

const closeQuietly = ({ connection }: OpenDatabase): Promise<void> => connection.close().catch(() => undefined);

const openSame = async (state: State, reopen: Reopen): Promise<OpenDatabase> => {
  try {
    await closeQuietly(state.current);
    const database = await reopen();
    try {
      await checkSame(state, database);
    } catch (error) {
      await closeQuietly(database);
      throw error;
    }
    if (state.ended === undefined) [state.current, state.isDropped] = [database, false];
    else await closeQuietly(database);
    return database;
  } catch (error) {
    const failure = isStoreError(error, 'storage.absent')
      ? new StoreError('storage.lost', { what: 'database', size: state.longest })
      : error;
    if (isStoreError(failure, 'storage.lost')) state.ended ??= failure;
    throw failure;
  } finally {
    state.opening = undefined;
  }
};

/** The connection to use now: all that find it dead wait for the same new one. */
const connected = (state: State, reopen: Reopen): OpenDatabase | Promise<OpenDatabase> => {
  if (state.ended !== undefined) throw state.ended;
  if (!state.isDropped) return state.current;
  state.opening ??= openSame(state, reopen);
  return state.opening;
};

/** What a call comes to whose second try failed too: nobody can say what became of what was broken off. */
const failureOf = (error: unknown): StoreError => {
  const failure = operationFailure(error);
  const isBroken = isDead(error) || isStoreError(error, 'storage.failed');
  return isBroken && failure.code === 'storage.failed'
    ? new StoreError('storage.connection-lost', isStoreError(error) ? error.details : { name: nameOf(error) })
    : failure;
};

const isSynced = ([row]: readonly SqlRow[]): boolean => row?.['busy'] === 0 && row['log'] === row['checkpointed'];

/** Runs a call on the connection that there is, and if that one is dead once more on a new one. */
const retrier = (state: State, reopen: Reopen) => {
  const attempt = async <T>(work: (database: OpenDatabase) => Promise<T>): Promise<T> => {
    const database = await connected(state, reopen);
    try {
      const result = await work(database);
      // Nobody can say what became of the work where the file cannot be looked at.
      const isThere = await database.isThere().catch(() => false);
      if (!isThere) throw new StoreError('storage.connection-lost');
      return result;
    } catch (error) {
      if (isDead(error) && state.current === database) state.isDropped = true;
      throw error;
    }
  };
  return async <T>(
    once: (database: OpenDatabase) => Promise<T>,
    again: (database: OpenDatabase) => Promise<T> = once,
  ): Promise<T> => {
    let isSecond = false;
    try {
      try {
        return await attempt(once);
      } catch (error) {
        if (state.ended !== undefined || !isDead(error)) throw error;
        isSecond = true;
        return await attempt(again);
      }
    } catch (error) {
      throw state.ended ?? (isSecond ? failureOf(error) : operationFailure(error));
    }
  };
};

/** Keeps a link over a database that is open. */
export const linkOver = (first: OpenDatabase, reopen: Reopen): Link => {
  const state: State = {
    ...{ current: first, isDropped: false, opening: undefined, ended: undefined },
    ...{ longest: size(0), owner: undefined },
  };
  const sawSize = (seen: Size) => {
    if (seen > state.longest) state.longest = seen;
  };
  const use = retrier(state, reopen);
  const alone = <T>(work: Work<T>) => use(({ connection, transactions }) => transactions.alone(() => work(connection)));
  return {
    sawSize,
    sawOwner: (replica) => {
      state.owner ??= replica;
    },
    read: (work) => use(({ connection, transactions }) => transactions.read(() => work(connection))),
    write: ({ once, again = once, confirm, onCommitted }) => {
      const writing = (work: typeof once) => (database: OpenDatabase) => {
        const { connection, transactions } = database;
        return transactions.write(() => work(connection), {
          confirm: async (result) => (await database.isThere()) && ((await confirm?.(connection, result)) ?? true),
          onCommitted,
        });
      };
      return use(writing(once), writing(again));
    },
    alone,
    settle: async () => {
      const rows = await alone((connection) => connection.all('PRAGMA wal_checkpoint(FULL)'));
      if (rows.length > 0 && !isSynced(rows)) throw new StoreError('storage.connection-lost', { name: 'unsynced' });
    },
    close: async () => {
      if (isStoreError(state.ended, 'storage.closed')) return;
      state.ended = new StoreError('storage.closed');
      await state.opening?.catch(() => undefined);
      if (state.isDropped) await closeQuietly(state.current);
      else await state.current.transactions.close().catch(() => undefined);
    },
  };
};
