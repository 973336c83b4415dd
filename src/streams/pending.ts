/**
 * Own events that no receipt covers yet, by stream. The outbox itself is a cursor: own sequences above the newest
 * receipt. This is only the count that people see.
 */
import type { RecordedEvent } from '../core/commit.ts';
import type { ReplicaId, StreamId } from '../core/ids.ts';

type Waiting = { readonly stream: StreamId; readonly sequence: number; readonly recordedAt: string };

export type Pending = {
  readonly take: (events: readonly RecordedEvent[]) => void;
  /** Takes a receipt up to `sequence`; gives the streams that have fewer pending events now. */
  readonly acknowledge: (sequence: number) => ReadonlySet<StreamId>;
  readonly of: (stream: StreamId) => number;
  /** How many in all, and when the oldest was recorded (device time, RFC 3339 UTC). */
  readonly total: () => { readonly events: number; readonly oldest: string | undefined };
};

/** @param acknowledged  highest own sequence that a receipt covers */
export const trackPending = (replica: ReplicaId, acknowledged: number): Pending => {
  const waiting: Waiting[] = [];
  const counts = new Map<StreamId, number>();
  let from = 0;
  let confirmed = acknowledged;
  return {
    take: (events) => {
      for (const { body, context } of events) {
        if (context.replica !== replica || body.sequence <= confirmed) continue;
        waiting.push({ stream: body.stream, sequence: body.sequence, recordedAt: context.recordedAt.utc });
        counts.set(body.stream, (counts.get(body.stream) ?? 0) + 1);
      }
    },
    acknowledge: (sequence) => {
      const streams = new Set<StreamId>();
      confirmed = Math.max(confirmed, sequence);
      for (let next = waiting[from]; next !== undefined && next.sequence <= confirmed; next = waiting[from]) {
        counts.set(next.stream, (counts.get(next.stream) ?? 1) - 1);
        streams.add(next.stream);
        from += 1;
      }
      if (from > waiting.length / 2) {
        waiting.splice(0, from);
        from = 0;
      }
      for (const stream of streams) if (counts.get(stream) === 0) counts.delete(stream);
      return streams;
    },
    of: (stream) => counts.get(stream) ?? 0,
    total: () => ({ events: waiting.length - from, oldest: waiting[from]?.recordedAt }),
  };
};
