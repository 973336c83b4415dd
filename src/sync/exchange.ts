/**
 * The three exchanges of a sync: greet, pull, push. Each leaves the log and the mark whole, whatever happens to the
 * message; each may be repeated. The machine (`machines/sync.ts`) says when.
 */
import type { Commit, Fault } from '../core/commit.ts';
import { type ErrorCode, StoreError } from '../core/errors.ts';
import { fromBase64, sameBytes, utf8 } from '../crypto/bytes.ts';
import { checkCommit } from '../crypto/checkCommit.ts';
import { openReceipt, type Receipt } from '../crypto/checkpoint.ts';
import { readNoteVerifier } from '../crypto/signedNote.ts';
import type { PushResult } from '../machines/sync.ts';
import type { EventStorage, Identity } from '../storage/port.ts';
import type { Log } from '../streams/log.ts';
import type { Writer } from '../streams/writer.ts';
import { asMarks, type SyncMark } from './marks.ts';
import { nextBatch, type OutboxEntry } from './outbox.ts';
import type { Verdict } from './protocol.ts';
import type { Transport } from './transport.ts';

export type ExchangeParts = {
  readonly storage: EventStorage;
  readonly log: Log;
  readonly writer: Writer;
  readonly identity: Identity;
  readonly transport: Transport;
  readonly mark: () => SyncMark;
  /** Takes a new mark; resolves when the store shows it. */
  readonly setMark: (mark: SyncMark) => Promise<void>;
  /** Keeps evidence of a fault. */
  readonly keepFinding: (fault: Fault, evidence: Uint8Array) => Promise<void>;
};

const saveMark = async (parts: ExchangeParts, mark: SyncMark): Promise<void> => {
  await parts.storage.writeMarks(asMarks(mark));
  await parts.setMark(mark);
};

const receiptOf = async (parts: ExchangeParts, note: string): Promise<Receipt> => {
  const { server } = parts.mark();
  if (server === null) throw new StoreError('sync.protocol', { path: 'server' });
  const receipt = await openReceipt(note, readNoteVerifier(server));
  const { tenant, replica } = parts.identity;
  if (receipt.tenant !== tenant || receipt.replica !== replica)
    throw new StoreError('receipt.mismatch', { what: 'addressee' });
  return receipt;
};

const reject = async (parts: ExchangeParts, note: string, code: ErrorCode, sequence: number): Promise<never> => {
  await parts.keepFinding({ code, sequence, replica: parts.identity.replica }, utf8(note));
  throw new StoreError(code, { sequence });
};

/** The own commit that ends at `sequence`, if one above the acknowledged ones does. */
const ownEndAt = async (parts: ExchangeParts, sequence: number): Promise<OutboxEntry | undefined> => {
  let { acknowledged, outboxFrom: from } = parts.mark();
  for (;;) {
    const batch = await nextBatch(parts.storage, parts.identity, { from, acknowledged });
    const last = batch.at(-1);
    const found = batch.find(({ end }) => end.sequence === sequence);
    if (found !== undefined || last === undefined || last.end.sequence > sequence) return found;
    [from, acknowledged] = [last.record, last.end.sequence];
  }
};

/**
 * Takes a receipt, if it names exactly the chain that is held here. What it covers beyond the last message was taken by
 * an answer that got lost, or sent by another tab.
 */
const acknowledge = async (parts: ExchangeParts, note: string, receipt: Receipt): Promise<void> => {
  const { time, size, sequence } = receipt;
  if (sequence <= parts.mark().acknowledged) return;
  if (sequence > parts.log.head(parts.identity.replica).sequence)
    return reject(parts, note, 'receipt.ahead-of-log', sequence);
  const last = await ownEndAt(parts, sequence);
  if (last === undefined || !sameBytes(last.end.link, receipt.link))
    return reject(parts, note, 'receipt.mismatch', sequence);
  const newest = { acknowledged: sequence, outboxFrom: last.record, receipt: { note, time, size, sequence } };
  await saveMark(parts, { ...parts.mark(), ...newest });
};

/** The server has lost what it had confirmed: everything is exchanged again, from the beginning. */
const startAgain = async (parts: ExchangeParts, held: number): Promise<void> => {
  const mark = parts.mark();
  const fault: Fault = { code: 'server.rolled-back', sequence: held, replica: parts.identity.replica };
  await parts.keepFinding(fault, utf8(mark.receipt?.note ?? ''));
  await saveMark(parts, { ...mark, cursor: '', acknowledged: 0, outboxFrom: 0 });
};

