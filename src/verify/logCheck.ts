/**
 * What a run of commits must satisfy beyond each commit by itself: chains from sequence 1, stated heads, unique ids, bases,
 * receipts. Goes on after a fault, and names the place of each by replica and sequence.
 */
import { type Commit, type Fault, type Head, headAfter } from '../core/commit.ts';
import type { ReplicaId, TenantId } from '../core/ids.ts';
import { sameBytes, toHex32 } from '../crypto/bytes.ts';
import type { NoteVerifier } from '../crypto/signedNote.ts';
import { type BasisCheck, checkBases, gatherIds, type IdSet } from './causes.ts';
import { type Chains, followChains, type Step } from './chains.ts';
import { type Candidate, checkInOrder } from './commits.ts';
import { checkErasures, type ErasureCheck, type ErasuresFound } from './erasures.ts';
import type { Findings } from './findings.ts';
import { type Places, tellPlaces } from './places.ts';
import { checkReceipts, type ReceiptCheck } from './receipts.ts';
import type { HeadsText, HeadText, KeptCopy, PinnedSigners, VerifyFinding } from './report.ts';
import type { Header } from './salvage.ts';
import { checkSignatures, type SignatureCheck, type SignaturesFound } from './signatures.ts';

export type LogCheckOptions = {
  readonly tenant: TenantId;
  readonly heads: ReadonlyMap<ReplicaId, Head> | undefined;
  readonly server: NoteVerifier | undefined;
  readonly findings: Findings;
  /** Signing keys known from elsewhere. */
  readonly signers?: PinnedSigners | undefined;
  /** Copies of values that were kept elsewhere. */
  readonly copies?: readonly KeptCopy[] | undefined;
  /** What a finding says about its line. */
  readonly lineOf: (at: number) => { readonly line?: number };
};

export type LogCheck = {
  /** Takes a receipt. All of them before the first commit. */
  readonly addReceipt: (note: string, at: number) => Promise<void>;
  readonly push: (candidate: Candidate) => Promise<void>;
  /** Reports something that may have been a commit and does not say whose. */
  readonly raiseUnplaced: (at: number, finding: VerifyFinding) => void;
  /** Resolves when every commit so far is settled. */
  readonly drain: () => Promise<void>;
  /** Settles everything and says what the log as a whole lacks. */
  readonly finish: () => Promise<SignaturesFound & ErasuresFound>;
  /** Sound commits in their place, and their events. */
  readonly counts: () => { readonly commits: number; readonly events: number; readonly receipts: number };
  /** Where the chain of each replica with sound events stands. */
  readonly heads: () => HeadsText;
};

/** Index, in its commit, of the first event that a fault touches. */
const offsetOf = (fault: Fault, header: Header): number => {
  if (!header.genuine && fault.code !== 'chain.leaf-mismatch') return 0;
  const offset = fault.replica === undefined ? fault.sequence : fault.sequence - header.first;
  return Math.max(0, Math.min(offset, header.count - 1));
};

const lastOf = (commit: Commit): number => commit.first + commit.events.length - 1;

type Check = {
  readonly options: LogCheckOptions;
  readonly places: Places;
  readonly receipts: ReceiptCheck;
  readonly chains: Chains;
  readonly bases: BasisCheck;
  readonly ids: IdSet;
  readonly signatures: SignatureCheck;
  readonly erasures: ErasureCheck;
  /** Replicas that went beyond their stated heads: said once for each. */
  readonly beyond: Set<ReplicaId>;
  readonly tally: { lastAt: number; commits: number; events: number };
};

const heldOf = (chains: Chains, replica: ReplicaId): number => chains.known(replica)?.head.sequence ?? 0;

const checkEvents = ({ ids, bases, places }: Check, commit: Commit, at: number): void => {
  const { replica } = commit;
  for (const event of commit.events) {
    if (ids.has(event.id)) places.raise(at, { code: 'event.duplicate-id', replica, sequence: event.sequence });
    ids.add(event.id);
    const fault = bases.add(commit, event);
    if (fault !== undefined) places.raise(at, fault);
  }
};

const checkBound = ({ options, beyond, places }: Check, commit: Commit, at: number): void => {
  const { replica, first } = commit;
  const stated = options.heads?.get(replica)?.sequence ?? 0;
  if (options.heads === undefined || lastOf(commit) <= stated || beyond.has(replica)) return;
  beyond.add(replica);
  const sequence = Math.max(first, stated + 1);
  places.raise(at, { code: 'chain.link-mismatch', replica, sequence, what: 'beyond the stated head' });
};

const raiseFault = ({ ids, places }: Check, fault: Fault, commit: Commit, at: number): void => {
  const { replica, first } = commit;
  const { code, sequence } = fault;
  const isRepeat = code === 'chain.fork' && commit.events.every(({ id }) => ids.has(id));
  if (code === 'chain.gap') places.raiseGap({ at, replica, sequence, what: 'missing before' }, true);
  else if (isRepeat)
    places.raise(at, { code: 'event.duplicate-id', replica, sequence: first, what: 'repeated commit' });
  else places.raise(at, { code, replica, sequence });
};

