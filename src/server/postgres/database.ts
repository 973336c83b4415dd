/**
 * What the server needs of a database, and nothing more, so that embedded PGlite and PostgreSQL are one thing to the code
 * above. Texts are PostgreSQL's SQL; values travel as parameters only.
 */

import { type ErrorCode, isStoreError, StoreError } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';

export type Row = Readonly<Record<string, unknown>>;
export type Parameter = string | number | Uint8Array | null;

/** Runs one statement. @throws StoreError `storage.failed`, `storage.quota-exceeded`, `storage.immutable` */
export type Query = (text: string, parameters?: readonly Parameter[]) => Promise<readonly Row[]>;

export type Database = {
  readonly kind: 'pglite' | 'postgresql';
  /** False where the connecting user may not make roles: then the triggers stand alone. */
  readonly hasRuntimeRole: boolean;
  readonly query: Query;
  /** Runs `work` in one transaction; resolves after it is durable, and stores nothing if `work` throws. */
  readonly transaction: <T>(work: (query: Query) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
};

/** SQLSTATE that the append-only triggers raise. */
export const IMMUTABLE_STATE = 'IND01';

const CODE_OF_STATE: Readonly<Record<string, ErrorCode>> = {
  [IMMUTABLE_STATE]: 'storage.immutable',
  '42501': 'storage.immutable',
  '53100': 'storage.quota-exceeded',
};

/** The driver's error as one of ours: the SQLSTATE alone, since the driver's own text may quote values. */
export const databaseError = (error: unknown): StoreError => {
  if (isStoreError(error)) return error;
  const state = isRecord(error) && typeof error['code'] === 'string' ? error['code'] : 'unknown';
  return new StoreError(CODE_OF_STATE[state] ?? 'storage.failed', { state });
};

/** Runs `work` and turns what the driver throws into a StoreError. */
export const translated = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw databaseError(error);
  }
};
