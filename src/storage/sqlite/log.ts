/**
 * The log: appended to where it ends, read as segments up to where packing has come and as records from there on. Each
 * function is called inside a transaction, so that it sees the log as it was at one moment.
 */
import { StoreError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { type Position, type Size, size } from '../../core/position.ts';
import type { PackedCommits } from '../packing.ts';
import type { StoredRecord } from '../port.ts';
import type { SqliteConnection, SqlRow } from './driver.ts';
import { COLUMNS, endOf, type ReadRecord, readRecord, valuesOf } from './rows.ts';

type Table = 'records' | 'segments';

const LAST = {
  records: 'SELECT at, count FROM records ORDER BY at DESC LIMIT 1',
  segments: 'SELECT at, count FROM segments ORDER BY at DESC LIMIT 1',
} as const;

const FROM = {
  records: `SELECT ${COLUMNS} FROM records WHERE at >= ? ORDER BY at LIMIT ?`,
  segments: `SELECT ${COLUMNS} FROM segments WHERE at >= ? ORDER BY at LIMIT ?`,
} as const;

const HOLDING = {
  records: 'SELECT at, count FROM records WHERE at <= ? ORDER BY at DESC LIMIT 1',
  segments: 'SELECT at, count FROM segments WHERE at <= ? ORDER BY at DESC LIMIT 1',
} as const;

const INSERT = `INSERT INTO records (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`;

/** Most rows asked for at once: 64 MiB if all are full, contrary to those read before them. */
const BATCH_ROWS_MAX = 1_024;
/** Bytes to expect of a row before one was read. */
const ROW_BYTES = (15 * LIMITS.recordBytesMax) / 16;

const endIn = async (connection: SqliteConnection, table: Table): Promise<Size> => {
  const [last] = await connection.all(LAST[table]);
  return last === undefined ? size(0) : endOf(last);
};

/** Number of events in the log. @throws StoreError `storage.corrupt` */
export const logSize = (connection: SqliteConnection): Promise<Size> => endIn(connection, 'records');

/** Where the segments end. @throws StoreError `storage.corrupt` */
export const packedEnd = (connection: SqliteConnection): Promise<Size> => endIn(connection, 'segments');

/** The database itself refuses a row that does not begin where the log ends. */
export const insertRows = async (connection: SqliteConnection, rows: readonly PackedCommits[]): Promise<void> => {
  for (const row of rows) await connection.run(INSERT, valuesOf(row));
};

const startOf = ({ at }: SqlRow): number => {
  if (typeof at !== 'number') throw new StoreError('storage.corrupt', { what: 'position' });
  return at;
};

/** Where the row starts that holds a position below the size of the log. @throws StoreError `storage.corrupt` */
const holderOf = async (connection: SqliteConnection, table: Table, at: number): Promise<number> => {
  const [row] = await connection.all(HOLDING[table], [at]);
  if (row === undefined || endOf(row) <= at) throw new StoreError('storage.corrupt', { position: at });
  return startOf(row);
};

/** Rows that should hold the rest, judging by those read so far. */
const rowsFor = (bytesLeft: number, read: { readonly bytes: number; readonly rows: number }): number => {
  const bytesEach = read.rows === 0 ? ROW_BYTES : read.bytes / read.rows;
  return Math.min(BATCH_ROWS_MAX, Math.max(1, Math.ceil(bytesLeft / bytesEach)));
};

/** Rows of one table from a start on, each where the one before it ends, until the bytes asked for are reached. */
export const rowsFrom = async (
  connection: SqliteConnection,
  table: Table,
  { from, bytesMax }: { readonly from: number; readonly bytesMax: number },
): Promise<readonly ReadRecord[]> => {
  const found: ReadRecord[] = [];
  let next = from;
  let bytes = 0;
  do {
    const wanted = rowsFor(bytesMax - bytes, { bytes, rows: found.length });
    const rows = await connection.all(FROM[table], [next, wanted]);
    for (const row of rows) {
      const read = readRecord(row);
      if (read.record.position !== next) throw new StoreError('storage.corrupt', { position: next });
      found.push(read);
      next = read.end;
      bytes += read.bytes;
      if (bytes >= bytesMax) return found;
    }
    if (rows.length < wanted) return found;
  } while (bytes < bytesMax);
  return found;
};

const bytesIn = (records: readonly ReadRecord[]): number => records.reduce((sum, { bytes }) => sum + bytes, 0);

/** Whole records from the one that holds `from` on until `bytesMax` is reached. @throws StoreError `storage.corrupt` */
export const readLog = async (
  connection: SqliteConnection,
  from: Position,
  bytesMax: number,
): Promise<readonly StoredRecord[]> => {
  const [end, packed] = [await logSize(connection), await packedEnd(connection)];
  if (size(from) === end) return [];
  if (from > end) throw new StoreError('storage.corrupt', { position: from });
  const found: ReadRecord[] = [];
  if (from < packed) {
    const start = await holderOf(connection, 'segments', from);
    found.push(...(await rowsFrom(connection, 'segments', { from: start, bytesMax })));
  }
  const next = found.at(-1)?.end ?? (await holderOf(connection, 'records', from));
  const isWanted = found.length === 0 || (next === packed && bytesIn(found) < bytesMax);
  if (isWanted) {
    const rest = { from: next, bytesMax: bytesMax - bytesIn(found) };
    found.push(...(await rowsFrom(connection, 'records', rest)));
  }
  if (found.length === 0) throw new StoreError('storage.corrupt', { position: from });
  return found.map(({ record }) => record);
};

/** The records that hold the positions, each once, in the order of the log. @throws StoreError `storage.corrupt` */
export const readLogAt = async (
  connection: SqliteConnection,
  positions: readonly Position[],
): Promise<readonly StoredRecord[]> => {
  const packed = await packedEnd(connection);
  const found: ReadRecord[] = [];
  for (const at of [...positions].sort((a, b) => a - b)) {
    if (at < (found.at(-1)?.end ?? 0)) continue;
    const table = at < packed ? 'segments' : 'records';
    const from = await holderOf(connection, table, at);
    const [read] = await rowsFrom(connection, table, { from, bytesMax: 1 });
    if (read === undefined) throw new StoreError('storage.corrupt', { position: at });
    found.push(read);
  }
  return found.map(({ record }) => record);
};
