/**
 * What a driver throws, as the library's codes. Only SQLite's name for an error is passed on: messages of databases may
 * quote SQL and values.
 */
import { isStoreError, StoreError } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';

/** What the triggers of the layout raise with. */
export const IMMUTABLE = 'indelible: committed records cannot be changed or deleted';

const UNNAMED = 'Error';

const codeOf = (error: unknown): unknown => (isRecord(error) ? error['code'] : undefined);

/** SQLite's name for an error; `Error` where it has none. */
export const nameOf = (error: unknown): string => {
  const code = codeOf(error);
  return typeof code === 'string' && /^SQLITE_[A-Z_]{1,60}$/.test(code) ? code : UNNAMED;
};

const isOf = (error: unknown, ...names: readonly string[]): boolean => {
  const found = nameOf(error);
  return names.some((name) => found === name || found.startsWith(`${name}_`));
};

/** True if another connection holds a lock: to be asked again. */
export const isBusy = (error: unknown): boolean => isOf(error, 'SQLITE_BUSY', 'SQLITE_LOCKED');

/** What tells that a connection, its file or its disk fell away: worth another try on a new connection. */
const BROKEN = [
  'SQLITE_IOERR',
  'SQLITE_CANTOPEN',
  'SQLITE_MISUSE',
  'SQLITE_NOTADB',
  'SQLITE_PROTOCOL',
  UNNAMED,
] as const;

/** True if the call may be answered on a new connection: its own one is closed, silent or broken. */
export const isDead = (error: unknown): boolean =>
  isStoreError(error)
    ? error.code === 'storage.connection-lost' || error.code === 'storage.unresponsive'
    : isOf(error, ...BROKEN) || codeOf(error) === 'SQLITE_READONLY_DBMOVED';

/** The first page is no SQLite page under this key. */
export const isNotReadable = (error: unknown): boolean => isOf(error, 'SQLITE_NOTADB');

/** SQLite does not know a function or pragma, or the driver gives no name to what it says. */
export const isNotUnderstood = (error: unknown): boolean => ['SQLITE_ERROR', UNNAMED].includes(nameOf(error));

export const isAbsent = (error: unknown): boolean => isOf(error, 'SQLITE_CANTOPEN');

/** The library's error for one that an operation ended in. */
export const operationFailure = (error: unknown): StoreError => {
  if (isStoreError(error)) return error;
  if (isOf(error, 'SQLITE_FULL')) return new StoreError('storage.quota-exceeded');
  if (isBusy(error)) return new StoreError('storage.busy');
  if (isOf(error, 'SQLITE_CORRUPT', 'SQLITE_NOTADB')) return new StoreError('storage.corrupt', { what: 'page' });
  if (isOf(error, 'SQLITE_READONLY')) return new StoreError('storage.read-only');
  if (isOf(error, 'SQLITE_CONSTRAINT_TRIGGER')) return new StoreError('storage.immutable');
  return new StoreError('storage.failed', { name: nameOf(error) });
};
