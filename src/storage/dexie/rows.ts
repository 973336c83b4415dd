/**
 * Rows of the log, as they lie in the database: what stays clear, and what is sealed.
 *
 * Clear is where a row begins and where the next one does, because paging and the comparison inside a transaction need
 * both there, where nothing can be opened; and of a segment its keyed directory keys. All of it is bound to the sealed
 * bytes. A segment is a row that was merged from neighbours; what it was merged from stays behind as a stub: the key
 * without the bytes. What is read is checked. Laws: "what was committed reads back byte for byte"; `atRest.laws`.
 */
import { StoreError } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';
import { LIMITS } from '../../core/limits.ts';
import { position, type Size, size } from '../../core/position.ts';
import { SEAL_BYTES } from '../../crypto/atRest.ts';
import { areCounts, isCount, type PackedCommits, packCommits, total, unpackCommits } from '../packing.ts';
import type { StoredRecord } from '../port.ts';

export type Bytes = Uint8Array<ArrayBuffer>;
export type LogTable = 'records' | 'segments';

/** One row of the table `records`. */
export type RecordRow = {
  /** Local position of the first event. */
  readonly at: number;
  /** Local position after the last event: the key of the next row. */
  readonly end: number;
  readonly sealed: Bytes;
};

/** One row of the table `segments`. `keys`: keyed directory keys of its commits, each once, ascending. */
export type SegmentRow = RecordRow & { readonly keys: readonly number[] };

/** What is left of a record that lies in a segment: the key, which no append may take, and where the bytes went. */
export type StubRow = { readonly at: number; readonly into: number };

/** A row of the log before it is opened. */
export type Frame = {
  readonly at: number;
  readonly end: Size;
  /** Bytes of its commits, or a few less. */
  readonly bytesMin: number;
  readonly keys: readonly number[];
  /** Sealed bytes; or, of a layout before 3, the commits as they are. */
  readonly held: { readonly sealed: Bytes } | { readonly plain: PackedCommits };
};

/** A row that was opened. `bytes`: those of its commits. */
export type ReadRow = { readonly record: StoredRecord; readonly end: Size; readonly bytes: number };

export const corruptAt = (at: number, what?: string): StoreError =>
  new StoreError('storage.corrupt', { position: at, ...(what === undefined ? {} : { what }) });

export const isBytes = (value: unknown): value is Bytes =>
  value instanceof Uint8Array && value.buffer instanceof ArrayBuffer;

const COUNT_BYTES = 2;
/** Bytes of a commit's entry in the table before the commits: its length, and its events. */
const ENTRY_BYTES = 4;

/** What is sealed of a row: the number of commits, each one's length and events, and the commits. */
export const encodeCommits = ({ bytes, lengths, events }: PackedCommits): Bytes => {
  const from = COUNT_BYTES + ENTRY_BYTES * lengths.length;
  const encoded = new Uint8Array(from + bytes.length);
  const view = new DataView(encoded.buffer);
  view.setUint16(0, lengths.length);
  for (const [index, length] of lengths.entries()) {
    view.setUint16(COUNT_BYTES + ENTRY_BYTES * index, length);
    view.setUint16(COUNT_BYTES + ENTRY_BYTES * index + 2, events[index] ?? 0);
  }
  encoded.set(bytes, from);
  return encoded;
};

/** The commits of a row that was opened; undefined if they are not what its place says. */
const decodeCommits = ({ at, end }: Frame, encoded: Bytes): PackedCommits | undefined => {
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.length);
  const commits = encoded.length < COUNT_BYTES ? 0 : view.getUint16(0);
  const from = COUNT_BYTES + ENTRY_BYTES * commits;
  if (commits === 0 || encoded.length < from) return undefined;
  const [lengths, events]: [number[], number[]] = [[], []];
  for (let entry = COUNT_BYTES; entry < from; entry += ENTRY_BYTES) {
    lengths.push(view.getUint16(entry));
    events.push(view.getUint16(entry + 2));
  }
  const packed = { at, count: end - at, bytes: encoded.subarray(from), lengths, events };
  return isSound(packed) ? packed : undefined;
};

const isSound = ({ at, count, bytes, lengths, events }: PackedCommits): boolean =>
  areCounts(lengths, LIMITS.commitBytesMax) &&
  areCounts(events, LIMITS.commitEventsMax) &&
  lengths.length === events.length &&
  bytes.length <= LIMITS.recordBytesMax &&
  total(lengths) === bytes.length &&
  isCount(count, LIMITS.integerMax - at) &&
  total(events) === count;

