/**
 * What IndexedDB and Dexie throw, as the library's codes. Only the name of an error is passed on: messages of databases
 * may quote keys and values.
 */
import { isStoreError, StoreError } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';

/** Wrapped errors are looked into this deep. */
const DEPTH_MAX = 8;

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [];

/** What an error wraps: Dexie's `inner`, the failures of a bulk operation, the standard `cause`. */
const wrappedIn = (error: Readonly<Record<string, unknown>>): readonly unknown[] => [
  error['inner'],
  error['cause'],
  ...listOf(error['failures']),
  ...listOf(error['failuresByPos']),
];

/** The error itself and everything that it wraps, outermost first. */
const chainOf = (error: unknown, depth = 0): readonly Readonly<Record<string, unknown>>[] => {
  if (!isRecord(error) || depth > DEPTH_MAX) return [];
  return [error, ...wrappedIn(error).flatMap((inner) => chainOf(inner, depth + 1))];
};

/** The name of a thrown value, for people; `Error` where it has none. */
export const nameOf = (error: unknown): string =>
  isRecord(error) && typeof error['name'] === 'string' && error['name'].length > 0 ? error['name'] : 'Error';

/** True if the error, or one that it wraps, has one of the names. */
export const isNamed = (error: unknown, ...names: readonly string[]): boolean =>
  chainOf(error).some((each) => typeof each['name'] === 'string' && names.includes(each['name']));

/** The library's own error in what was thrown, if there is one. */
const oursIn = (error: unknown): StoreError | undefined => {
  const ours = chainOf(error).find((each) => isStoreError(each));
  return isStoreError(ours) ? ours : undefined;
};

/** How browsers say that a connection has ended: before a transaction began, or by aborting it. */
const ENDED = ['DatabaseClosedError', 'InvalidStateError'] as const;
/** What else they say when a database, its process or its disk fell away: worth another try on a new connection. */
const BROKEN = ['AbortError', 'TimeoutError', 'TransactionInactiveError', 'UnknownError'] as const;

/** True if the call may be answered on a new connection: its own one is dead, silent or broken. */
export const isDead = (error: unknown): boolean => {
  const ours = oursIn(error);
  if (ours !== undefined) return ours.code === 'storage.connection-lost' || ours.code === 'storage.unresponsive';
  return !isNamed(error, 'QuotaExceededError') && isNamed(error, ...ENDED, ...BROKEN);
};

/** The library's error for one that an operation on an open database ended in. */
export const operationFailure = (error: unknown): StoreError => {
  const ours = oursIn(error);
  if (ours !== undefined) return ours;
  if (isNamed(error, 'QuotaExceededError')) return new StoreError('storage.quota-exceeded');
  if (isNamed(error, ...ENDED)) return new StoreError('storage.connection-lost');
  return new StoreError('storage.failed', { name: nameOf(error) });
};

/** Names by which browsers say that there is no IndexedDB for this page. */
const NOT_HERE = ['MissingAPIError', 'SecurityError', 'InvalidStateError', 'NotSupportedError'] as const;

/** The library's error for one that opening a database ended in. */
export const openFailure = (error: unknown): StoreError =>
  oursIn(error) === undefined && isNamed(error, ...NOT_HERE)
    ? new StoreError('storage.unavailable', { name: nameOf(error) })
    : operationFailure(error);