/** Learns or checks the server's key, and what it holds of this replica: more, less, or what it had confirmed. */
export const greet = async (parts: ExchangeParts, signal: AbortSignal): Promise<void> => {
  const { identity, transport } = parts;
  const hello = await transport.hello(identity.replica, signal);
  const { server } = parts.mark();
  if (server !== null && server !== hello.server) return reject(parts, hello.server, 'server.key-changed', 0);
  readNoteVerifier(hello.server);
  if (server === null) await saveMark(parts, { ...parts.mark(), server: hello.server });
  const receipt = hello.receipt === null ? undefined : await receiptOf(parts, hello.receipt);
  const held = receipt?.sequence ?? 0;
  if (held < parts.mark().acknowledged) await startAgain(parts, held);
  if (receipt !== undefined) await acknowledge(parts, hello.receipt ?? '', receipt);
};

const checkAll = async (parts: ExchangeParts, encoded: readonly string[]): Promise<readonly Commit[]> => {
  const received = encoded.map(fromBase64);
  const checks = await Promise.all(received.map((bytes) => checkCommit(bytes)));
  const commits: Commit[] = [];
  for (const [at, check] of checks.entries()) {
    if (check.kind === 'sound' && check.commit.context.tenant === parts.identity.tenant) {
      commits.push(check.commit);
      continue;
    }
    const fault: Fault =
      check.kind === 'faulty'
        ? check.fault
        : { code: 'sync.wrong-tenant', sequence: check.commit.first, replica: check.commit.replica };
    await parts.keepFinding(fault, received[at] ?? new Uint8Array(0));
    throw new StoreError(fault.code, { sequence: fault.sequence, replica: fault.replica ?? '' });
  }
  return commits;
};

/**
 * Takes everything that others wrote since the last pull: checked, then stored together with the cursor.
 * @throws StoreError the code of the first fault, after keeping its evidence; the cursor stays before it
 */
export const pullAll = async (parts: ExchangeParts, signal: AbortSignal): Promise<void> => {
  for (let more = true; more; ) {
    const { cursor } = parts.mark();
    const page = await parts.transport.pull({ after: cursor, except: parts.identity.replica }, signal);
    const commits = await checkAll(parts, page.commits);
    const mark = { ...parts.mark(), cursor: page.cursor };
    const { faults } = await parts.writer.ingest({ commits, marks: {} });
    for (const { fault, commit } of faults) await parts.keepFinding(fault, commit.bytes);
    const [first] = faults;
    if (first !== undefined)
      throw new StoreError(first.fault.code, { sequence: first.fault.sequence, replica: first.commit.replica });
    if (page.cursor !== cursor) await saveMark(parts, mark);
    more = page.more && page.cursor !== cursor;
  }
};

const refusalIn = (verdicts: readonly Verdict[]): PushResult => {
  const refused = verdicts.find((verdict) => verdict.kind === 'refused');
  const later = verdicts.find((verdict) => verdict.kind === 'later');
  return {
    refused: refused?.kind === 'refused' ? refused.code : undefined,
    later: later?.kind === 'later' ? later.code : undefined,
  };
};

/** Sends own commits until nothing is left or the server does not take one. */
export const pushAll = async (parts: ExchangeParts, signal: AbortSignal): Promise<PushResult> => {
  for (;;) {
    const { acknowledged, outboxFrom } = parts.mark();
    const batch = await nextBatch(parts.storage, parts.identity, { from: outboxFrom, acknowledged });
    if (batch.length === 0) return { refused: undefined, later: undefined };
    const answer = await parts.transport.push(
      batch.map(({ bytes }) => bytes),
      signal,
    );
    if (answer.verdicts.length !== batch.length) throw new StoreError('sync.protocol', { path: 'verdicts' });
    if (answer.receipt !== null) await acknowledge(parts, answer.receipt, await receiptOf(parts, answer.receipt));
    const result = refusalIn(answer.verdicts);
    if (result.refused !== undefined || result.later !== undefined) return result;
    if (parts.mark().acknowledged === acknowledged) throw new StoreError('sync.protocol', { path: 'receipt' });
  }
};