/** The opened row; its commits are views of one buffer. */
const readCommits = (packed: PackedCommits): ReadRow => ({
  record: { position: position(packed.at), commits: unpackCommits(packed) },
  end: size(packed.at + packed.count),
  bytes: packed.bytes.length,
});

/** Reads a row whose sealed bytes were opened, or that needs no opening. @throws StoreError `storage.corrupt` */
export const readOpened = (frame: Frame, opened: Bytes | undefined): ReadRow => {
  if ('plain' in frame.held) return readCommits(frame.held.plain);
  const packed = opened === undefined ? undefined : decodeCommits(frame, opened);
  if (packed === undefined) {
    throw new StoreError('storage.corrupt', { position: frame.at, what: 'sealed', end: frame.end });
  }
  return readCommits(packed);
};

const numbersIn = (value: unknown): readonly number[] | undefined =>
  Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0) ? value : undefined;

const plainFrame = (at: number, row: Readonly<Record<string, unknown>>): Frame => {
  const { count, bytes, lengths, events } = row;
  const areLists = areCounts(lengths, LIMITS.commitBytesMax) && areCounts(events, LIMITS.commitEventsMax);
  if (!areLists || !isBytes(bytes) || typeof count !== 'number') throw corruptAt(at, 'lengths');
  const plain = { at, count, bytes, lengths, events };
  if (!isSound(plain)) throw corruptAt(at, 'lengths');
  const keys = numbersIn(row['keys']) ?? [];
  return { at, end: size(at + count), bytesMin: bytes.length, keys, held: { plain } };
};

const sealedFrame = (at: number, row: Readonly<Record<string, unknown>>): Frame => {
  const { end, sealed } = row;
  const keys = row['keys'] === undefined ? [] : numbersIn(row['keys']);
  const isPlaced = typeof end === 'number' && isCount(end - at, LIMITS.integerMax - at);
  if (!isPlaced || !isBytes(sealed) || keys === undefined) throw corruptAt(at, 'row');
  const entriesMax = COUNT_BYTES + ENTRY_BYTES * (end - at);
  const bytes = sealed.length - SEAL_BYTES;
  if (bytes > LIMITS.recordBytesMax + entriesMax) throw corruptAt(at, 'lengths');
  return { at, end: size(end), bytesMin: Math.max(0, bytes - entriesMax), keys, held: { sealed } };
};

/**
 * Checks a row as it came from the database, without opening it. `readsPlain`: rows of a layout before 3 are rows too.
 * @throws StoreError `storage.corrupt`
 */
export const frameOf = (value: unknown, readsPlain: boolean): Frame => {
  if (!isRecord(value)) throw new StoreError('storage.corrupt', { what: 'record' });
  const { at } = value;
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || at < 0) {
    throw new StoreError('storage.corrupt', { what: 'position' });
  }
  return readsPlain && 'bytes' in value ? plainFrame(at, value) : sealedFrame(at, value);
};

/** Size of the log whose last row is `value`; 0 for none. @throws StoreError `storage.corrupt` */
export const sizeAfter = (value: unknown, readsPlain: boolean): Size =>
  value === undefined ? size(0) : frameOf(value, readsPlain).end;

/** Neighbours as one row, with the directory keys of its commits, and what becomes of them. The commits stay as they are. */
export const mergeRecords = (
  records: readonly StoredRecord[],
  keysOf: (commit: Uint8Array) => readonly number[],
): { readonly packed: PackedCommits; readonly keys: readonly number[]; readonly stubs: readonly StubRow[] } => {
  const commits = records.flatMap((record) => record.commits);
  const packed = packCommits(records[0]?.position ?? 0, commits);
  return {
    packed,
    keys: [...new Set(commits.flatMap(({ bytes }) => keysOf(bytes)))],
    stubs: records.map(({ position: at }) => ({ at, into: packed.at })),
  };
};

/** True for what packing leaves of a record, and nothing else. */
export const isStub = (value: unknown): value is StubRow =>
  isRecord(value) &&
  Object.keys(value).length === 2 &&
  typeof value['at'] === 'number' &&
  typeof value['into'] === 'number';
