/** Keeps the rule of what authors have seen current with what is known of closed replicas. */
import type { ReplicaId } from '../core/ids.ts';
import type { Identity, Marks } from '../storage/port.ts';
import { type BasisRule, basisRule, type Fork } from '../streams/basis.ts';
import { type Closing, closingsIn, forksOf } from '../sync/closings.ts';

export type OwnBasis = {
  readonly rule: BasisRule;
  /** The closings that it began with. */
  readonly closings: readonly Closing[];
  /** Names the forks known, for what depends on how events were read. */
  readonly fingerprint: () => string;
  readonly follow: (closings: readonly Closing[], writer: ReplicaId) => void;
};

export const openBasis = (identities: readonly Identity[], marks: Marks): OwnBasis => {
  const closings = closingsIn(marks);
  const own = identities.map(({ replica }) => replica);
  let forks: readonly Fork[] = forksOf(closings, own);
  return {
    closings,
    rule: basisRule(() => forks),
    fingerprint: () => forks.map(({ replica, sharedUpTo, heldUpTo }) => `${replica}:${sharedUpTo}:${heldUpTo}`).join(),
    follow: (closings, writer) => {
      if (!own.includes(writer)) own.push(writer);
      forks = forksOf(closings, own);
    },
  };
};
