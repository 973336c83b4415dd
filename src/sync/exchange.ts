/**
 * The three exchanges of a sync: greet, pull, push. Each leaves the log and the mark whole, whatever happens to the
 * message; each may be repeated. The machine (`machines/sync.ts`) says when.
 */
import type { Commit, Fault } from '../core/commit.ts';
import { isStoreError, StoreError } from '../core/errors.ts';
import type { ReplicaId } from '../core/ids.ts';
import { fromBase64, utf8 } from '../crypto/bytes.ts';
import { checkCommit } from '../crypto/checkCommit.ts';
import { changesMessage, type KeyCarrier } from '../crypto/keyRows.ts';
import { readNoteVerifier } from '../crypto/signedNote.ts';
import { checkEnrolledKey, sign } from '../crypto/signer.ts';
import type { PullResult, PushResult } from '../machines/sync.ts';
import type { FaultyCommit } from '../streams/fitting.ts';
import { settleClosed } from './leftovers.ts';
import { FROM_START } from './marks.ts';
import { sendOthers } from './others.ts';
import { nextBatch, type OutboxEntry } from './outbox.ts';
import type { Verdict } from './protocol.ts';
import { acknowledge, type BeforeCursor, type ExchangeParts, receiptFor, reject, saveMark } from './receipts.ts';

export type { ExchangeParts } from './receipts.ts';

/** Exchanges whose server was put back, until what it lacks of others was sent too. */
const putBack = new WeakSet<ExchangeParts>();

/** The server has lost what it had confirmed: everything is exchanged again, from the beginning. */
const startAgain = async (parts: ExchangeParts, held: number): Promise<void> => {
  const mark = parts.mark();
  const fault: Fault = { code: 'server.rolled-back', sequence: held, replica: parts.identity().replica };
  await parts.keepFinding(fault, utf8(mark.receipt?.note ?? ''));
  await parts.keys?.startAgain();
  putBack.add(parts);
  await saveMark(parts, { ...mark, ...FROM_START, acknowledged: 0, outboxFrom: 0 });
};

/** Greets as the replica that writes here; `succeeded` if that is another one afterwards. */
const greetOnce = async (parts: ExchangeParts, signal: AbortSignal): Promise<'taken' | 'succeeded'> => {
  const { transport } = parts;
  const { replica } = parts.identity();
  const hello = await transport.hello(replica, signal);
  const { server } = parts.mark();
  const verifier = readNoteVerifier(hello.server); // a damaged one is no other key: its own digest tells
  if (server !== null && server !== hello.server) return reject(parts, hello.server, 'server.key-changed', 0);
  if (server === null) await checkEnrolledKey(verifier.publicKey);
  if (server === null) await saveMark(parts, { ...parts.mark(), server: hello.server });
  const receipt = hello.receipt === null ? undefined : await receiptFor(parts, hello.receipt, replica);
  const held = receipt?.sequence ?? 0;
  if (held < parts.mark().acknowledged) await startAgain(parts, held);
  return receipt === undefined ? 'taken' : acknowledge(parts, hello.receipt ?? '', receipt);
};

/**
 * Learns or checks the server's key, and what it holds of this replica: more, less, or what it had confirmed. A replica
 * that the server knows otherwise is succeeded, and what it had not sent is sent as far as that goes.
 */
export const greet = async (parts: ExchangeParts, signal: AbortSignal): Promise<void> => {
  while ((await greetOnce(parts, signal)) === 'succeeded');
  await settleClosed(parts, signal);
};

