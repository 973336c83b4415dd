/**
 * Packed commits to rows and back. What a row holds is `storage/packing.ts`'s; here are its columns, and the check of what a
 * row says of itself. Law: "what was committed reads back byte for byte".
 */
import { StoreError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { position, type Size, size } from '../../core/position.ts';
import { areCounts, isCount, type PackedCommits, total, unpackCommits } from '../packing.ts';
import type { StoredRecord } from '../port.ts';
import type { SqlRow, SqlValue } from './driver.ts';

/** The columns that hold a record, in the order of `valuesOf`. */
export const COLUMNS = 'at, count, size, lengths, events, bytes';

export const valuesOf = ({ at, count, bytes, lengths, events }: PackedCommits): readonly SqlValue[] => [
  at,
  count,
  bytes.length,
  JSON.stringify(lengths),
  JSON.stringify(events),
  bytes,
];

/** A JSON list of counts; undefined if it is anything else. */
const countsIn = (text: unknown, max: number): readonly number[] | undefined => {
  if (typeof text !== 'string') return undefined;
  try {
    const list: unknown = JSON.parse(text);
    return areCounts(list, max) ? list : undefined;
  } catch {
    return undefined;
  }
};

const corrupt = (details: { readonly position?: number; readonly what: string; readonly end?: number }): never => {
  throw new StoreError('storage.corrupt', details);
};

const startOf = ({ at }: SqlRow): number =>
  typeof at === 'number' && Number.isSafeInteger(at) && at >= 0 ? at : corrupt({ what: 'position' });

/** Where the log goes on after a row. @throws StoreError `storage.corrupt` */
export const endOf = (row: SqlRow): Size => {
  const at = startOf(row);
  const { count } = row;
  return isCount(count, LIMITS.integerMax - at) ? size(at + count) : corrupt({ position: at, what: 'count' });
};

export type ReadRecord = { readonly record: StoredRecord; readonly end: Size; readonly bytes: number };

/** Reads one record; its commits are views of one buffer. @throws StoreError `storage.corrupt` */
export const readRecord = (row: SqlRow): ReadRecord => {
  const at = startOf(row);
  const end = endOf(row);
  const { bytes } = row;
  const lengths = countsIn(row['lengths'], LIMITS.commitBytesMax);
  const events = countsIn(row['events'], LIMITS.commitEventsMax);
  if (lengths === undefined || events?.length !== lengths.length || total(events) !== end - at) {
    return corrupt({ position: at, what: 'lengths', end });
  }
  if (!(bytes instanceof Uint8Array) || bytes.length > LIMITS.recordBytesMax || total(lengths) !== bytes.length) {
    return corrupt({ position: at, what: 'bytes', end });
  }
  const commits = unpackCommits({ bytes, lengths, events });
  return { record: { position: position(at), commits }, end, bytes: bytes.length };
};
