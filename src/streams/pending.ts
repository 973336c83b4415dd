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
  /**
   * Takes back receipts: nothing above `sequence` is confirmed any more. Gives the streams that have pending events now.
   * @param events  what was recorded here, in order, as far as it was read again
   */
  readonly reopen: (sequence: number, events: readonly RecordedEvent[]) => ReadonlySet<StreamId>;
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
  const add = (event: Waiting): void => {
    waiting.push(event);
    counts.set(event.stream, (counts.get(event.stream) ?? 0) + 1);
  };
  const take = (events: readonly RecordedEvent[]): void => {
    for (const { body, context } of events) {
      if (context.replica !== replica || body.sequence <= confirmed) continue;
      add({ stream: body.stream, sequence: body.sequence, recordedAt: context.recordedAt.utc });
    }
  };
  return {
    take,
    reopen: (sequence, events) => {
      const since = waiting.slice(from);
      waiting.length = 0;
      counts.clear();
      [from, confirmed] = [0, sequence];
      take(events);
      const last = waiting.at(-1)?.sequence ?? sequence;
      for (const event of since) if (event.sequence > last) add(event);
      return new Set(counts.keys());
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
