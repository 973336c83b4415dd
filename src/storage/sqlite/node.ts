/**
 * The driver for Node and Electron's main process: `better-sqlite3-multiple-ciphers`, an optional peer, set to SQLCipher
 * 4's format. Database files are readable by their owner alone. Why this one:
 * `docs/decisions/0012-sqlite-driver.md`.
 *
 * Nothing of Node is imported, so that this module can stand in a bundle for other platforms.
 */
import { StoreError } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';
import { utf8 } from '../../crypto/bytes.ts';
import type { SqliteConnection, SqliteDriver, SqlRow, SqlValue } from './driver.ts';
import { fileMarker } from './nodeMarker.ts';

const PACKAGE = 'better-sqlite3-multiple-ciphers';
const HEAD_BYTES = 16;
/** The database and what SQLite keeps beside it. */
const SUFFIXES = ['', '-journal', '-wal', '-shm'] as const;
/** What remembers a database, unless the host names another place: it goes with the folder, not with the file. */
const MARKER_SUFFIX = '.known.json';
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** The part of the package that is used. */
type Statement = {
  /** True if it gives rows. */
  readonly reader: boolean;
  readonly all: (...values: readonly SqlValue[]) => readonly unknown[];
  readonly run: (...values: readonly SqlValue[]) => unknown;
};
type Database = {
  readonly prepare: (sql: string) => Statement;
  readonly pragma: (setting: string) => unknown;
  readonly key: (key: Buffer) => unknown;
  readonly close: () => unknown;
  readonly open: boolean;
};
type Constructor = new (
  path: string,
  options?: { readonly timeout: number; readonly fileMustExist: boolean },
) => Database;

/** `folder`: where the database files lie, one for each name; made if it is not there. `file`: the one file, whatever the name. */
export type NodeSqlitePlace = { readonly folder: string } | { readonly file: string };

export type NodeSqliteOptions = NodeSqlitePlace & {
  /** Loads the driver's module, where a bundler has to see the import: `() => import('better-sqlite3-multiple-ciphers')`. */
  readonly load?: () => Promise<unknown>;
};

const files = () => process.getBuiltinModule('node:fs');
const paths = () => process.getBuiltinModule('node:path');

const isConstructor = (value: unknown): value is Constructor => typeof value === 'function';

/** From version 13 on the driver is made against Node-API 10: an older Node would end in the middle of its first call. */
const NODE_API_NEEDED = { from: 13, nodeApi: 10 } as const;

/** True if a version of the package can run on a Node with this Node-API. */
export const runsOn = (version: string, nodeApi: number): boolean =>
  Number.parseInt(version, 10) < NODE_API_NEEDED.from || nodeApi >= NODE_API_NEEDED.nodeApi;

const loadPackage = async (): Promise<unknown> => {
  const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);
  const about: unknown = require(`${PACKAGE}/package.json`);
  const version = isRecord(about) ? String(about['version']) : '';
  if (runsOn(version, Number(process.versions['napi']))) return import(/* @vite-ignore */ PACKAGE);
  throw new StoreError('storage.driver-missing', { version, needed: '12' });
};

/** SQLite without a cipher takes a key in silence: it must name its ciphers before it sees a file. */
const isEncrypting = (Loaded: Constructor): boolean => {
  const probe = new Loaded(':memory:');
  try {
    probe.prepare('SELECT sqlite3mc_version()').all();
    return true;
  } catch {
    return false;
  } finally {
    probe.close();
  }
};

const constructorFrom = async (load: () => Promise<unknown>): Promise<Constructor> => {
  try {
    const loaded = await load();
    const found = isRecord(loaded) && 'default' in loaded ? loaded['default'] : loaded;
    if (isConstructor(found)) {
      if (isEncrypting(found)) return found;
      throw new StoreError('storage.unencrypted');
    }
  } catch (cause) {
    throw cause instanceof StoreError ? cause : new StoreError('storage.driver-missing', {}, { cause });
  }
  throw new StoreError('storage.driver-missing');
};

const HEX = utf8('0123456789abcdef');

/** SQLCipher's spelling of a raw key, `x'…'`, as bytes: a string could not be wiped. */
const rawKey = (key: Uint8Array): Buffer => {
  const spelled = Buffer.alloc(2 * key.length + 3);
  spelled.write("x'", 0, 'latin1');
  key.forEach((byte, at) => {
    spelled[2 * at + 2] = HEX[byte >> 4] ?? 0;
    spelled[2 * at + 3] = HEX[byte & 15] ?? 0;
  });
  spelled.write("'", spelled.length - 1, 'latin1');
  return spelled;
};

