/**
 * States as of an earlier moment: folded from what was held, or recorded, by then.
 *
 * Invariant: as of the log's size, or of any later time, the states are those of now. Law: `past.laws`.
 */
import type { RecordedEvent } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import { type StreamId, streamParts } from '../core/ids.ts';
import { position } from '../core/position.ts';
import type { AggregateSnapshot } from '../projections/view.ts';
import type { Log } from './log.ts';
import { rebuildState, type StreamReader, snapshotOfState } from './streamState.ts';

/**
 * A moment. `size`: after so many events of this device's log, which is what this device showed then. `time`: RFC 3339; what was recorded by
 * then by the clocks of the devices that recorded it, whenever it came here.
 */
export type AsOf = { readonly size: number } | { readonly time: string };

/** Whether an event counts as of the moment. @throws StoreError `query.wrong-moment` */
export const countsAsOf = (at: AsOf): ((event: RecordedEvent) => boolean) => {
  if ('size' in at) {
    if (!Number.isSafeInteger(at.size) || at.size < 0) throw new StoreError('query.wrong-moment');
    return (event) => event.position < at.size;
  }
  const timeMs = /^\d{4}-\d\d-\d\dT/.test(at.time) ? Date.parse(at.time) : Number.NaN;
  if (Number.isNaN(timeMs)) throw new StoreError('query.wrong-moment');
  return ({ context }) => Date.parse(context.recordedAt.utc) <= timeMs;
};

/** `isDamaged`: as `AggregateSnapshot.damaged`, which is of now too. */
type Parts = { readonly reader: StreamReader; readonly isDamaged: (stream: StreamId) => boolean };

/** Who has written and what the server has confirmed is of now: nothing is told as pending of what was. */
const pastSnapshot = (
  stream: StreamId,
  events: readonly RecordedEvent[],
  { reader, isDamaged }: Parts,
): AggregateSnapshot =>
  snapshotOfState(streamParts(stream).id, rebuildState(events, reader), {
    pending: 0,
    damaged: isDamaged(stream),
    stale: false,
  });

/** One aggregate as of a moment, from its history. @throws StoreError `query.wrong-moment` */
export const aggregateAsOf = (
  at: AsOf,
  { stream, history, ...parts }: Parts & { readonly stream: StreamId; readonly history: readonly RecordedEvent[] },
): AggregateSnapshot => pastSnapshot(stream, history.filter(countsAsOf(at)), parts);

/** Every aggregate of a type that has a reader, as of a moment. Reads the log. @throws StoreError `query.wrong-moment`, `storage.*` */
export const aggregatesAsOf = async (
  at: AsOf,
  {
    log,
    readerOf,
    isDamaged,
  }: Pick<Parts, 'isDamaged'> & {
    readonly log: Pick<Log, 'readAgain'>;
    readonly readerOf: (type: string) => StreamReader | undefined;
  },
): Promise<ReadonlyMap<StreamId, AggregateSnapshot>> => {
  const counts = countsAsOf(at);
  const streams = new Map<StreamId, { readonly reader: StreamReader; readonly events: RecordedEvent[] }>();
  for await (const { events, size } of log.readAgain(position(0))) {
    for (const event of events) {
      const { stream } = event.body;
      const reader = readerOf(streamParts(stream).type);
      if (reader === undefined || !counts(event)) continue;
      const known = streams.get(stream);
      if (known === undefined) streams.set(stream, { reader, events: [event] });
      else known.events.push(event);
    }
    if ('size' in at && size >= at.size) break;
  }
  return new Map(
    [...streams].map(([stream, { reader, events }]) => [stream, pastSnapshot(stream, events, { reader, isDamaged })]),
  );
};
