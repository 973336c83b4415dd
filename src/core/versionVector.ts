/**
 * Dotted version vectors: what an author had seen, and whether two events are concurrent. No clock is involved.
 *
 * A vector maps a replica to the highest sequence seen of it, without gaps. Laws: `versionVector.laws` (merge is
 * commutative, associative, idempotent; compare is a partial order; concurrency is symmetric).
 */
import { StoreError } from './errors.ts';
import { type ReplicaId, replicaId } from './ids.ts';
import { LIMITS } from './limits.ts';
import { type Dot, type Sequence, sequence } from './position.ts';

/** Replica id to highest sequence. Read from outside by `readVersionVector` only. */
export type VersionVector = Readonly<Record<string, Sequence>>;
export type Ordering = 'equal' | 'before' | 'after' | 'concurrent';

export const EMPTY_VECTOR: VersionVector = Object.freeze({});

/** The replicas a vector names, sorted. */
export const replicasOf = (vector: VersionVector): readonly ReplicaId[] => Object.keys(vector).sort().map(replicaId);

/** Highest sequence of `replica` in `vector`, 0 if it names none. */
export const seen = (vector: VersionVector, replica: string): number => vector[replica] ?? 0;

/** True if the event at `dot` is among those that `vector` counts. */
export const includesDot = (vector: VersionVector, dot: Dot): boolean => seen(vector, dot.replica) >= dot.sequence;

/** True if everything in `inner` is also in `outer`. */
export const dominates = (outer: VersionVector, inner: VersionVector): boolean => {
  for (const replica in inner) {
    if (seen(outer, replica) < seen(inner, replica)) return false;
  }
  return true;
};

/** How two vectors relate. */
export const compareVectors = (a: VersionVector, b: VersionVector): Ordering => {
  const below = dominates(b, a);
  const above = dominates(a, b);
  if (below && above) return 'equal';
  if (below) return 'before';
  return above ? 'after' : 'concurrent';
};

/** The least vector that dominates both. */
export const mergeVectors = (a: VersionVector, b: VersionVector): VersionVector => {
  const merged: Record<string, Sequence> = { ...a };
  for (const [replica, theirs] of Object.entries(b)) {
    if (theirs > seen(merged, replica)) merged[replica] = theirs;
  }
  return merged;
};

/** The vector that has also seen `dot`. */
export const withDot = (vector: VersionVector, dot: Dot): VersionVector =>
  includesDot(vector, dot) ? vector : { ...vector, [dot.replica]: dot.sequence };

/** An event's place and what its author had seen of the stream. */
export type Dotted = { readonly dot: Dot; readonly basis: VersionVector };

/** True if neither author had seen the other's event. Different events of one replica are never concurrent. */
export const areConcurrent = (a: Dotted, b: Dotted): boolean =>
  a.dot.replica !== b.dot.replica && !includesDot(a.basis, b.dot) && !includesDot(b.basis, a.dot);

/** Reads a vector from parsed JSON. @throws StoreError `id.malformed` */
export const readVersionVector = (value: unknown): VersionVector => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed();
  const entries = Object.entries(value);
  if (entries.length > LIMITS.vectorEntriesMax) throw malformed();
  const vector: Record<string, Sequence> = {};
  for (const [replica, counted] of entries) {
    if (typeof counted !== 'number') throw malformed();
    vector[replicaId(replica)] = sequence(counted);
  }
  return vector;
};

const malformed = (): StoreError => new StoreError('id.malformed', { kind: 'versionVector' });
