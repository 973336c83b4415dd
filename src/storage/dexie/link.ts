/**
 * The way to one database for as long as it is open: one connection at a time, and a new one when that has died.
 *
 * A call that finds its connection dead, aborted or silent is made again, whole, once, on a new connection; then it
 * fails with a code. A connection replaces another only to the same database: one that is gone, begun anew or shorter
 * than what was seen of it ends the link for good (`storage.lost`). Laws: `test/browser/storage/connection`, `link.laws`.
 */
import { isStoreError, StoreError } from '../../core/errors.ts';
import type { Connection } from './connection.ts';
import { isDead, operationFailure } from './failures.ts';
import type { Source } from './log.ts';
import type { Watch } from './watchdog.ts';

/** A connection with the means to open what it leads to. */
export type Opened = Connection & Source;

export type LinkParts = {
  /** Opens the database that is there; never makes one. */
  readonly reopen: () => Promise<Opened>;
  /** @throws StoreError `storage.lost` if the connection leads to another database, or to less of it */
  readonly checkSame: (connection: Opened) => Promise<void>;
  readonly watch: Watch;
  /** Resolves when transactions may be begun; undefined if they may. */
  readonly ready: () => Promise<void> | undefined;
};

/** One call: made on the first connection, and `again` on the second if the first one's answer did not come. */
export type Call<T> = {
  readonly once: (connection: Opened) => Promise<T>;
  readonly again: (connection: Opened) => Promise<T>;
};

export type Link = {
  /** @throws StoreError `storage.*` */
  readonly use: <T>(call: Call<T>) => Promise<T>;
  readonly close: () => void;
};

type State = {
  current: Opened;
  opening: Promise<Opened> | undefined;
  /** Why nothing works any more. */
  ended: StoreError | undefined;
};

const replace = async (state: State, parts: LinkParts): Promise<Opened> => {
  try {
    const connection = await parts.reopen();
    try {
      await parts.watch(parts.checkSame(connection));
    } catch (error) {
      connection.close();
      throw error;
    }
    if (state.ended !== undefined) connection.close();
    else state.current = connection;
    return connection;
  } catch (error) {
    if (isStoreError(error, 'storage.lost')) state.ended ??= error;
    // It is there and does not open: as in WebKit after its database process was killed.
    throw isStoreError(error, 'storage.failed') ? new StoreError('storage.connection-lost', error.details) : error;
  } finally {
    state.opening = undefined;
  }
};

/** The connection to use now: all calls that find it dead wait for the same new one. */
const connected = (state: State, parts: LinkParts): Opened | Promise<Opened> => {
  if (state.ended !== undefined) throw state.ended;
  if (state.current.isOpen()) return state.current;
  state.opening ??= replace(state, parts);
  return state.opening;
};

/** Keeps a link over a connection that is open. */
export const linkOver = (first: Opened, parts: LinkParts): Link => {
  const state: State = { current: first, opening: undefined, ended: undefined };

  const attempt = async <T>(work: (connection: Opened) => Promise<T>): Promise<T> => {
    for (let wait = parts.ready(); wait !== undefined; wait = parts.ready()) await wait;
    const found = connected(state, parts);
    const connection = found instanceof Promise ? await found : found;
    try {
      return await parts.watch(work(connection), connection.onDropped);
    } catch (error) {
      if (isDead(error)) connection.close();
      throw error;
    }
  };

  return {
    use: async ({ once, again }) => {
      try {
        try {
          return await attempt(once);
        } catch (error) {
          if (state.ended !== undefined || !isDead(error)) throw error;
          return await attempt(again);
        }
      } catch (error) {
        throw state.ended ?? operationFailure(error);
      }
    },
    close: () => {
      state.ended ??= new StoreError('storage.closed');
      state.current.close();
    },
  };
};
