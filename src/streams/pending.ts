/**
 * Own events that no receipt covers yet, by stream. The outbox itself is a cursor: own sequences above the newest
 * receipt. This is only the count that people see.
 */
import type { RecordedEvent } from '../core/commit.ts';
import type { ReplicaId, StreamId } from '../core/ids.ts';

/** One stream with its waiting events. All of them share its name: a hundred thousand copies would stay in memory. */
type Line = { readonly stream: StreamId; count: number };

/** The waiting events, oldest first, as columns: an object for each would cost more than counting it. */
type Waiting = { readonly lines: Line[]; readonly sequences: number[]; readonly recordedAt: string[] };

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
  let waiting: Waiting = { lines: [], sequences: [], recordedAt: [] };
  let streams = new Map<StreamId, Line>();
  let from = 0;
  let confirmed = acknowledged;
  const add = (stream: StreamId, sequence: number, recordedAt: string): void => {
    const line = streams.get(stream) ?? { stream, count: 0 };
    if (line.count === 0) streams.set(stream, line);
    line.count += 1;
    waiting.lines.push(line);
    waiting.sequences.push(sequence);
    waiting.recordedAt.push(recordedAt);
  };
  const take = (events: readonly RecordedEvent[]): void => {
    for (const { body, context } of events) {
      if (context.replica !== replica || body.sequence <= confirmed) continue;
      add(body.stream, body.sequence, context.recordedAt.utc);
    }
  };
  const forget = (count: number): void => {
    for (const column of [waiting.lines, waiting.sequences, waiting.recordedAt]) column.splice(0, count);
    from -= count;
  };
  return {
    take,
    reopen: (sequence, events) => {
      const since = waiting;
      const start = from;
      waiting = { lines: [], sequences: [], recordedAt: [] };
      streams = new Map();
      [from, confirmed] = [0, sequence];
      take(events);
      const last = waiting.sequences.at(-1) ?? sequence;
      for (let at = start; at < since.lines.length; at++) {
        const { lines, sequences, recordedAt } = since;
        const [line, own, time] = [lines[at], sequences[at], recordedAt[at]];
        if (line !== undefined && own !== undefined && time !== undefined && own > last) add(line.stream, own, time);
      }
      return new Set(streams.keys());
    },
    acknowledge: (sequence) => {
      const fewer = new Set<StreamId>();
      confirmed = Math.max(confirmed, sequence);
      for (let line = waiting.lines[from]; line !== undefined; line = waiting.lines[from]) {
        if ((waiting.sequences[from] ?? 0) > confirmed) break;
        line.count -= 1;
        if (line.count === 0) streams.delete(line.stream);
        fewer.add(line.stream);
        from += 1;
      }
      if (from > waiting.lines.length / 2) forget(from);
      return fewer;
    },
    of: (stream) => streams.get(stream)?.count ?? 0,
    total: () => ({ events: waiting.lines.length - from, oldest: waiting.recordedAt[from] }),
  };
};
