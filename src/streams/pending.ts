/**
 * Own events that no receipt covers yet, by stream. The outbox itself is a cursor: own sequences above the newest
 * receipt. This is only the count that people see.
 */
import type { RecordedEvent } from '../core/commit.ts';
import type { ReplicaId, StreamId } from '../core/ids.ts';

/** The counts as they are kept: enough to show them, not to say which events they are. */
export type PendingCounts = {
  /** Highest own sequence that a receipt covered. */
  readonly acknowledged: number;
  /** Device time of the oldest waiting event, RFC 3339 UTC. */
  readonly oldest: string | undefined;
  readonly streams: ReadonlyMap<StreamId, number>;
};

/** One stream with its waiting events. All of them share its name: a hundred thousand copies would stay in memory. */
type Line = { readonly stream: StreamId; count: number };

/** The waiting events, oldest first, as columns: an object for each would cost more than counting it. */
type Waiting = { readonly lines: Line[]; readonly sequences: number[]; readonly recordedAt: string[] };

export type Pending = {
  readonly take: (events: readonly RecordedEvent[]) => void;
  /** Takes a receipt up to `sequence`; gives the streams that have fewer pending events now. */
  readonly acknowledge: (sequence: number) => ReadonlySet<StreamId>;
  /**
   * Counts anew from the log: exactly what is above `sequence` waits. Gives the streams that had or have pending events.
   * @param events  what was recorded here above `sequence`, in order, as far as it was read again
   */
  readonly reopen: (sequence: number, events: readonly RecordedEvent[]) => ReadonlySet<StreamId>;
  /** True if some events are known by their number only: then the next receipt is taken by `reopen`. */
  readonly isSummary: () => boolean;
  readonly counts: () => PendingCounts;
  readonly of: (stream: StreamId) => number;
  /** How many in all, and when the oldest was recorded (device time, RFC 3339 UTC). */
  readonly total: () => { readonly events: number; readonly oldest: string | undefined };
};

const forget = ({ lines, sequences, recordedAt }: Waiting, count: number): void => {
  for (const column of [lines, sequences, recordedAt]) column.splice(0, count);
};

function* eachFrom({ lines, sequences, recordedAt }: Waiting, start: number) {
  for (let at = start; at < lines.length; at++) {
    const [line, own, time] = [lines[at], sequences[at], recordedAt[at]];
    if (line !== undefined && own !== undefined && time !== undefined) yield { stream: line.stream, own, time };
  }
}

const countsOf = (lines: Iterable<Line>): ReadonlyMap<StreamId, number> =>
  new Map([...lines].map(({ stream, count }) => [stream, count]));

const empty = (): Waiting => ({ lines: [], sequences: [], recordedAt: [] });

export const NONE_PENDING: PendingCounts = { acknowledged: 0, oldest: undefined, streams: new Map() };

/**
 * @param acknowledged  highest own sequence that a receipt covers
 * @param kept  counts of events that will not be taken again
 */
export const trackPending = (replica: ReplicaId, acknowledged: number, kept: PendingCounts = NONE_PENDING): Pending => {
  let waiting = empty();
  let streams = new Map<StreamId, Line>([...kept.streams].map(([stream, count]) => [stream, { stream, count }]));
  /** Events that are in the counts of their streams, and not among those waiting. */
  let summed = { events: [...kept.streams.values()].reduce((sum, count) => sum + count, 0), oldest: kept.oldest };
  let from = 0;
  let confirmed = acknowledged;
  const oldest = () => summed.oldest ?? waiting.recordedAt[from];
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
  return {
    take,
    reopen: (sequence, events) => {
      const since = waiting;
      const start = from;
      const before = [...streams.keys()];
      summed = { events: 0, oldest: undefined };
      waiting = empty();
      streams = new Map();
      [from, confirmed] = [0, sequence];
      take(events);
      const last = waiting.sequences.at(-1) ?? sequence;
      for (const { stream, own, time } of eachFrom(since, start)) if (own > last) add(stream, own, time);
      return new Set([...before, ...streams.keys()]);
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
      if (from > waiting.lines.length / 2) {
        forget(waiting, from);
        from = 0;
      }
      return fewer;
    },
    isSummary: () => summed.events > 0,
    counts: () => ({ acknowledged: confirmed, oldest: oldest(), streams: countsOf(streams.values()) }),
    of: (stream) => streams.get(stream)?.count ?? 0,
    total: () => ({ events: summed.events + waiting.lines.length - from, oldest: oldest() }),
  };
};
