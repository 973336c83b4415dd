/**
 * Packing: whole neighbouring records become one row of `segments`. The triggers of the layout compare the segment with the
 * records it covers and clear their bytes; nothing here could lose a byte unseen.
 */
import { StoreError } from '../../core/errors.ts';
import type { DirectoryKey } from '../../core/ids.ts';
import { LIMITS } from '../../core/limits.ts';
import { type Position, position, type Size } from '../../core/position.ts';
import { type PackedCommits, packCommits } from '../packing.ts';
import type { PackOutcome, PackRequest } from '../port.ts';
import type { SqliteConnection } from './driver.ts';
import { logSize, packedEnd, rowsFrom } from './log.ts';
import { COLUMNS, type ReadRecord, valuesOf } from './rows.ts';

const INSERT = `INSERT INTO segments (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`;
const ENTER = 'INSERT INTO directory (key, at) VALUES (?, ?)';
const FIND = 'SELECT at FROM directory WHERE key = ? ORDER BY at';

/** Records that are to become one row. */
type Group = readonly ReadRecord[];

export type Segment = {
  readonly row: PackedCommits;
  readonly keys: ReadonlySet<DirectoryKey>;
  /** How many records it replaces. */
  readonly records: number;
};

/** The oldest unpacked records in groups that each fill a segment, until `bytesMax` is reached. Within a transaction. */
export const fullGroups = async (
  connection: SqliteConnection,
  bytesMax: number,
): Promise<{ readonly groups: readonly Group[]; readonly packedTo: Size }> => {
  const [end, packedTo] = [await logSize(connection), await packedEnd(connection)];
  const groups: Group[] = [];
  let open: ReadRecord[] = [];
  let openBytes = 0;
  let packedBytes = 0;
  let from: number = packedTo;
  while (packedBytes < bytesMax && from < end) {
    const rows = await rowsFrom(connection, 'records', { from, bytesMax: LIMITS.recordBytesMax });
    for (const row of rows) {
      from = row.end;
      if (row.end === end || packedBytes >= bytesMax) break; // the newest record is never packed
      if (openBytes + row.bytes > LIMITS.recordBytesMax) {
        groups.push(open);
        packedBytes += openBytes;
        open = [];
        openBytes = 0;
      }
      open.push(row);
      openBytes += row.bytes;
    }
    if (rows.length === 0) throw new StoreError('storage.corrupt', { position: from });
  }
  return { groups, packedTo };
};

/** Checks every commit and makes the segments. What `keysOf` throws is thrown. */
export const segmentsOf = (groups: readonly Group[], keysOf: PackRequest['keysOf']): readonly Segment[] =>
  groups.map((group) => {
    const commits = group.flatMap(({ record }) => record.commits);
    const keys = new Set(commits.flatMap(({ bytes }) => keysOf(bytes)));
    return { row: packCommits(group[0]?.record.position ?? 0, commits), keys, records: group.length };
  });

/** Stores segments that were made when packing had come to `packedTo`; nothing if it has gone on since. */
export const storeSegments = async (
  connection: SqliteConnection,
  { segments, packedTo }: { readonly segments: readonly Segment[]; readonly packedTo: Size },
): Promise<PackOutcome> => {
  const now = await packedEnd(connection);
  if (now !== packedTo) return { records: 0, segments: 0, packedTo: now };
  for (const { row, keys } of segments) {
    await connection.run(INSERT, valuesOf(row));
    for (const key of keys) await connection.run(ENTER, [key, row.at]);
  }
  const records = segments.reduce((sum, segment) => sum + segment.records, 0);
  return { records, segments: segments.length, packedTo: await packedEnd(connection) };
};

/** @throws StoreError `storage.corrupt` */
export const findPacked = async (connection: SqliteConnection, key: DirectoryKey): Promise<readonly Position[]> =>
  (await connection.all(FIND, [key])).map(({ at }) => {
    if (typeof at !== 'number') throw new StoreError('storage.corrupt', { what: 'directory' });
    return position(at);
  });
