/**
 * Packing: neighbouring records become one segment, and leave stubs.
 *
 * Read and checked outside, written in one transaction that first looks whether another connection has packed
 * meanwhile. A stub keeps the key of a record that lies in a segment, because an append relies on the clash with a
 * taken key: `docs/decisions/0013-segments-and-stubs.md`. Laws: "packing changes where commits lie, never what they
 * are"; "a connection that knows an old size only is refused after packing".
 */
import { LIMITS } from '../../core/limits.ts';
import { type Size, size } from '../../core/position.ts';
import type { PackOutcome, PackRequest } from '../port.ts';
import { corruptAt, inLog, type LogTables, packedEnd, rowsFor, type Source } from './log.ts';
import { mergeRows, readRecord, type SegmentRow, type StubRow } from './rows.ts';
import { ask, writing } from './transaction.ts';

/** Most bytes of one transaction, whatever is asked for. */
const PACK_BYTES_MAX = 4 * 1_048_576;

type Unpacked = {
  readonly packedTo: Size;
  /** Rows that become one segment each. */
  readonly groups: readonly (readonly unknown[])[];
};

/** Groups rows as they come, and closes a group when the next row would not fit. */
const grouping = () => {
  const closed: (readonly unknown[])[] = [];
  let open: unknown[] = [];
  let openBytes = 0;
  let closedBytes = 0;
  return {
    closed,
    isEnough: (bytesMax: number) => closed.length > 0 && closedBytes >= bytesMax,
    add: (row: unknown, bytes: number) => {
      if (openBytes + bytes > LIMITS.recordBytesMax) {
        closed.push(open);
        closedBytes += openBytes;
        open = [];
        openBytes = 0;
      }
      open.push(row);
      openBytes += bytes;
    },
  };
};

/** The oldest unpacked rows that fill segments; the newest row of the log is not among them. */
const readGroups = async ({ records, segments, keyRange }: LogTables, bytesMax: number): Promise<Unpacked> => {
  const [newest, packedTo] = await Promise.all([ask(records.openKeyCursor(null, 'prev')), packedEnd(segments)]);
  const groups = grouping();
  const last = newest?.key;
  const seen = { bytes: 0, rows: 0 };
  for (let next: number = packedTo; typeof last === 'number' && next < last; ) {
    // One row more than the bytes asked for: it shows that the last segment is full.
    const wanted = rowsFor(bytesMax + LIMITS.recordBytesMax - seen.bytes, seen);
    const rows: readonly unknown[] = await ask(records.getAll(keyRange.bound(next, last, false, true), wanted));
    for (const row of rows) {
      const { record, end, bytes } = readRecord(row);
      if (record.position !== next) throw corruptAt(next);
      groups.add(row, bytes);
      if (groups.isEnough(bytesMax)) return { packedTo, groups: groups.closed };
      seen.rows += 1;
      seen.bytes += bytes;
      next = end;
    }
    if (rows.length < wanted) break;
  }
  return { packedTo, groups: groups.closed };
};

type Merged = { readonly segment: SegmentRow; readonly stubs: readonly StubRow[] };

/** Writes the segments and leaves the stubs; false, and nothing written, if the log was packed further meanwhile. */
const writeSegments = (
  { native }: Source,
  { packedTo, merged, durability }: { packedTo: Size; merged: readonly Merged[]; durability: 'strict' | 'relaxed' },
): Promise<boolean> =>
  writing(native, { tables: ['segments', 'records'], durability }, async (transaction) => {
    const segments = transaction.objectStore('segments');
    const records = transaction.objectStore('records');
    if ((await packedEnd(segments)) !== packedTo) return false;
    for (const { segment, stubs } of merged) {
      segments.add(segment);
      for (const stub of stubs) records.put(stub);
    }
    return true;
  });

/** Packs once, or finds that there is nothing to pack. What `keysOf` throws ends the call, and nothing is packed. */
export const packLog = async (
  source: Source,
  { bytesMax, keysOf }: PackRequest,
  durability: 'strict' | 'relaxed',
): Promise<PackOutcome> => {
  for (;;) {
    const bytes = Math.min(bytesMax, PACK_BYTES_MAX);
    const { packedTo, groups } = await inLog(source, (tables) => readGroups(tables, bytes));
    if (groups.length === 0) return { records: 0, segments: 0, packedTo };
    const merged = groups.map((rows) => mergeRows(rows, keysOf));
    if (await writeSegments(source, { packedTo, merged, durability })) {
      const records = merged.reduce((sum, { stubs }) => sum + stubs.length, 0);
      const end = merged.at(-1)?.segment.end;
      return { records, segments: merged.length, packedTo: size(end ?? packedTo) };
    }
  }
};
