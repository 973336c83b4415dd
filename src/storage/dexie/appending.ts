/**
 * An append from its first try to a sure end.
 *
 * An append whose answer did not come may have been stored all the same. So the second try looks first, on a new
 * connection: the bytes that are ours are stored; the bytes of another mean a conflict; nothing means that it is written
 * now. What was written is read back before it is reported: by every append where engines were seen to lie, else after a
 * pause in which a browser may have lost the database (decision 0027). Laws: "an append that loses its answer", "a write that is acknowledged and not stored".
 */
import { StoreError } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';
import { position, type Size, size } from '../../core/position.ts';
import { sameBytes } from '../../crypto/bytes.ts';
import { type PackedCommits, packRecords } from '../packing.ts';
import type { AppendOutcome, AppendRequest } from '../port.ts';
import { type Trace, traceBytes, traceIn } from '../trace.ts';
import { writeAppend } from './append.ts';
import type { Cipher } from './cipher.ts';
import { logSize, readLog, type Source } from './log.ts';
import { isBytes, type RecordRow } from './rows.ts';
import { sealMarks, type ValueRow } from './sideRows.ts';
import { ask, reading } from './transaction.ts';

export type Appending = {
  /** What is appended, and the same sealed. */
  readonly packed: readonly PackedCommits[];
  readonly rows: readonly RecordRow[];
  readonly marks: readonly ValueRow[];
  readonly expectedSize: Size;
  readonly durability: 'strict' | 'relaxed';
};

/**
 * Copies the request and seals it; what becomes of its bytes after the call is the caller's own business.
 * @throws StoreError `append.too-large`, `key.randomness-repeated`
 */
export const appendingOf = async (
  { expectedSize, commits, marks }: AppendRequest,
  cipher: Cipher,
  durability: 'strict' | 'relaxed',
): Promise<Appending> => {
  const packed = packRecords(expectedSize, commits);
  const [rows, sealedMarks] = await Promise.all([Promise.all(packed.map(cipher.sealRecord)), sealMarks(cipher, marks)]);
  return { packed, rows, marks: sealedMarks, expectedSize, durability };
};

export const endOf = ({ rows, expectedSize }: Appending): Size => size(rows.at(-1)?.end ?? expectedSize);

const appended = (appending: Appending): AppendOutcome => ({
  kind: 'appended',
  size: endOf(appending),
  records: appending.rows.map(({ at }) => position(at)),
  durability: appending.durability,
});

const CONFLICT: AppendOutcome = { kind: 'conflict' };

const traceOf = async (source: Source, appending: Appending): Promise<Trace> => {
  const end = await logSize(source);
  const isBeyond = end > appending.expectedSize;
  const records = isBeyond ? await readLog(source, position(appending.expectedSize), traceBytes(appending)) : [];
  return traceIn(appending, { end, records });
};

/**
 * Whether the newest row of an append lies there as it was sealed: no other row has its bytes. One transaction wrote all rows, so
 * the newest stands for all. False also where another tab has packed it since.
 */
const isThere = async ({ native }: Source, row: RecordRow): Promise<boolean> => {
  const found: unknown = await reading(native, ['records'], (transaction) =>
    ask(transaction.objectStore('records').get(row.at)),
  );
  return isRecord(found) && isBytes(found['sealed']) && sameBytes(found['sealed'], row.sealed);
};

/** @throws StoreError `storage.connection-lost` if what was reported as written is not seen there */
const confirm = async (source: Source, appending: Appending): Promise<void> => {
  const newest = appending.rows.at(-1);
  if (newest === undefined || (await isThere(source, newest).catch(() => false))) return;
  const trace = await traceOf(source, appending).catch((): Trace => 'absent');
  if (trace !== 'stored') throw new StoreError('storage.connection-lost', { position: appending.expectedSize });
};

/** `wasSize`: the log is known to have had the expected size. `isDoubtful`: read back what was written. */
export type Doubts = { readonly wasSize: boolean; readonly isDoubtful: boolean };

/** The first try. */
export const appendOnce = async (
  source: Source,
  appending: Appending,
  { wasSize, isDoubtful }: Doubts,
): Promise<AppendOutcome> => {
  const written = await writeAppend(source.native, { ...appending, wasSize });
  if (written.kind === 'conflict') return CONFLICT;
  if (isDoubtful) await confirm(source, appending);
  return appended(appending);
};

/** The second try, on a new connection, after one whose answer did not come. */
export const appendAgain = async (source: Source, appending: Appending): Promise<AppendOutcome> => {
  if (appending.rows.length === 0) return appendOnce(source, appending, { wasSize: false, isDoubtful: false });
  const trace = await traceOf(source, appending);
  if (trace === 'stored') return appended(appending);
  if (trace === 'other') return CONFLICT;
  const outcome = await appendOnce(source, appending, { wasSize: false, isDoubtful: true });
  // The first try may have been stored between the look and the second one.
  if (outcome.kind === 'conflict' && (await traceOf(source, appending)) === 'stored') return appended(appending);
  return outcome;
};
