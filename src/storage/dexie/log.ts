/**
 * The log read back: segments first, then the records that are not packed, every one checked and in its place. Each
 * call is one transaction over both tables, so packing is never seen half done; rows are opened after it. Laws: "packing changes where commits
 * lie, never what they are"; "reads from any position".
 */
import { isStoreError, StoreError } from '../../core/errors.ts';
import type { DirectoryKey } from '../../core/ids.ts';
import { LIMITS } from '../../core/limits.ts';
import { type Position, position, type Size, size } from '../../core/position.ts';
import type { StoredRecord } from '../port.ts';
import type { Cipher } from './cipher.ts';
import { corruptAt, type Frame, frameOf, type LogTable, type ReadRow, sizeAfter } from './rows.ts';
import { ask, askAll, reading } from './transaction.ts';

/** Most rows asked for at once: 64 MiB if all are full, contrary to those read before them. */
const BATCH_ROWS_MAX = 1_024;
/** Bytes to expect of a row before one was read: what a bulk append fills. One query then does, not one and a rest. */
const ROW_BYTES = (15 * LIMITS.recordBytesMax) / 16;

/** Where rows lie: the browser's own connection, and the ranges that go with it. */
export type Tables = { readonly native: IDBDatabase; readonly keyRange: typeof IDBKeyRange };
/** Where to read, and how rows are opened. */
export type Source = Tables & { readonly cipher: Cipher };

/** The two tables of the log inside one transaction; layout 1 has no segments. */
export type LogTables = {
  readonly records: IDBObjectStore;
  readonly segments: IDBObjectStore | undefined;
  readonly keyRange: typeof IDBKeyRange;
};

/** Reads the log in one transaction. */
export const inLog = <T>({ native, keyRange }: Tables, work: (tables: LogTables) => Promise<T>): Promise<T> => {
  const isPacking = native.objectStoreNames.contains('segments');
  return reading(native, isPacking ? ['segments', 'records'] : ['records'], (transaction) =>
    work({
      records: transaction.objectStore('records'),
      segments: isPacking ? transaction.objectStore('segments') : undefined,
      keyRange,
    }),
  );
};

/** Where the unpacked records begin; loads no row. */
export const packedEnd = async (segments: IDBObjectStore | undefined): Promise<Size> => {
  if (segments === undefined) return size(0);
  const last = await ask(segments.index('end').openKeyCursor(null, 'prev'));
  return size(typeof last?.key === 'number' ? last.key : 0);
};

/** Number of events in the log, from its last row. @throws StoreError `storage.corrupt` */
export const logSize = (source: Source): Promise<Size> =>
  inLog(source, async ({ records, segments }) => {
    const [last, packed] = await Promise.all([ask(records.openCursor(null, 'prev')), packedEnd(segments)]);
    const end = sizeAfter(last?.value, source.cipher.readsPlain);
    // The newest record is never packed: a log of segments alone has lost it.
    if (end < packed || (last === null && packed > 0)) throw corruptAt(packed);
    return end;
  });

export const readPackedTo = (source: Tables): Promise<Size> => inLog(source, ({ segments }) => packedEnd(segments));

/** Starts of the segments that hold commits of the key, oldest first; loads no row. */
export const findPacked = (source: Source, key: DirectoryKey): Promise<readonly Position[]> =>
  inLog(source, async ({ segments }) => {
    if (segments === undefined) return [];
    const index = segments.index('keys');
    const starts = await askAll(source.cipher.directoryKeys(key).map((each) => () => index.getAllKeys(each)));
    return starts
      .flat()
      .map((start) => position(Number(start)))
      .sort((first, second) => first - second);
  });

type Start = { readonly store: IDBObjectStore; readonly at: number };

/** What `end` says of a segment, without loading it. */
export type SegmentPlace = { readonly at: number; readonly end: number };

/** The segment that holds the position; undefined if none does. @throws StoreError `storage.corrupt` */
export const segmentHolding = async (
  segments: IDBObjectStore,
  keyRange: typeof IDBKeyRange,
  at: number,
): Promise<SegmentPlace | undefined> => {
  const cursor = await ask(segments.index('end').openKeyCursor(keyRange.lowerBound(at, true)));
  if (cursor === null) return undefined;
  const { key: end, primaryKey: start } = cursor;
  if (typeof start !== 'number' || typeof end !== 'number' || start > at) throw corruptAt(at);
  return { at: start, end };
};

