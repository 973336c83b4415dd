/**
 * An append from its first try to a sure end.
 *
 * An append whose answer did not come may have been stored all the same. So the second try looks first, on a new
 * connection: the bytes that are ours are stored; the bytes of another mean a conflict; nothing means that it is written
 * now. After a pause in which a browser may have lost the database, what was written is read back before it is
 * reported. Laws: "an append that loses its answer", "a write that is acknowledged and not stored".
 */
import { StoreError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { position, type Size, size } from '../../core/position.ts';
import { sameBytes } from '../../crypto/bytes.ts';
import { packRecords } from '../packing.ts';
import type { AppendOutcome, AppendRequest, Marks } from '../port.ts';
import { writeAppend } from './append.ts';
import type { Connection } from './connection.ts';
import { logSize, readLog, type Source } from './log.ts';
import { type RecordRow, readRecord } from './rows.ts';

export type Appending = {
  readonly rows: readonly RecordRow[];
  readonly marks: Marks;
  readonly expectedSize: Size;
  readonly durability: 'strict' | 'relaxed';
};

/** Copies the request; what becomes of its bytes after the call is the caller's own business. */
export const appendingOf = (request: AppendRequest, durability: 'strict' | 'relaxed'): Appending => ({
  rows: packRecords(request.expectedSize, request.commits),
  marks: request.marks,
  expectedSize: request.expectedSize,
  durability,
});

export const endOf = ({ rows, expectedSize }: Appending): Size =>
  size(rows.reduce<number>((end, { count }) => end + count, expectedSize));

const appended = (appending: Appending): AppendOutcome => ({
  kind: 'appended',
  size: endOf(appending),
  records: appending.rows.map(({ at }) => position(at)),
  durability: appending.durability,
});

const CONFLICT: AppendOutcome = { kind: 'conflict' };

/** What lies in the log at the place of an append: its own bytes, nothing, or something else. */
type Trace = 'stored' | 'absent' | 'other';

const traceOf = async (source: Source, { rows, expectedSize }: Appending): Promise<Trace> => {
  const end = await logSize(source);
  if (end === expectedSize) return 'absent';
  if (end < expectedSize) return 'other';
  const own = rows.flatMap((row) => readRecord(row).record.commits);
  const bytes = own.reduce((sum, commit) => sum + commit.bytes.length, 0);
  const records = await readLog(source, position(expectedSize), bytes + LIMITS.recordBytesMax);
  let at: number = records[0]?.position ?? 0;
  const found = records
    .flatMap(({ commits }) => commits)
    .filter(({ events }) => {
      at += events;
      return at > expectedSize;
    });
  return own.every((commit, index) => sameBytes(commit.bytes, found[index]?.bytes ?? new Uint8Array(0)))
    ? 'stored'
    : 'other';
};

/** @throws StoreError `storage.connection-lost` if what was reported as written is not seen there */
const confirm = async (source: Source, appending: Appending): Promise<void> => {
  if (appending.rows.length === 0) return;
  const trace = await traceOf(source, appending).catch((): Trace => 'absent');
  if (trace !== 'stored') throw new StoreError('storage.connection-lost', { position: appending.expectedSize });
};

/** `wasSize`: the log is known to have had the expected size. `isDoubtful`: read back what was written. */
export type Doubts = { readonly wasSize: boolean; readonly isDoubtful: boolean };

/** The first try. */
export const appendOnce = async (
  connection: Connection,
  appending: Appending,
  { wasSize, isDoubtful }: Doubts,
): Promise<AppendOutcome> => {
  const written = await writeAppend(connection.native, { ...appending, wasSize });
  if (written.kind === 'conflict') return CONFLICT;
  if (isDoubtful) await confirm(connection, appending);
  return appended(appending);
};

/** The second try, on a new connection, after one whose answer did not come. */
export const appendAgain = async (connection: Connection, appending: Appending): Promise<AppendOutcome> => {
  if (appending.rows.length === 0) return appendOnce(connection, appending, { wasSize: false, isDoubtful: false });
  const trace = await traceOf(connection, appending);
  if (trace === 'stored') return appended(appending);
  if (trace === 'other') return CONFLICT;
  const outcome = await appendOnce(connection, appending, { wasSize: false, isDoubtful: true });
  // The first try may have been stored between the look and the second one.
  if (outcome.kind === 'conflict' && (await traceOf(connection, appending)) === 'stored') return appended(appending);
  return outcome;
};
