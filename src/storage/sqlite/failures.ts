/**
 * What a driver throws, as the library's codes. Only SQLite's name for an error is passed on: messages of databases may
 * quote SQL and values.
 */
import { isStoreError, StoreError } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';

/** What the triggers of the layout raise with. */
export const IMMUTABLE = 'indelible: committed records cannot be changed or deleted';

const UNNAMED = 'Error';

/** SQLite's name for an error, without the finer part after it: `SQLITE_BUSY` for `SQLITE_BUSY_SNAPSHOT`. */
const nameOf = (error: unknown): string => {
  const code = isRecord(error) ? error['code'] : undefined;
  return typeof code === 'string' && /^SQLITE_[A-Z_]{1,60}$/.test(code) ? code : UNNAMED;
};

const isOf = (error: unknown, ...names: readonly string[]): boolean => {
  const found = nameOf(error);
  return names.some((name) => found === name || found.startsWith(`${name}_`));
};

/** True if another connection holds a lock: to be asked again. */
export const isBusy = (error: unknown): boolean => isOf(error, 'SQLITE_BUSY', 'SQLITE_LOCKED');

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
