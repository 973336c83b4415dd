/**
 * Packing: neighbouring records become one segment, and leave stubs.
 *
 * Read, opened, checked and sealed outside, written in one transaction that first looks whether another connection has packed
 * meanwhile. A stub keeps the key of a record that lies in a segment, because an append relies on the clash with a
 * taken key: `docs/decisions/0013-segments-and-stubs.md`. Laws: "packing changes where commits lie, never what they
 * are"; "a connection that knows an old size only is refused after packing".
 */
import { LIMITS } from '../../core/limits.ts';
import { type Size, size } from '../../core/position.ts';
import type { PackOutcome, PackRequest } from '../port.ts';
import type { Cipher } from './cipher.ts';
import { inLog, type LogTables, openAll, openedOf, packedEnd, rowsFor, type Source, type Tables } from './log.ts';
import { corruptAt, type Frame, frameOf, mergeRecords, type ReadRow, type SegmentRow, type StubRow } from './rows.ts';
import { ask, writing } from './transaction.ts';

/** Most bytes of one transaction, whatever is asked for. */
const PACK_BYTES_MAX = 4 * 1_048_576;

type Group = readonly ReadRow[];

/** Rows in groups that each fill a segment, until there are enough of them. The rows after the last full one stay. */
const fullGroups = (rows: readonly ReadRow[], bytesMax: number): readonly Group[] => {
  const groups: Group[] = [];
  let open: ReadRow[] = [];
  let openBytes = 0;
  let closedBytes = 0;
  for (const row of rows) {
    if (openBytes + row.bytes > LIMITS.recordBytesMax) {
      groups.push(open);
      closedBytes += openBytes;
      if (closedBytes >= bytesMax) break;
      open = [];
      openBytes = 0;
    }
    open.push(row);
    openBytes += row.bytes;
  }
  return groups;
};

type Unpacked = { readonly packedTo: Size; readonly frames: readonly Frame[] };

/** The oldest unpacked rows, enough to fill segments of so many bytes; the newest row of the log is not among them. */
const readUnpacked = async (
  { records, segments, keyRange }: LogTables,
  { bytesMax, readsPlain }: { readonly bytesMax: number; readonly readsPlain: boolean },
): Promise<Unpacked> => {
  const [newest, packedTo] = await Promise.all([ask(records.openKeyCursor(null, 'prev')), packedEnd(segments)]);
  const last = newest?.key;
  const frames: Frame[] = [];
  // A segment more than the bytes asked for, and a row: it shows that the last segment is full.
  const bytesEnough = bytesMax + 2 * LIMITS.recordBytesMax;
  let bytes = 0;
  for (let next: number = packedTo; typeof last === 'number' && next < last && bytes < bytesEnough; ) {
    const wanted = rowsFor(bytesEnough - bytes, { bytes, rows: frames.length });
    const rows: readonly unknown[] = await ask(records.getAll(keyRange.bound(next, last, false, true), wanted));
    for (const row of rows) {
      const frame = frameOf(row, readsPlain);
      if (frame.at !== next) throw corruptAt(next);
      frames.push(frame);
      bytes += frame.bytesMin;
      next = frame.end;
    }
    if (rows.length < wanted) break;
  }
  return { packedTo, frames };
};

/** Opens what is to be packed, checks it, and seals it anew as segments. */
const mergeGroups = (
  cipher: Cipher,
  groups: readonly Group[],
  keysOf: PackRequest['keysOf'],
): Promise<readonly Merged[]> =>
  Promise.all(
    groups.map(async (rows) => {
      const { packed, keys, stubs } = mergeRecords(
        rows.map(({ record }) => record),
        keysOf,
      );
      return { segment: await cipher.sealSegment(packed, keys), stubs };
    }),
  );

type Merged = { readonly segment: SegmentRow; readonly stubs: readonly StubRow[] };

/** Writes the segments and leaves the stubs; false, and nothing written, if the log was packed further meanwhile. */
const writeSegments = (
  { native }: Tables,
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
    const { cipher } = source;
    const wanted = { bytesMax: bytes, readsPlain: cipher.readsPlain };
    const { packedTo, frames } = await inLog(source, (tables) => readUnpacked(tables, wanted));
    const rows = await openAll(
      cipher,
      frames.map((frame) => ({ table: 'records', frame })),
    );
    const groups = fullGroups(rows.map(openedOf), bytes);
    if (groups.length === 0) return { records: 0, segments: 0, packedTo };
    const merged = await mergeGroups(cipher, groups, keysOf);
    if (await writeSegments(source, { packedTo, merged, durability })) {
      const records = merged.reduce((sum, { stubs }) => sum + stubs.length, 0);
      const end = merged.at(-1)?.segment.end;
      return { records, segments: merged.length, packedTo: size(end ?? packedTo) };
    }
  }
};
