/**
 * Packed commits to rows and back; what a row holds is `storage/packing.ts`'s. A segment is a row that was merged from
 * neighbours; what it was merged from stays behind as a stub: the key without the bytes. What is read is checked. Law: "what
 * was committed reads back byte for byte".
 */
import { StoreError } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';
import { LIMITS } from '../../core/limits.ts';
import { position, type Size, size } from '../../core/position.ts';
import { areCounts, isCount, type PackedCommits, packCommits, total, unpackCommits } from '../packing.ts';
import type { StoredRecord } from '../port.ts';

/** One row of the table `records`. */
export type RecordRow = PackedCommits;

/** One row of the table `segments`. */
export type SegmentRow = RecordRow & {
  /** Local position after the last event: the key of the next row. */
  readonly end: number;
  /** Directory keys of its commits, each once. */
  readonly keys: readonly number[];
};

/** What is left of a record that lies in a segment: the key, which no append may take, and where the bytes went. */
export type StubRow = { readonly at: number; readonly into: number };

const isBytes = (value: unknown): value is Uint8Array<ArrayBuffer> =>
  value instanceof Uint8Array && value.buffer instanceof ArrayBuffer;

/** Checks a row as it came from the database. @throws StoreError `storage.corrupt` */
const readRow = (value: unknown): RecordRow => {
  if (!isRecord(value)) throw new StoreError('storage.corrupt', { what: 'record' });
  const { at, count, bytes, lengths, events } = value;
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || at < 0) {
    throw new StoreError('storage.corrupt', { what: 'position' });
  }
  const sound =
    areCounts(lengths, LIMITS.commitBytesMax) &&
    areCounts(events, LIMITS.commitEventsMax) &&
    lengths.length === events.length &&
    isBytes(bytes) &&
    bytes.length <= LIMITS.recordBytesMax &&
    total(lengths) === bytes.length &&
    isCount(count, LIMITS.integerMax - at) &&
    total(events) === count;
  if (!sound) throw new StoreError('storage.corrupt', { position: at, what: 'lengths' });
  return { at, count, bytes, lengths, events };
};

/** Reads one record; its commits are views of one buffer. @throws StoreError `storage.corrupt` */
export const readRecord = (
  value: unknown,
): { readonly record: StoredRecord; readonly end: Size; readonly bytes: number } => {
  const row = readRow(value);
  const commits = unpackCommits(row);
  return { record: { position: position(row.at), commits }, end: size(row.at + row.count), bytes: row.bytes.length };
};

/** Size of the log whose last row is `value`; 0 for none. @throws StoreError `storage.corrupt` */
export const sizeAfter = (value: unknown): Size => {
  if (value === undefined) return size(0);
  const { at, count } = readRow(value);
  return size(at + count);
};

/** Merges neighbouring rows into a segment, and says what becomes of them. The commits stay as they are. */
export const mergeRows = (
  rows: readonly unknown[],
  keysOf: (commit: Uint8Array) => readonly number[],
): { readonly segment: SegmentRow; readonly stubs: readonly StubRow[] } => {
  const records = rows.map((row) => readRecord(row).record);
  const commits = records.flatMap((record) => record.commits);
  const row = packCommits(records[0]?.position ?? 0, commits);
  const keys = [...new Set(commits.flatMap(({ bytes }) => keysOf(bytes)))].sort((first, second) => first - second);
  return {
    segment: { ...row, end: row.at + row.count, keys },
    stubs: records.map(({ position: at }) => ({ at, into: row.at })),
  };
};

/** True for what packing leaves of a record, and nothing else. */
export const isStub = (value: unknown): value is StubRow =>
  isRecord(value) &&
  Object.keys(value).length === 2 &&
  typeof value['at'] === 'number' &&
  typeof value['into'] === 'number';
