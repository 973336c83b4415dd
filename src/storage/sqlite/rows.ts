/**
 * Commits to rows and back. A row holds commits back to back, as many as `LIMITS.recordBytesMax` allows; a commit is never
 * split. Both directions are checked. Law: "what was committed reads back byte for byte".
 */
import { StoreError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { position, type Size, size } from '../../core/position.ts';
import type { CommitBytes, StoredRecord } from '../port.ts';
import type { SqlRow, SqlValue } from './driver.ts';

/** A row of `records` or `segments` on its way in. */
export type PackedRow = {
  readonly at: number;
  /** Events in all commits together. */
  readonly count: number;
  readonly bytes: Uint8Array;
  /** Bytes of each commit. */
  readonly lengths: readonly number[];
  /** Events of each commit. */
  readonly events: readonly number[];
};

const total = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);

const checkCommit = ({ bytes, events }: CommitBytes): void => {
  const fits = bytes.length >= 1 && bytes.length <= LIMITS.commitBytesMax;
  if (!fits || !Number.isInteger(events) || events < 1 || events > LIMITS.commitEventsMax) {
    throw new StoreError('append.too-large', { events, bytes: bytes.length, bytesMax: LIMITS.commitBytesMax });
  }
};

/** One row of all the commits; the bytes are copied. */
export const rowOf = (at: number, commits: readonly CommitBytes[]): PackedRow => {
  const lengths = commits.map(({ bytes }) => bytes.length);
  const events = commits.map((commit) => commit.events);
  const bytes = new Uint8Array(total(lengths));
  let from = 0;
  for (const commit of commits) {
    bytes.set(commit.bytes, from);
    from += commit.bytes.length;
  }
  return { at, count: total(events), bytes, lengths, events };
};

/** Rows from position `at` on, each as full as it may be; the bytes are copied. @throws StoreError `append.too-large` */
export const rowsOf = (at: Size, commits: readonly CommitBytes[]): readonly PackedRow[] => {
  const groups: CommitBytes[][] = [];
  let room = 0;
  for (const commit of commits) {
    checkCommit(commit);
    if (commit.bytes.length > room) {
      groups.push([]);
      room = LIMITS.recordBytesMax;
    }
    groups.at(-1)?.push(commit);
    room -= commit.bytes.length;
  }
  let next: number = at;
  return groups.map((group) => {
    const row = rowOf(next, group);
    next += row.count;
    return row;
  });
};

/** The columns that hold a record, in the order of `valuesOf`. */
export const COLUMNS = 'at, count, size, lengths, events, bytes';

export const valuesOf = ({ at, count, bytes, lengths, events }: PackedRow): readonly SqlValue[] => [
  at,
  count,
  bytes.length,
  JSON.stringify(lengths),
  JSON.stringify(events),
  bytes,
];

const isCount = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= max;

/** A JSON list of counts; undefined if it is anything else. */
const countsIn = (text: unknown, max: number): readonly number[] | undefined => {
  if (typeof text !== 'string') return undefined;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.length > 0 && list.every((each) => isCount(each, max)) ? list : undefined;
  } catch {
    return undefined;
  }
};

const corrupt = (details: { readonly position?: number; readonly what: string }): never => {
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
    return corrupt({ position: at, what: 'lengths' });
  }
  if (!(bytes instanceof Uint8Array) || bytes.length > LIMITS.recordBytesMax || total(lengths) !== bytes.length) {
    return corrupt({ position: at, what: 'bytes' });
  }
  let from = 0;
  const commits = lengths.map((length, index) => {
    const view = bytes.subarray(from, from + length);
    from += length;
    return { bytes: view, events: events[index] ?? 0 };
  });
  return { record: { position: position(at), commits }, end, bytes: bytes.length };
};
