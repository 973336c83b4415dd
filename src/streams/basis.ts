/**
 * What authors have seen, where a replica name stands for two chains: after a copy of this database went on under the
 * same name, events of that replica beyond the fork are other ones here than everywhere else.
 *
 * Invariants: nothing that is sealed here claims to have seen what only this database holds, so it can be taken
 * everywhere; nothing from elsewhere counts as having seen it; this database's later replicas do. Law: `basis.laws`.
 */
import type { ReplicaId } from '../core/ids.ts';
import { type Sequence, sequence } from '../core/position.ts';
import { seen, type VersionVector } from '../core/versionVector.ts';

/** One replica whose chain here is another one than elsewhere. */
export type Fork = {
  readonly replica: ReplicaId;
  /** Highest sequence that is the same everywhere. */
  readonly sharedUpTo: number;
  /** Highest sequence that is here. */
  readonly heldUpTo: number;
  /** Replicas that this database has had after it: what they wrote knows all of it. */
  readonly successors: ReadonlySet<ReplicaId>;
};

export type BasisRule = {
  /** True if every basis means what it says: no replica name stands for two chains. */
  readonly isPlain: () => boolean;
  /** What a new event may say that its author has seen. */
  readonly told: (frontier: VersionVector) => VersionVector;
  /** What the author of a recorded event had seen, in the names of this log. */
  readonly meant: (author: ReplicaId, basis: VersionVector) => VersionVector;
};

const withSeen = (vector: VersionVector, replica: ReplicaId, upTo: number): VersionVector => {
  const next: Record<string, Sequence> = { ...vector };
  if (upTo === 0) delete next[replica];
  else next[replica] = sequence(upTo);
  return next;
};

const capped = (vector: VersionVector, { replica, sharedUpTo }: Fork): VersionVector =>
  seen(vector, replica) > sharedUpTo ? withSeen(vector, replica, sharedUpTo) : vector;

const meantBy = (author: ReplicaId, basis: VersionVector, fork: Fork): VersionVector => {
  const { replica, heldUpTo, successors } = fork;
  if (author === replica) return basis;
  if (!successors.has(author)) return capped(basis, fork);
  return seen(basis, replica) < heldUpTo ? withSeen(basis, replica, heldUpTo) : basis;
};

/** The rule over the forks known at each moment; none is the rule of a database that was never copied. */
export const basisRule = (forks: () => readonly Fork[]): BasisRule => ({
  isPlain: () => forks().length === 0,
  told: (frontier) => forks().reduce(capped, frontier),
  meant: (author, basis) => forks().reduce((known, fork) => meantBy(author, known, fork), basis),
});

/** The rule where no replica name stands for two chains. */
export const PLAIN_BASIS: BasisRule = {
  isPlain: () => true,
  told: (frontier) => frontier,
  meant: (_, basis) => basis,
};
