/**
 * What becomes of pushed commits, given what the server holds. Pure: the sequencer reads, asks here, and writes.
 *
 * Order of the questions for each commit: is it sound, is it of this tenant, is it held already, does it continue its
 * chain, does it build only on what is held, are its event ids new, may its author record it at this place of the log. `later` is for reasons that pass; `refused` is for
 * ever, and what follows a refused commit waits.
 */
import { type Commit, type Fault, type Head, headAfter } from '../core/commit.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { ReplicaId, TenantId } from '../core/ids.ts';
import { seen } from '../core/versionVector.ts';
import { sameBytes } from '../crypto/bytes.ts';
import type { CommitCheck } from '../crypto/checkCommit.ts';
import { checkContinues } from '../crypto/inChain.ts';
import type { AccessBook } from '../streams/accessBook.ts';
import type { Definitions } from '../streams/aggregateState.ts';
import { judgePermits } from '../streams/permits.ts';
import type { Verdict } from '../sync/protocol.ts';

/** A pushed commit: its bytes as received, the sequence it claims to start at (0 if it does not say), and its check. */
export type Received = { readonly bytes: Uint8Array; readonly first: number; readonly check: CommitCheck };

/** A commit that the server holds. */
export type Held = { readonly link: Uint8Array; readonly position: number };

/** What the server holds that bears on one push. */
export type Known = {
  readonly tenant: TenantId;
  /** Events in the tenant's log. */
  readonly size: number;
  /** Where the pushing replica's chain stands. */
  readonly head: Head;
  /** Commits of that replica by first sequence, as far as the push names them. */
  readonly commits: ReadonlyMap<number, Held>;
  /** Highest sequence held, for each replica that the push builds on. */
  readonly sequences: ReadonlyMap<string, number>;
  /** Ids among those pushed that the log has already. */
  readonly eventIds: ReadonlySet<string>;
  /** Who may do what, at the end of the log. */
  readonly access: AccessBook;
  /** The aggregates that are registered with the server. */
  readonly definitions: Definitions;
};

export type Placed = { readonly commit: Commit; readonly position: number };
export type Refusal = { readonly received: Received; readonly fault: Fault };
export type Decision = {
  readonly verdicts: readonly Verdict[];
  readonly accepted: readonly Placed[];
  readonly refused: readonly Refusal[];
  /** What speaks against accepted commits without being a reason to refuse them: devices keep it as a finding, and a person decides. */
  readonly pointedOut: readonly Fault[];
};

type Outcome =
  | { readonly kind: 'accepted'; readonly commit: Commit }
  | { readonly kind: 'duplicate'; readonly position: number }
  | { readonly kind: 'later'; readonly code: ErrorCode }
  | { readonly kind: 'refused'; readonly fault: Fault };

type State = {
  readonly known: Known;
  readonly head: Head;
  readonly size: number;
  readonly commits: Map<number, Held>;
  readonly eventIds: Set<string>;
  readonly access: AccessBook;
};

const refuse = (commit: Commit, code: ErrorCode, at = 0): Outcome => ({
  kind: 'refused',
  fault: { code, sequence: commit.first + at, replica: commit.replica },
});

/** Says whether all that the events build on is held. Of its own chain a sound commit builds on what precedes it only. */
const checkBasis = (state: State, commit: Commit): Outcome | undefined => {
  const isMissing = commit.events.some(({ basis }) =>
    Object.keys(basis).some(
      (replica) => replica !== commit.replica && seen(basis, replica) > (state.known.sequences.get(replica) ?? 0),
    ),
  );
  return isMissing ? { kind: 'later', code: 'chain.gap' } : undefined;
};

const checkIds = (state: State, commit: Commit): Outcome | undefined => {
  const own = new Set<string>();
  for (const [at, { id }] of commit.events.entries()) {
    if (state.eventIds.has(id) || own.has(id)) return refuse(commit, 'event.duplicate-id', at);
    own.add(id);
  }
  return undefined;
};

const checkAuthor = ({ access }: State, commit: Commit): Outcome | undefined => {
  const judgement = access.judge(commit);
  if (judgement?.isRefused !== true) return undefined;
  // A newer event of access is not a fault of the commit: it waits for a newer server.
  if (judgement.code === 'commit.unsupported-format') return { kind: 'later', code: judgement.code };
  return refuse(commit, judgement.code, judgement.at);
};

