/** Whether a sound commit continues a chain. Law: `checkCommit.laws` */
import type { Commit, Fault, Head } from '../core/commit.ts';
import type { ReplicaId, TenantId } from '../core/ids.ts';
import { sameBytes } from './bytes.ts';

/** One replica's chain in one tenant, as far as it was followed. */
export type Chain = { readonly replica: ReplicaId; readonly tenant: TenantId; readonly head: Head };

/** Says whether a sound commit is of this chain and continues it; the fault if not. */
export const checkInChain = (chain: Chain, commit: Commit): Fault | undefined => {
  const place = { sequence: chain.head.sequence + 1, replica: commit.replica };
  if (commit.replica !== chain.replica) return { ...place, code: 'chain.link-mismatch', what: 'replica' };
  if (commit.context.tenant !== chain.tenant) return { ...place, code: 'sync.wrong-tenant' };
  return checkContinues(chain.head, commit);
};

/**
 * Says whether a sound commit continues the chain at `head`; the fault if not. `head` must be that of the commit's own
 * replica and tenant: a head names neither, and another replica can sign a commit that fits it. `checkInChain` asks.
 */
export const checkContinues = (head: Head, commit: Commit): Fault | undefined => {
  const place = { sequence: commit.first, replica: commit.replica };
  if (commit.first > head.sequence + 1) return { ...place, code: 'chain.gap', sequence: head.sequence + 1 };
  if (commit.first <= head.sequence) return { ...place, code: 'chain.fork' };
  return sameBytes(commit.previous, head.link) ? undefined : { ...place, code: 'chain.link-mismatch' };
};