/**
 * Where the row starts that should hold the position; both tables are asked at once. Only beyond the segments does it
 * look backwards in `records`: below lie keys that were deleted, and passing over them costs what reading them would.
 */
const startOf = async ({ records, segments, keyRange }: LogTables, at: Position): Promise<Start> => {
  const inSegment = async () => (segments === undefined ? undefined : segmentHolding(segments, keyRange, at));
  const beginning = async () => (segments === undefined ? undefined : ask(segments.getKey(at)));
  const [exact, segment, begins] = await Promise.all([ask(records.getKey(at)), inSegment(), beginning()]);
  if (segments !== undefined && begins !== undefined) return { store: segments, at }; // whatever the one before it says of its end
  if (segments !== undefined && segment !== undefined) return { store: segments, at: segment.at };
  if (exact !== undefined) return { store: records, at };
  const before = await ask(records.openKeyCursor(keyRange.upperBound(at), 'prev'));
  return { store: records, at: typeof before?.key === 'number' ? before.key : 0 };
};

/** Rows of one table, read and not yet opened. */
type Found = { readonly table: LogTable; readonly frame: Frame };
type Piece = { readonly found: Found[]; bytes: number; failure: unknown };

/** Rows that should hold the rest, judging by those read so far. */
export const rowsFor = (bytesLeft: number, read: { readonly bytes: number; readonly rows: number }): number => {
  const bytesEach = read.rows === 0 ? ROW_BYTES : Math.max(1, read.bytes / read.rows);
  return Math.min(BATCH_ROWS_MAX, Math.max(1, Math.ceil(bytesLeft / bytesEach)));
};

type Wanted = { readonly keyRange: typeof IDBKeyRange; readonly bytesMax: number; readonly readsPlain: boolean };

/** The row that begins where it should; undefined, with what is wrong noted, if it is none. */
const follows = (
  piece: Piece,
  row: unknown,
  { next, readsPlain }: { readonly next: number; readonly readsPlain: boolean },
): Frame | undefined => {
  try {
    const frame = frameOf(row, readsPlain);
    if (frame.at === next) return frame;
    piece.failure = corruptAt(next);
  } catch (error) {
    piece.failure = error;
  }
  return undefined;
};

/** Adds the rows of one table from a start on, until the bytes are reached, the table ends or a row does not follow the one before it. */
const take = async (piece: Piece, from: Start, { keyRange, bytesMax, readsPlain }: Wanted): Promise<void> => {
  const table = from.store.name === 'segments' ? 'segments' : 'records';
  for (let next = from.at; piece.bytes < bytesMax || piece.found.length === 0; ) {
    const wanted = rowsFor(bytesMax - piece.bytes, { bytes: piece.bytes, rows: piece.found.length });
    const rows: readonly unknown[] = await ask(from.store.getAll(keyRange.lowerBound(next), wanted));
    for (const row of rows) {
      const frame = follows(piece, row, { next, readsPlain });
      if (frame === undefined) return;
      piece.found.push({ table, frame });
      piece.bytes += frame.bytesMin;
      next = frame.end;
      if (piece.bytes >= bytesMax) return;
    }
    if (rows.length < wanted) return;
  }
};

/** Opens rows at once. */
export const openAll = (cipher: Cipher, found: readonly Found[]): Promise<readonly PromiseSettledResult<ReadRow>[]> =>
  Promise.allSettled(found.map(({ table, frame }) => cipher.openRow(table, frame)));

/** What opening a row came to. @throws StoreError `storage.corrupt` */
export const openedOf = (settled: PromiseSettledResult<ReadRow>): ReadRow => {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
};

