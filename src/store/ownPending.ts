/** Pending counts that go on under another replica: what follows them keeps the one object. */
import type { ReplicaId, StreamId } from '../core/ids.ts';
import { type Pending, trackPending } from '../streams/pending.ts';

/** `succeed`: counts the events of another replica from now on; gives the streams that had pending events. */
export type OwnPending = Pending & { readonly succeed: (replica: ReplicaId) => ReadonlySet<StreamId> };

export const ownPending = (first: Pending): OwnPending => {
  let current = first;
  return {
    take: (events) => current.take(events),
    acknowledge: (sequence) => current.acknowledge(sequence),
    reopen: (sequence, events) => current.reopen(sequence, events),
    isSummary: () => current.isSummary(),
    counts: () => current.counts(),
    of: (stream) => current.of(stream),
    total: () => current.total(),
    succeed: (replica) => {
      const before = new Set(current.counts().streams.keys());
      current = trackPending(replica, 0);
      return before;
    },
  };
};