const pointOut = ({ access, known }: State, commit: Commit): readonly Fault[] =>
  [access.judge(commit), judgePermits(known.definitions, commit)].flatMap((judgement) =>
    judgement === undefined
      ? []
      : [{ code: judgement.code, sequence: commit.first + judgement.at, replica: commit.replica }],
  );

const judgeSound = (state: State, commit: Commit): Outcome => {
  if (commit.context.tenant !== state.known.tenant) return refuse(commit, 'sync.wrong-tenant');
  const held = state.commits.get(commit.first);
  if (held !== undefined && sameBytes(held.link, commit.link)) return { kind: 'duplicate', position: held.position };
  const fault = checkContinues(state.head, commit);
  if (fault?.code === 'chain.gap') return { kind: 'later', code: 'chain.gap' };
  if (fault !== undefined) return { kind: 'refused', fault };
  return (
    checkBasis(state, commit) ?? checkIds(state, commit) ?? checkAuthor(state, commit) ?? { kind: 'accepted', commit }
  );
};

const judge = (state: State, { check }: Received): Outcome => {
  if (check.kind === 'sound') return judgeSound(state, check.commit);
  // A newer format is not a fault of the commit: it waits for a newer server.
  if (check.fault.code === 'commit.unsupported-format') return { kind: 'later', code: check.fault.code };
  return { kind: 'refused', fault: check.fault };
};

const advanced = (state: State, commit: Commit): State => {
  state.commits.set(commit.first, { link: commit.link, position: state.size });
  for (const { id } of commit.events) state.eventIds.add(id);
  const access = state.access.after(commit);
  return { ...state, access, head: headAfter(commit), size: state.size + commit.events.length };
};

const verdictOf = (outcome: Outcome, first: number, size: number): Verdict => {
  switch (outcome.kind) {
    case 'accepted':
      return { kind: 'accepted', first, position: size };
    case 'duplicate':
      return { kind: 'duplicate', first, position: outcome.position };
    case 'later':
      return { kind: 'later', first, code: outcome.code };
    case 'refused':
      return { kind: 'refused', first, code: outcome.fault.code };
  }
};

/** Judges the commits of one push in their order. All are of one replica. */
export const decide = (known: Known, received: readonly Received[]): Decision => {
  let state: State = {
    known,
    head: known.head,
    size: known.size,
    commits: new Map(known.commits),
    eventIds: new Set(known.eventIds),
    access: known.access,
  };
  const verdicts: Verdict[] = [];
  const accepted: Placed[] = [];
  const refused: Refusal[] = [];
  const pointedOut: Fault[] = [];
  for (const each of received) {
    const outcome: Outcome = refused.length > 0 ? { kind: 'later', code: 'chain.gap' } : judge(state, each);
    verdicts.push(verdictOf(outcome, each.first, state.size));
    if (outcome.kind === 'refused') refused.push({ received: each, fault: outcome.fault });
    if (outcome.kind !== 'accepted') continue;
    accepted.push({ commit: outcome.commit, position: state.size });
    pointedOut.push(...pointOut(state, outcome.commit));
    state = advanced(state, outcome.commit);
  }
  return { verdicts, accepted, refused, pointedOut };
};

/** The replicas that the events of sound commits build on, and the ids they bring. */
export const askedOf = (received: readonly Received[]): { replicas: ReadonlySet<string>; ids: ReadonlySet<string> } => {
  const replicas = new Set<string>();
  const ids = new Set<string>();
  for (const { check } of received) {
    if (check.kind !== 'sound') continue;
    for (const event of check.commit.events) {
      ids.add(event.id);
      for (const replica of Object.keys(event.basis)) replicas.add(replica);
    }
  }
  return { replicas, ids };
};

/** The replicas that the pushed commits claim to be of. */
export const claimedBy = (received: readonly Received[]): ReadonlySet<ReplicaId> => {
  const replicas = new Set<ReplicaId>();
  for (const { check } of received) {
    const replica = check.kind === 'sound' ? check.commit.replica : check.fault.replica;
    if (replica !== undefined) replicas.add(replica);
  }
  return replicas;
};
