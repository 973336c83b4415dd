/**
 * The histories of streams that are folded anew: several are read from the log at once, and those that are likely to be folded
 * anew again, because they are in conflict or because events come late, are kept at hand as far as there is room.
 *
 * Invariant: a history that is given is what the log holds of the stream, in its order, whether it was kept or read. Law:
 * `histories.laws`. What can be sealed is never kept: it is opened anew each time, with the keys of that moment.
 */
import type { RecordedEvent } from '../core/commit.ts';
import type { StreamId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import type { Position } from '../core/position.ts';
import { streamKey } from './directory.ts';
import type { CommittedBatch, Log } from './log.ts';

type Events = readonly RecordedEvent[];

/** A stream, and where the records start that hold events of it, as far as that is known without asking the log. */
export type Wanted = { readonly stream: StreamId; readonly records: readonly Position[] };

type Readable = Pick<Log, 'findEarlier' | 'readRecords'>;

/** Records that are read at once: some 2 MB. */
const READ_RECORDS = 32;

/** Where the records start that hold events of any of the streams, each once, oldest first. */
const placesOf = async (log: Readable, wanted: readonly Wanted[]): Promise<readonly Position[]> => {
  const places = new Set<Position>();
  for (const { stream, records } of wanted) {
    for (const at of await log.findEarlier(streamKey(stream))) places.add(at);
    for (const at of records) places.add(at);
  }
  return [...places].sort((a, b) => a - b);
};

/** Every event of each stream that the log holds, in its order; the records are read once for all of them. */
export const readHistories = async (
  log: Readable,
  wanted: readonly Wanted[],
): Promise<ReadonlyMap<StreamId, Events>> => {
  const found = new Map<StreamId, RecordedEvent[]>(wanted.map(({ stream }) => [stream, []]));
  const places = await placesOf(log, wanted);
  let reached = 0; // packing may have merged a record with one that was read before
  for (let from = 0; from < places.length; from += READ_RECORDS) {
    for (const { events, size } of await log.readRecords(places.slice(from, from + READ_RECORDS))) {
      for (const event of events) if (event.position >= reached) found.get(event.body.stream)?.push(event);
      reached = Math.max(reached, size);
    }
  }
  return found;
};

/** Histories at hand, the one that was asked for longest ago first. */
export const keptHistories = (eventsMax: number = LIMITS.keptHistoryEventsMax) => {
  const kept = new Map<StreamId, RecordedEvent[]>();
  let held = 0;
  const drop = (stream: StreamId): void => {
    held -= kept.get(stream)?.length ?? 0;
    kept.delete(stream);
  };
  const makeRoom = (): void => {
    for (const [stream] of kept) if (held > eventsMax) drop(stream);
  };
  const keep = (stream: StreamId, events: Events): void => {
    drop(stream);
    if (events.length === 0) return; // nothing to go on from
    kept.set(stream, [...events]);
    held += events.length;
    makeRoom();
  };
  return {
    keep,
    get: (stream: StreamId): Events | undefined => {
      const events = kept.get(stream);
      if (events !== undefined) {
        kept.delete(stream);
        kept.set(stream, events);
      }
      return events;
    },
    /** Takes what is published: a history that is kept goes on, with each event once. */
    take: ({ events }: Pick<CommittedBatch, 'events'>): void => {
      for (const event of events) {
        const history = kept.get(event.body.stream);
        const last = history?.at(-1);
        if (history === undefined || last === undefined || event.position <= last.position) continue;
        history.push(event);
        held += 1;
      }
      makeRoom();
    },
    clear: (): void => {
      kept.clear();
      held = 0;
    },
  };
};
