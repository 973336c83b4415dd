/** Which commits from elsewhere continue the chains that this log holds, which it has already, which cannot be. */
import { type Commit, type Fault, type Head, headAfter } from '../core/commit.ts';
import type { ReplicaId } from '../core/ids.ts';
import { sameBytes } from '../crypto/bytes.ts';
import { checkContinues } from '../crypto/checkCommit.ts';
import type { Log } from './log.ts';

export type FaultyCommit = { readonly fault: Fault; readonly commit: Commit };
export type Fitting = { readonly fitting: readonly Commit[]; readonly faults: readonly FaultyCommit[] };

/** Commits that are held already: they end at or before the head and do not contradict it. */
const isHeld = (head: Head, commit: Commit): boolean => {
  const end = headAfter(commit);
  return end.sequence < head.sequence || (end.sequence === head.sequence && sameBytes(end.link, head.link));
};

/**
 * Sorts commits, each sound by itself, into those to store and those that contradict what is held. After a fault
 * nothing more of that replica is taken.
 */
export const fittingCommits = (log: Pick<Log, 'head'>, commits: readonly Commit[]): Fitting => {
  const heads = new Map<ReplicaId, Head>();
  const stopped = new Set<ReplicaId>();
  const fitting: Commit[] = [];
  const faults: FaultyCommit[] = [];
  for (const commit of commits) {
    const head = heads.get(commit.replica) ?? log.head(commit.replica);
    if (stopped.has(commit.replica) || isHeld(head, commit)) continue;
    const fault = checkContinues(head, commit);
    if (fault === undefined) {
      fitting.push(commit);
      heads.set(commit.replica, headAfter(commit));
    } else {
      faults.push({ fault, commit });
      stopped.add(commit.replica);
    }
  }
  return { fitting, faults };
};
