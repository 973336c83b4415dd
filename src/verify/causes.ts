/** What events say about other events: ids that are unique, and bases that name only events that are held. */
import type { Commit } from '../core/commit.ts';
import type { EventBody } from '../core/envelope.ts';
import type { EventId, ReplicaId } from '../core/ids.ts';
import { replicasOf, seen } from '../core/versionVector.ts';
import { VERIFY_LIMITS, type VerifyFinding } from './report.ts';

/** Ids that have come. In shards, since one Set holds at most 2^24 values; about 80 bytes for each id. */
export type IdSet = { readonly has: (id: EventId) => boolean; readonly add: (id: EventId) => void };

/** No ids yet. */
export const gatherIds = (): IdSet => {
  const shards = new Map<string, Set<EventId>>();
  const shardOf = (id: EventId): Set<EventId> => {
    const name = id.slice(-2);
    const shard = shards.get(name) ?? new Set<EventId>();
    shards.set(name, shard);
    return shard;
  };
  return {
    has: (id) => shardOf(id).has(id),
    add: (id) => {
      shardOf(id).add(id);
    },
  };
};

/** The highest event of a replica that some basis names, and the event that named it. */
export type Wanted = { readonly sequence: number; readonly by: string };

export type BasisCheck = {
  /** Gives a fault if the basis names more than can be followed. What it says of its own replica, `checkCommit` checks. */
  readonly add: (commit: Commit, event: EventBody) => VerifyFinding | undefined;
  /** What has been named and was not held then. */
  readonly wanted: () => ReadonlyMap<ReplicaId, Wanted>;
};

/** Bases of a log in which `heldOf` tells how far each replica's chain has come. */
export const checkBases = (heldOf: (replica: ReplicaId) => number): BasisCheck => {
  const wanted = new Map<ReplicaId, Wanted>();
  const want = (replica: ReplicaId, entry: Wanted): boolean => {
    const known = wanted.get(replica);
    if (known === undefined && wanted.size >= VERIFY_LIMITS.wantedMax) return false;
    if (known === undefined || known.sequence < entry.sequence) wanted.set(replica, entry);
    return true;
  };
  return {
    add: ({ replica }, { basis, sequence }) => {
      const refuse = (what: string): VerifyFinding => ({ code: 'commit.malformed', replica, sequence, what });
      for (const other of replicasOf(basis)) {
        const named = seen(basis, other);
        if (other === replica || named <= heldOf(other)) continue;
        if (!want(other, { sequence: named, by: `${replica}/${sequence}` }))
          return refuse('basis names too many replicas');
      }
      return undefined;
    },
    wanted: () => wanted,
  };
};