/** The rows to be opened, as far as each follows the one before it. */
const findRows = ({ cipher, ...source }: Source, from: Position, bytesMax: number) =>
  inLog(source, async (tables): Promise<Pick<Piece, 'found' | 'failure'>> => {
    const wanted = { keyRange: tables.keyRange, bytesMax, readsPlain: cipher.readsPlain };
    const piece: Piece = { found: [], bytes: 0, failure: undefined };
    const start = await startOf(tables, from);
    await take(piece, start, wanted);
    const end = piece.found.at(-1)?.frame.end;
    if (end !== undefined && start.store === tables.segments && piece.bytes < bytesMax && piece.failure === undefined) {
      await take(piece, { store: tables.records, at: end }, wanted);
    }
    const firstEnd = piece.found[0]?.frame.end;
    if (firstEnd !== undefined && firstEnd > from) return piece;
    if (piece.failure !== undefined) throw piece.failure;
    if (piece.found.length > 1 || (firstEnd ?? 0) !== from) throw corruptAt(from);
    return { found: [], failure: undefined };
  });

/**
 * Where the log goes on behind a damaged place, by the keys of the rows alone: what a damaged row says of its own end is not
 * relied on. Undefined where nothing follows.
 */
const goesOnAt = (source: Source, at: number): Promise<number | undefined> =>
  inLog(source, async ({ records, segments, keyRange }) => {
    const packed = await packedEnd(segments);
    const table = segments !== undefined && at < packed ? segments : records;
    const next = await ask(table.openKeyCursor(keyRange.lowerBound(at, true)));
    if (typeof next?.key === 'number') return next.key;
    return at < packed ? packed : undefined;
  });

/** Adds to a failure with a place where the log goes on behind it: whoever wants to can read on there. */
const placed = async <T>(source: Source, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!isStoreError(error, 'storage.corrupt') || typeof error.details.position !== 'number') throw error;
    const end = await goesOnAt(source, error.details.position);
    throw end === undefined ? error : new StoreError('storage.corrupt', { ...error.details, end }, { cause: error });
  }
};

/**
 * Whole records from the one that holds `from` on, until `bytesMax` is reached. How many bytes of commits a row holds is
 * known when it is open: a row may have been read that is not needed.
 * @throws StoreError `storage.corrupt`
 */
export const readLog = (source: Source, from: Position, bytesMax: number): Promise<readonly StoredRecord[]> =>
  placed(source, async () => {
    const { found, failure } = await findRows(source, from, bytesMax);
    const records: StoredRecord[] = [];
    let bytes = 0;
    for (const settled of await openAll(source.cipher, found)) {
      if (records.length > 0 && bytes >= bytesMax) break;
      const row = openedOf(settled); // first: a row that says where it ends and is not to be believed comes before what does not follow it
      records.push(row.record);
      bytes += row.bytes;
    }
    if (failure !== undefined) throw failure;
    return records;
  });

const rowAt = async ({ store, at }: Start, readsPlain: boolean): Promise<Found> => {
  const row: unknown = await ask(store.get(at));
  if (row === undefined) throw corruptAt(at);
  return { table: store.name === 'segments' ? 'segments' : 'records', frame: frameOf(row, readsPlain) };
};

/** The records that hold the positions, each once, in the order of the log. @throws StoreError `storage.corrupt` */
export const readLogAt = (source: Source, positions: readonly Position[]): Promise<readonly StoredRecord[]> =>
  placed(source, async () =>
    (await openAll(source.cipher, await rowsAt(source, positions))).map((settled) => openedOf(settled).record),
  );

/** The rows that hold the positions, not yet opened. */
const rowsAt = ({ cipher, ...source }: Source, positions: readonly Position[]) =>
  inLog(source, async (tables) => {
    const starts = await Promise.all(positions.map((at) => startOf(tables, at)));
    const unique = new Map(starts.map((start) => [start.at, start]));
    const rows = await Promise.all([...unique.values()].map((start) => rowAt(start, cipher.readsPlain)));
    const byStart = new Map(rows.map((row) => [row.frame.at, row]));
    for (const [index, at] of positions.entries()) {
      const holder = byStart.get(starts[index]?.at ?? 0);
      if (holder === undefined || holder.frame.end <= at) throw corruptAt(at);
    }
    return rows.sort((first, second) => first.frame.at - second.frame.at);
  });
