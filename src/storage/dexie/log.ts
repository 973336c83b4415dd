/** The log read back: by ranges in bounded batches, every record checked and in its place. */
import type { Dexie } from 'dexie';
import { StoreError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { type Position, type Size, size } from '../../core/position.ts';
import type { StoredRecord } from '../port.ts';
import { readRecord, sizeAfter } from './rows.ts';

/** Most rows asked for at once: 64 MiB if all are full, contrary to those read before them. */
const BATCH_ROWS_MAX = 1_024;
/** Bytes to expect of a row before one was read: what a bulk append fills. One query then does, not one and a rest. */
const ROW_BYTES = (15 * LIMITS.recordBytesMax) / 16;

/** Number of events in the log, from its last row. @throws StoreError `storage.corrupt` */
export const logSize = async (dexie: Dexie): Promise<Size> => {
  const last: unknown = await dexie.table<unknown, number>('records').toCollection().last();
  return sizeAfter(last);
};

const batch = (dexie: Dexie, from: number, rows: number): Promise<readonly unknown[]> =>
  dexie.table<unknown, number>('records').where('at').aboveOrEqual(from).limit(rows).toArray();

/** Rows that should hold the rest, judging by those read so far. */
const rowsFor = (bytesLeft: number, read: { readonly bytes: number; readonly rows: number }): number => {
  const bytesEach = read.rows === 0 ? ROW_BYTES : read.bytes / read.rows;
  return Math.min(BATCH_ROWS_MAX, Math.max(1, Math.ceil(bytesLeft / bytesEach)));
};

const readFrom = async (dexie: Dexie, from: Position, bytesMax: number): Promise<readonly StoredRecord[]> => {
  const records: StoredRecord[] = [];
  let next: number = from;
  let bytes = 0;
  do {
    const wanted = rowsFor(bytesMax - bytes, { bytes, rows: records.length });
    const rows = await batch(dexie, next, wanted);
    for (const row of rows) {
      const read = readRecord(row);
      if (read.record.position !== next) throw new StoreError('storage.corrupt', { position: next });
      records.push(read.record);
      next = read.end;
      bytes += read.bytes;
      if (bytes >= bytesMax) break;
    }
    if (rows.length < wanted) break;
  } while (bytes < bytesMax);
  return records;
};

/** Whole records from `from` on until `bytesMax` is reached. @throws StoreError `storage.corrupt` */
export const readLog = async (dexie: Dexie, from: Position, bytesMax: number): Promise<readonly StoredRecord[]> => {
  const records = await readFrom(dexie, from, bytesMax);
  if (records.length > 0) return records;
  const end = await logSize(dexie);
  if (end === size(from)) return [];
  // The log may have grown between the two looks; then `from` is now the start of a record, or never was a place to read from.
  const grown = end > from ? await readFrom(dexie, from, bytesMax) : [];
  if (grown.length === 0) throw new StoreError('storage.corrupt', { position: from });
  return grown;
};

/** The records that start at the positions, in the order asked. @throws StoreError `storage.corrupt` */
export const readLogAt = async (dexie: Dexie, positions: readonly Position[]): Promise<readonly StoredRecord[]> => {
  const rows = await dexie.table<unknown, number>('records').bulkGet([...positions]);
  return positions.map((at, index) => {
    const row: unknown = rows[index];
    if (row === undefined) throw new StoreError('storage.corrupt', { position: at });
    return readRecord(row).record;
  });
};
