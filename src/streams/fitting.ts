/**
 * Which commits from elsewhere continue the chains that this log holds, which it has already, which cannot be.
 *
 * Invariant: a commit counts as held only if the log holds a commit with the same link at its end; anything else in that
 * place is a fork, however far behind the head. What lies in a record that cannot be read counts as held: its place in the log is
 * taken, and its bytes are a finding. Law: `fitting.laws`.
 */
import { type Commit, type Fault, type Head, headAfter } from '../core/commit.ts';
import type { Hash32, ReplicaId } from '../core/ids.ts';
import { sameBytes } from '../crypto/bytes.ts';
import { checkContinues } from '../crypto/inChain.ts';
import type { HeldChains, HeldRun } from './held.ts';
import type { Log } from './log.ts';

export type FaultyCommit = { readonly fault: Fault; readonly commit: Commit };
export type Fitting = { readonly fitting: readonly Commit[]; readonly faults: readonly FaultyCommit[] };

const NOTHING: HeldRun = { links: new Map(), missing: [] };

/** The links that the log holds where the given commits end, for each replica whose head is beyond one of them. */
const linksBelow = async (
  log: Pick<Log, 'head'>,
  held: HeldChains,
  commits: readonly Commit[],
): Promise<ReadonlyMap<ReplicaId, HeldRun>> => {
  const runs = new Map<ReplicaId, { from: number; to: number }>();
  for (const commit of commits) {
    const end = headAfter(commit).sequence;
    if (end >= log.head(commit.replica).sequence) continue;
    const run = runs.get(commit.replica) ?? { from: end, to: end };
    runs.set(commit.replica, { from: Math.min(run.from, end), to: Math.max(run.to, end) });
  }
  const links = new Map<ReplicaId, HeldRun>();
  for (const [replica, run] of runs) links.set(replica, await held({ replica, ...run }));
  return links;
};

/** One replica's chain as it will stand after the commits taken so far. */
type Chain = { head: Head; readonly held: HeldRun; readonly taken: Map<number, Hash32>; stopped: boolean };

const isHeld = ({ head, held, taken }: Chain, commit: Commit): boolean => {
  const end = headAfter(commit);
  const link = end.sequence === head.sequence ? head.link : (taken.get(end.sequence) ?? held.links.get(end.sequence));
  const isLost = held.missing.some(({ from, to }) => commit.first >= from && end.sequence <= to);
  return isLost || (link !== undefined && sameBytes(link, end.link));
};

/**
 * Sorts commits, each sound by itself, into those to store and those that contradict what is held. After a fault
 * nothing more of that replica is taken.
 */
export const fittingCommits = async (
  log: Pick<Log, 'head'>,
  held: HeldChains,
  commits: readonly Commit[],
): Promise<Fitting> => {
  const below = await linksBelow(log, held, commits);
  const chains = new Map<ReplicaId, Chain>();
  const chainOf = (replica: ReplicaId): Chain => {
    const known = chains.get(replica);
    if (known !== undefined) return known;
    const held = below.get(replica) ?? NOTHING;
    const head = log.head(replica);
    const taken = new Map([[head.sequence, head.link]]); // it is held also when what follows it was taken before it came
    const chain: Chain = { head, held, taken, stopped: false };
    chains.set(replica, chain);
    return chain;
  };
  const fitting: Commit[] = [];
  const faults: FaultyCommit[] = [];
  for (const commit of commits) {
    const chain = chainOf(commit.replica);
    if (chain.stopped || isHeld(chain, commit)) continue;
    const fault = checkContinues(chain.head, commit);
    if (fault === undefined) {
      fitting.push(commit);
      chain.head = headAfter(commit);
      chain.taken.set(chain.head.sequence, chain.head.link);
    } else {
      faults.push({ fault, commit });
      chain.stopped = true;
    }
  }
  return { fitting, faults };
};
