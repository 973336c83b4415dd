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
import { type PackedCommits, packRecords, unpackCommits } from '../packing.ts';
import type { AppendOutcome, AppendRequest } from '../port.ts';
import { writeAppend } from './append.ts';
import type { Cipher } from './cipher.ts';
import { logSize, readLog, type Source } from './log.ts';
import type { RecordRow } from './rows.ts';
import { sealMarks, type ValueRow } from './sideRows.ts';

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

/** What lies in the log at the place of an append: its own bytes, nothing, or something else. */
type Trace = 'stored' | 'absent' | 'other';

const traceOf = async (source: Source, { packed, expectedSize }: Appending): Promise<Trace> => {
  const end = await logSize(source);
  if (end === expectedSize) return 'absent';
  if (end < expectedSize) return 'other';
  const own = packed.flatMap(unpackCommits);
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