const raiseStep = (check: Check, step: Step, commit: Commit, at: number): void => {
  if (step.kind === 'fills' && step.isLast) check.places.closeGap(commit.replica, step.gap);
  if (step.kind === 'faulty') raiseFault(check, step.fault, commit, at);
  if (step.kind !== 'stolen') return;
  const { replica, sequence } = step;
  check.places.raise(at, { code: 'signature.invalid', replica, sequence, what: 'signed by another key' });
};

const settleSound = (check: Check, commit: Commit, { at, damage }: Candidate): void => {
  const { options, places, chains, receipts, tally } = check;
  const { replica, first, context, events } = commit;
  if (damage !== undefined) places.raise(at, { code: 'bundle.malformed', replica, sequence: first, what: damage });
  if (context.tenant !== options.tenant) {
    places.raise(at, { code: 'sync.wrong-tenant', replica, sequence: first });
    return;
  }
  const step = chains.follow(commit);
  raiseStep(check, step, commit, at);
  if (step.kind === 'stolen' || (step.kind === 'faulty' && !step.counts)) return;
  tally.commits += 1;
  tally.events += events.length;
  receipts.passed(replica, headAfter(commit));
  checkBound(check, commit, at);
  checkEvents(check, commit, at);
  check.signatures.add(commit, at);
  check.erasures.add(commit, at);
};

const settleFaulty = (check: Check, fault: Fault, { at, damage }: Candidate, header?: Header): void => {
  const { places, chains, receipts } = check;
  const code = damage === undefined ? fault.code : 'bundle.malformed';
  const what = damage ?? fault.what;
  const finding = what === undefined ? { code } : { code, what };
  const place = header === undefined ? undefined : chains.passOver(header);
  if (header === undefined || place === undefined) {
    places.raiseUnplaced(at, finding);
    return;
  }
  const { replica, first } = place;
  places.raise(at, { ...finding, replica, sequence: first + offsetOf(fault, header) });
  const chain = chains.known(replica);
  if (chain !== undefined && !chain.unsure) receipts.passed(replica, chain.head);
};

const checkHeads = ({ options, chains, places }: Check, at: number): void => {
  for (const [replica, stated] of options.heads ?? []) {
    const chain = chains.known(replica);
    if (chain === undefined || chain.unsure) continue;
    const { sequence, link } = chain.head;
    const place = { at, replica, sequence: sequence + 1, what: 'missing at the end' };
    if (sequence < stated.sequence) places.raiseGap(place, false);
    if (sequence !== stated.sequence || sameBytes(link, stated.link)) continue;
    const finding = { code: 'chain.link-mismatch', replica, sequence: Math.max(1, sequence) } as const;
    options.findings.raise(at, { ...finding, what: 'not the stated head' });
  }
};

const checkWanted = ({ bases, chains, places }: Check, at: number): void => {
  for (const [replica, { sequence, by }] of bases.wanted()) {
    const held = heldOf(chains, replica);
    if (held >= sequence || chains.known(replica)?.unsure === true) continue;
    places.raiseGap({ at, replica, sequence: held + 1, what: `named by the basis of ${by}` }, false);
  }
};

const headsOf = (chains: Chains): HeadsText => {
  const heads: Record<string, HeadText> = {};
  for (const [replica, { head }] of chains.all()) {
    if (head.sequence > 0) heads[replica] = { sequence: head.sequence, link: toHex32(head.link) };
  }
  return heads;
};

/** A check of one log. */
export const startLogCheck = (options: LogCheckOptions): LogCheck => {
  const chains = followChains(options.tenant, [...(options.heads?.keys() ?? [])]);
  const check: Check = {
    options,
    places: tellPlaces(options.findings, options.lineOf),
    receipts: checkReceipts(options),
    chains,
    bases: checkBases((replica) => heldOf(chains, replica)),
    ids: gatherIds(),
    signatures: checkSignatures(options),
    erasures: checkErasures(options),
    beyond: new Set(),
    tally: { lastAt: 0, commits: 0, events: 0 },
  };
  const { places, receipts, tally } = check;
  const queue = checkInOrder((candidate, checked) => {
    tally.lastAt = candidate.at;
    if (checked.check.kind === 'sound') settleSound(check, checked.check.commit, candidate);
    else settleFaulty(check, checked.check.fault, candidate, checked.header);
  });
  return {
    addReceipt: receipts.add,
    push: queue.push,
    raiseUnplaced: places.raiseUnplaced,
    drain: queue.drain,
    finish: async () => {
      await queue.drain();
      const endAt = tally.lastAt + 0.5;
      checkHeads(check, endAt);
      checkWanted(check, endAt);
      receipts.finish(chains.all(), endAt);
      places.match();
      return { ...(await check.signatures.finish()), ...check.erasures.finish() };
    },
    counts: () => ({ commits: tally.commits, events: tally.events, receipts: receipts.genuine() }),
    heads: () => headsOf(chains),
  };
};
