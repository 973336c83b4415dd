/**
 * Receipts: taken if they name exactly the chain that is held here. One that names more, or another one, is evidence
 * that this database was put back or copied: it is kept, and the replica is succeeded by a new one.
 */
import type { Judgement } from '../core/aggregate.ts';
import type { Commit, Fault } from '../core/commit.ts';
import { type ErrorCode, isStoreError, StoreError } from '../core/errors.ts';
import type { ReplicaId } from '../core/ids.ts';
import { sameBytes, utf8 } from '../crypto/bytes.ts';
import { openReceipt, type Receipt } from '../crypto/checkpoint.ts';
import type { KeyExchange } from '../crypto/keyRows.ts';
import { readNoteVerifier } from '../crypto/signedNote.ts';
import type { EventStorage, Identity } from '../storage/port.ts';
import type { Log } from '../streams/log.ts';
import type { Writer } from '../streams/writer.ts';
import type { Closing, ClosingReason } from './closings.ts';
import { asMarks, type SyncMark } from './marks.ts';
import { nextBatch, type OutboxEntry } from './outbox.ts';
import type { Transport } from './transport.ts';

/** A receipt that contradicts the chain held here, as the server signed it. */
export type Contradiction = {
  readonly reason: ClosingReason;
  readonly note: string;
  readonly receipt: Receipt;
};

/** A commit with what speaks against it. */
export type JudgedCommit = { readonly commit: Commit; readonly judgement: Judgement };

/** What lies before the first of some commits in the server's order. */
export type BeforeCursor = Pick<SyncMark, 'placed' | 'again'>;

export type ExchangeParts = {
  readonly storage: EventStorage;
  readonly log: Log;
  readonly writer: Writer;
  /** Who writes here now: another one after a succession. */
  readonly identity: () => Identity;
  readonly transport: Transport;
  readonly mark: () => SyncMark;
  /** Takes a new mark; resolves when the store shows it. `saved`: false if there was no room to keep it. */
  readonly setMark: (mark: SyncMark, saved: boolean) => Promise<void>;
  /** Keeps evidence of a fault; false if there was no room, so that this program alone knows of it. */
  readonly keepFinding: (fault: Fault, evidence: Uint8Array) => Promise<boolean>;
  /** What speaks against commits from elsewhere, among commits in the server's order, own ones in their place; asked before they are stored. */
  readonly judge: (commits: readonly Commit[], before: BeforeCursor) => Promise<readonly JudgedCommit[]>;
  /** True if own events above `placed` decide what speaks against commits from elsewhere. */
  readonly isJudgedByOwn: (placed: number) => boolean;
  /** Closes the replica and begins a new one; false if this session has done so before: then a person has to look. */
  readonly succeed: (contradiction: Contradiction) => Promise<boolean>;
  /** Closes the replica at what the server will never take, from that sequence on, and begins a new one; false as for `succeed`. */
  readonly goOnWithout: (refusedFrom: number) => Promise<boolean>;
  readonly closings: () => readonly Closing[];
  readonly keepClosing: (closing: Closing) => Promise<void>;
  /** The key sheet of whoever is unlocked; undefined without keys. */
  readonly keys: KeyExchange | undefined;
};

/** True if there was room. On a full device what is known stays in memory, and the server tells it again another time. */
const ifRoom = async (write: Promise<void>): Promise<boolean> => {
  try {
    await write;
    return true;
  } catch (error) {
    if (!isStoreError(error, 'storage.quota-exceeded')) throw error;
    return false;
  }
};

export const saveMark = async (parts: ExchangeParts, mark: SyncMark): Promise<void> =>
  parts.setMark(mark, await ifRoom(parts.storage.writeMarks(asMarks(mark))));

/** Opens a receipt for one replica. @throws StoreError `receipt.mismatch` if it is for another, `checkpoint.malformed`, … */
export const receiptFor = async (parts: ExchangeParts, note: string, replica: ReplicaId): Promise<Receipt> => {
  const { server } = parts.mark();
  if (server === null) throw new StoreError('sync.protocol', { path: 'server' });
  const receipt = await openReceipt(note, readNoteVerifier(server));
  if (receipt.tenant !== parts.identity().tenant || receipt.replica !== replica)
    throw new StoreError('receipt.mismatch', { what: 'addressee' });
  return receipt;
};

export const reject = async (parts: ExchangeParts, note: string, code: ErrorCode, sequence: number): Promise<never> => {
  await parts.keepFinding({ code, sequence, replica: parts.identity().replica }, utf8(note));
  throw new StoreError(code, { sequence });
};

/** The own commit that ends at `sequence`, if one above the acknowledged ones does. */
const ownEndAt = async (parts: ExchangeParts, sequence: number): Promise<OutboxEntry | undefined> => {
  let { acknowledged, outboxFrom: from } = parts.mark();
  for (;;) {
    const batch = await nextBatch(parts.storage, parts.identity(), { from, acknowledged });
    const last = batch.at(-1);
    const found = batch.find(({ end }) => end.sequence === sequence);
    if (found !== undefined || last === undefined || last.end.sequence > sequence) return found;
    [from, acknowledged] = [last.record, last.end.sequence];
  }
};

/** `succeeded`: another replica writes here now, so that nothing that was asked for the old one holds any more. */
export type Taken = 'taken' | 'succeeded';

const contradict = async (
  parts: ExchangeParts,
  { note, receipt, reason }: Contradiction,
  code: ErrorCode,
): Promise<Taken> => {
  const { sequence } = receipt;
  await parts.keepFinding({ code, sequence, replica: parts.identity().replica }, utf8(note));
  if (await parts.succeed({ note, receipt, reason })) return 'succeeded';
  throw new StoreError(code, { sequence });
};

/**
 * Takes a receipt, if it names exactly the chain that is held here. What it covers beyond the last message was taken by
 * an answer that got lost, or sent by another tab.
 * @throws StoreError `receipt.ahead-of-log`, `receipt.mismatch`: it does not, and a new replica has already been begun
 */
export const acknowledge = async (parts: ExchangeParts, note: string, receipt: Receipt): Promise<Taken> => {
  const { time, size, sequence } = receipt;
  if (sequence <= parts.mark().acknowledged) return 'taken';
  if (sequence > parts.log.head(parts.identity().replica).sequence)
    return contradict(parts, { note, receipt, reason: 'shorter' }, 'receipt.ahead-of-log');
  const last = await ownEndAt(parts, sequence);
  if (last === undefined || !sameBytes(last.end.link, receipt.link))
    return contradict(parts, { note, receipt, reason: 'forked' }, 'receipt.mismatch');
  const newest = { acknowledged: sequence, outboxFrom: last.record, receipt: { note, time, size, sequence } };
  await saveMark(parts, { ...parts.mark(), ...newest });
  return 'taken';
};