const setKey = (database: Database, key: Uint8Array): void => {
  database.pragma("cipher = 'sqlcipher'");
  database.pragma('legacy = 4');
  const spelled = rawKey(key);
  try {
    database.key(spelled);
  } finally {
    spelled.fill(0);
  }
};

/** A view of the bytes that is no `Buffer`. */
const plain = (value: unknown): unknown =>
  value instanceof Uint8Array ? new Uint8Array(value.buffer, value.byteOffset, value.length) : value;

const plainRow = (row: unknown): SqlRow =>
  isRecord(row) ? Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])) : {};

/** What is run again and again. */
const IS_KEPT = /^(SELECT|INSERT|BEGIN|COMMIT|ROLLBACK)\b/;

const connectionOf = (database: Database): SqliteConnection => {
  const kept = new Map<string, Statement>();
  const prepare = (sql: string): Statement => {
    const statement = kept.get(sql) ?? database.prepare(sql);
    if (IS_KEPT.test(sql)) kept.set(sql, statement);
    return statement;
  };
  const execute = (sql: string, values: readonly SqlValue[]): readonly SqlRow[] => {
    if (!database.open) throw Object.assign(new Error('closed'), { code: 'SQLITE_MISUSE' });
    const statement = prepare(sql);
    if (statement.reader) return statement.all(...values).map(plainRow);
    statement.run(...values);
    return [];
  };
  return {
    run: async (sql, values = []) => void execute(sql, values),
    all: async (sql, values = []) => execute(sql, values),
    close: async () => void database.close(),
  };
};

/** Capital letters are spelled out: many file systems do not tell them from small ones. @throws StoreError `id.malformed` */
const fileNameOf = (name: string): string => {
  if (!name.isWellFormed()) throw new StoreError('id.malformed', { kind: 'database name' });
  const spelled = encodeURIComponent(name).replace(
    /(%[0-9A-F]{2})|([A-Z*])/g,
    (_, spelledAlready: string | undefined, letter: string | undefined) =>
      spelledAlready ?? `%${letter?.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `indelible-${spelled}.db`;
};

/** An empty file is made first, so that it is the owner's alone from the start. */
const makeFile = (path: string): void => {
  files().mkdirSync(paths().dirname(path), { recursive: true, mode: FOLDER_MODE });
  files().closeSync(files().openSync(path, 'a', FILE_MODE));
};

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

const headOf = (path: string): Uint8Array | undefined => {
  const head = new Uint8Array(HEAD_BYTES);
  try {
    const file = files().openSync(path, 'r');
    try {
      return head.subarray(0, files().readSync(file, head, 0, HEAD_BYTES, 0));
    } finally {
      files().closeSync(file);
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

/** Names a file as the system does; `-` if there is none. */
const inodeOf = (path: string): string => {
  const found = files().statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? '-' : `${found.dev}:${found.ino}`;
};

/** A new file is found again after a power cut only when its folder is on the disk too; Windows sees to it by itself. */
const syncFolder = (folder: string): void => {
  if (process.platform === 'win32') return;
  const opened = files().openSync(folder, 'r');
  try {
    files().fsyncSync(opened);
  } finally {
    files().closeSync(opened);
  }
};

/** SQLite in Node or in Electron's main process. */
export const nodeSqlite = (options: NodeSqliteOptions): SqliteDriver => {
  const { load = loadPackage } = options;
  const pathOf = (name: string): string =>
    paths().resolve('file' in options ? options.file : paths().join(options.folder, fileNameOf(name)));
  return {
    open: async ({ name, key, create }) => {
      const Loaded = await constructorFrom(load);
      if (create) makeFile(pathOf(name));
      const database = new Loaded(pathOf(name), { timeout: 0, fileMustExist: !create });
      try {
        setKey(database, key);
        return connectionOf(database);
      } catch (error) {
        database.close();
        throw error;
      }
    },
    head: async (name) => headOf(pathOf(name)),
    discard: async (name) => {
      for (const suffix of SUFFIXES) files().rmSync(`${pathOf(name)}${suffix}`, { force: true });
    },
    settle: async (name) => syncFolder(paths().dirname(pathOf(name))),
    fileNow: async (name) => `${inodeOf(pathOf(name))} ${inodeOf(`${pathOf(name)}-wal`)}`,
    placeOf: (name) => `file:${pathOf(name)}`,
    known: (name) => fileMarker(`${pathOf(name)}${MARKER_SUFFIX}`),
  };
};