const checkAll = async (parts: ExchangeParts, encoded: readonly string[]): Promise<readonly Commit[]> => {
  const received = encoded.map(fromBase64);
  const checks = await Promise.all(received.map((bytes) => checkCommit(bytes)));
  const commits: Commit[] = [];
  for (const [at, check] of checks.entries()) {
    if (check.kind === 'sound' && check.commit.context.tenant === parts.identity().tenant) {
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

/** Leaves out what is known to contradict a closed replica's chain: the first of it is kept as evidence. */
const withoutForks = (parts: ExchangeParts, commits: readonly Commit[]): readonly Commit[] => {
  const forks = new Map(parts.closings().map(({ replica, forkedAt }) => [replica, forkedAt]));
  return commits.filter(({ replica, first }) => first < (forks.get(replica) ?? Number.POSITIVE_INFINITY));
};

/**
 * Keeps evidence of commits that contradict what is held. Of a replica that was closed here that is known to happen:
 * another copy of this database went on with it. Anything else ends the pull.
 */
const keepFault = async (parts: ExchangeParts, { fault, commit }: FaultyCommit): Promise<void> => {
  await parts.keepFinding(fault, commit.bytes);
  const closing = parts.closings().find(({ replica }) => replica === commit.replica);
  if (closing === undefined || fault.code === 'chain.gap')
    throw new StoreError(fault.code, { sequence: fault.sequence, replica: commit.replica });
  await parts.keepClosing({ ...closing, forkedAt: fault.sequence, sharedUpTo: fault.sequence - 1, settled: true });
};

/**
 * Keeps as evidence what its author may not record, or recorded after being revoked. It is stored all the same: what it says of access has
 * no effect, and what else it says a person judges.
 * @returns false if there was no room for some of it: what is held is not judged again, so that nothing may be stored whose finding could be lost
 */
const pointOut = async (parts: ExchangeParts, commits: readonly Commit[]): Promise<boolean> => {
  const isNew = ({ replica, first }: Commit) => first > parts.log.head(replica).sequence;
  if (!commits.some(isNew)) return true;
  let isKept = true;
  for (const { commit, judgement } of await parts.judge(commits, parts.mark())) {
    if (!isNew(commit)) continue;
    const { code, at } = judgement;
    const finding = { code, sequence: commit.first + at, replica: commit.replica };
    if (!(await parts.keepFinding(finding, commit.bytes))) isKept = false;
  }
  return isKept;
};

/** Evidence of each of them is kept before the first ends the pull: another page may not show the others again. */
const keepFaults = async (parts: ExchangeParts, faults: readonly FaultyCommit[]): Promise<void> => {
  const errors: unknown[] = [];
  for (const fault of faults) await keepFault(parts, fault).catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
};

/** What a page came to: something that was not held, nothing but what is held, or no room. */
type PageTaken = 'new' | 'nothing-new' | 'no-room';

/** Stores what a page brought of others. @throws StoreError the code of the first fault, after keeping its evidence */
const take = async (parts: ExchangeParts, commits: readonly Commit[]): Promise<PageTaken> => {
  const ordered = withoutForks(parts, commits);
  if (!(await pointOut(parts, ordered))) return 'no-room';
  const fitting = ordered.filter(({ replica }) => replica !== parts.identity().replica);
  const isNew = fitting.some(({ replica, first }) => first > parts.log.head(replica).sequence);
  try {
    const { faults } = await parts.writer.ingest({ commits: fitting, marks: {} });
    await keepFaults(parts, faults);
    return isNew ? 'new' : 'nothing-new';
  } catch (error) {
    if (!isStoreError(error, 'storage.quota-exceeded')) throw error;
    return 'no-room';
  }
};

/** All that the server holds has been pulled: a closed replica that it did not contradict is the same everywhere. */
const noteAgreement = async (parts: ExchangeParts): Promise<void> => {
  for (const closing of parts.closings()) {
    if (closing.sharedUpTo !== null && closing.forkedAt === null)
      await parts.keepClosing({ ...closing, sharedUpTo: null });
  }
};

/** The page behind the cursor, with own commits in their place where others are judged by them. */
const nextPage = async (parts: ExchangeParts, signal: AbortSignal) => {
  const { cursor, placed, acknowledged } = parts.mark();
  const { replica } = parts.identity();
  const isWhole = acknowledged > placed && parts.isJudgedByOwn(placed);
  const page = await parts.transport.pull({ after: cursor, ...(isWhole ? {} : { except: replica }) }, signal);
  const commits = await checkAll(parts, page.commits);
  const isOfOthers = commits.some((commit) => commit.replica !== replica);
  // at the end of the log, all that is held of others and that the server had confirmed before it was asked lies behind
  const behind = passed(parts.mark(), commits, replica);
  const before = page.more ? behind : { placed: Math.max(behind.placed, acknowledged), again: null };
  return { page, commits, isOfOthers, before };
};

/** What lies before the cursor once these commits do. */
const passed = (mark: BeforeCursor, commits: readonly Commit[], own: ReplicaId): BeforeCursor => {
  let { placed } = mark;
  const again = mark.again === null ? null : { ...mark.again };
  for (const { replica, first, events } of commits) {
    const last = first + events.length - 1;
    if (replica === own) placed = Math.max(placed, last);
    else if (again !== null) again[replica] = Math.max(again[replica] ?? 0, last);
  }
  return { placed, again };
};

/** What one pull has found out. */
type Pull = { isGreeted: boolean };

/** Takes the page behind the cursor; true if there may be another one. @throws StoreError as `pullAll` */
const pullPage = async (parts: ExchangeParts, pull: Pull, signal: AbortSignal): Promise<boolean | 'no-room'> => {
  const { cursor } = parts.mark();
  const { page, commits, isOfOthers, before } = await nextPage(parts, signal);
  const taken = await take(parts, commits);
  if (taken === 'no-room') return taken;
  if (page.cursor === cursor) return false;
  await saveMark(parts, { ...parts.mark(), cursor: page.cursor, ...before });
  // What was pulled before is given again: the server does not know the cursor any more, and may lack what it never took here.
  if (taken === 'nothing-new' && cursor !== '' && isOfOthers) putBack.add(parts);
  // Another place in the log though nothing is new: own commits lie between, or it is not the log that it was. The receipt tells.
  if (taken === 'nothing-new' && cursor !== '' && parts.mark().acknowledged > 0 && !pull.isGreeted) {
    pull.isGreeted = true;
    await greet(parts, signal);
    if (parts.mark().cursor === '') return true;
  }
  return page.more;
};

/**
 * Takes everything that others wrote since the last pull: checked, then stored; then the cursor moves. On a full device
 * it ends early and says so: what was recorded here can be sent all the same. Where a commit is missing, everything is asked for
 * once more from the beginning: what was withheld earlier, or lost, lies before the cursor.
 * @throws StoreError the code of the first fault, after keeping its evidence; the cursor stays before it
 */
export const pullAll = async (parts: ExchangeParts, signal: AbortSignal): Promise<PullResult> => {
  let isFromStart = parts.mark().cursor === '';
  const pull: Pull = { isGreeted: false };
  for (let more = true; more; ) {
    try {
      const found = await pullPage(parts, pull, signal);
      if (found === 'no-room') return { short: 'storage.quota-exceeded' };
      more = found;
    } catch (error) {
      if (isFromStart || !isStoreError(error, 'chain.gap')) throw error;
      isFromStart = true;
      await saveMark(parts, { ...parts.mark(), ...FROM_START });
    }
  }
  await noteAgreement(parts);
  return { short: undefined };
};

/** A carrier that says whose changes it carries. */
const signedBy = (identity: ExchangeParts['identity'], carrier: KeyCarrier): KeyCarrier => ({
  ...carrier,
  send: async (changes, signal) => {
    const { tenant, key } = identity();
    const signature = await sign(key, changesMessage(tenant, changes));
    return carrier.send(changes, signal, { publicKey: key.publicKey, signature });
  },
});

/** What ends a round; all else that keys meet keeps back nothing but keys. */
const ENDS_ROUND: readonly string[] = ['sync.offline', 'sync.unauthorised', 'store.turn-lost'];

/**
 * Exchanges the key sheet, or only sends what was changed here. Events never wait for it.
 * @returns the code of what kept it from being done; undefined where there is nothing to exchange
 */
export const exchangeKeys = async (
  { keys, transport, identity }: ExchangeParts,
  what: 'exchange' | 'send',
  signal: AbortSignal,
): Promise<string | undefined> => {
  if (keys === undefined || transport.keys === undefined) return undefined;
  try {
    await keys[what](signedBy(identity, transport.keys), signal);
    return undefined;
  } catch (error) {
    if (!isStoreError(error) || ENDS_ROUND.includes(error.code)) throw error;
    return error.code;
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

/**
 * Takes the receipt that answers a push. `succeeded`: it is of a chain that another copy of this database wrote. `lost`: it is of less than
 * the server had confirmed before it was asked. No receipt is no evidence: the push may have been damaged on its way, so that it
 * named somebody else. The greeting tells.
 */
const takeAnswer = async (
  parts: ExchangeParts,
  { receipt: note, confirmed }: { readonly receipt: string | null; readonly confirmed: number },
  signal: AbortSignal,
): Promise<'taken' | 'succeeded' | 'lost'> => {
  if (note === null) {
    if (confirmed > 0) await greet(parts, signal);
    return parts.mark().acknowledged < confirmed ? 'lost' : 'taken';
  }
  const receipt = await receiptFor(parts, note, parts.identity().replica);
  if (receipt.sequence >= confirmed) return acknowledge(parts, note, receipt);
  await startAgain(parts, receipt.sequence);
  return 'lost';
};

/**
 * What its author may not record is never taken, and would keep back all that follows it here: it stays in the log, with a finding, and a new
 * replica goes on. Whoever was revoked has nothing to go on with. Law: `refused.test`.
 */
const setAside = async (
  parts: ExchangeParts,
  batch: readonly OutboxEntry[],
  verdicts: readonly Verdict[],
): Promise<boolean> => {
  const at = verdicts.findIndex(({ kind }) => kind === 'refused');
  const refused = batch[at];
  if (refused === undefined) return false;
  const { replica } = parts.identity();
  await parts.keepFinding({ code: 'access.denied', sequence: refused.first, replica }, refused.bytes);
  return parts.goOnWithout(refused.first);
};

/** Sends own commits until nothing is left or the server does not take one. */
export const pushAll = async (parts: ExchangeParts, signal: AbortSignal): Promise<PushResult> => {
  for (let times = 0; ; ) {
    const { acknowledged, outboxFrom } = parts.mark();
    const batch = await nextBatch(parts.storage, parts.identity(), { from: outboxFrom, acknowledged });
    if (batch.length === 0) {
      if (putBack.delete(parts)) await sendOthers(parts, signal);
      return { refused: undefined, later: undefined };
    }
    const answer = await parts.transport.push(
      batch.map(({ bytes }) => bytes),
      signal,
    );
    if (answer.verdicts.length !== batch.length) throw new StoreError('sync.protocol', { path: 'verdicts' });
    const taken = await takeAnswer(parts, { receipt: answer.receipt, confirmed: acknowledged }, signal);
    if (taken === 'lost' && times++ === 0) continue;
    // after a succession everything is asked for anew, from the greeting on
    if (taken === 'succeeded') return { refused: undefined, later: 'chain.fork' };
    const result = refusalIn(answer.verdicts);
    if (result.later === 'chain.gap' && (await sendOthers(parts, signal))) continue;
    if (result.refused === 'access.denied' && (await setAside(parts, batch, answer.verdicts)))
      return { refused: undefined, later: result.refused };
    if (result.refused !== undefined || result.later !== undefined) return result;
    if (parts.mark().acknowledged === acknowledged) throw new StoreError('sync.protocol', { path: 'receipt' });
  }
};
