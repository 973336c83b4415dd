/**
 * What the adapter needs of an SQLite with encryption: so little that a driver for another platform (Capacitor, a WebAssembly
 * build over OPFS, Electron's utility process) is a page of code. `docs/sqlite.md` has one.
 *
 * A driver may do all its work before it returns: the adapter awaits every call, and never has two calls of one
 * connection under way at once.
 */

import type { KnownMarker } from '../../core/ports.ts';

/** What a statement takes in the place of a `?`. Numbers are whole. */
export type SqlValue = string | number | Uint8Array | null;

/** One row: column names to strings, numbers, `Uint8Array` or null. */
export type SqlRow = Readonly<Record<string, unknown>>;

/**
 * One connection to one database. What SQLite refuses is thrown as an `Error` whose `code` is SQLite's own name for it
 * (`SQLITE_BUSY`, `SQLITE_FULL`, `SQLITE_NOTADB`, …); messages are never passed on. No call waits for a lock: the adapter
 * asks again. A connection that has been closed refuses every call, by `SQLITE_MISUSE` or without a code.
 */
export type SqliteConnection = {
  /** Runs one statement that gives no rows. */
  readonly run: (sql: string, values?: readonly SqlValue[]) => Promise<void>;
  /** Runs one statement and gives all its rows. */
  readonly all: (sql: string, values?: readonly SqlValue[]) => Promise<readonly SqlRow[]>;
  readonly close: () => Promise<void>;
};

export type SqliteDriver = {
  /**
   * Connects to the database with SQLCipher 4's format and defaults, the 32 bytes of `key` as its raw key. Writes nothing yet.
   * `create`: may make the database if there is none; otherwise its absence is `SQLITE_CANTOPEN`.
   * The bytes of `key` are wiped after the call.
   * @throws StoreError `storage.driver-missing`, `storage.unencrypted`
   */
  readonly open: (request: {
    readonly name: string;
    readonly key: Uint8Array;
    readonly create: boolean;
  }) => Promise<SqliteConnection>;
  /** The first 16 bytes of the database file; fewer if it is shorter, undefined if there is none. */
  readonly head: (name: string) => Promise<Uint8Array | undefined>;
  /** Deletes a database that holds no event: called only for one that this adapter has just made and refuses to use. */
  readonly discard: (name: string) => Promise<void>;
  /** Makes the file's place in its folder durable, where that takes a step of its own. */
  readonly settle: (name: string) => Promise<void>;
  /**
   * Names the files of the database that lie there now, as the system tells files apart: another text when other files have taken
   * their place or they are gone. Not looked at if absent.
   */
  readonly fileNow?: (name: string) => Promise<string>;
  /** Where it is remembered, outside the database, that there is one. Nowhere if absent. */
  readonly known?: (name: string) => KnownMarker;
  /** One text for one database, the same for every connection of this process to it. */
  readonly placeOf: (name: string) => string;
};
