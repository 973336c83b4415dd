/** Where sealed values stand in the log: what an erasure has to reach, and what single values are named by. */
import type { RecordedEvent } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import { type EventId, type KeyId, type StreamId, streamParts } from '../core/ids.ts';
import { type KeyMarking, leadsInto, pointerOf, valueAt } from '../core/protect.ts';
import type { SealedValue } from '../crypto/fieldCipher.ts';
import { type PlacedSeal, sealedIn } from '../crypto/sealedValues.ts';
import type { AggregateStates, Definitions } from '../streams/aggregateState.ts';

/** A sealed value: where it stands, the data key that it is sealed under, and what it was opened to here. */
export type SealedPlaceAt = {
  readonly stream: StreamId;
  readonly event: EventId;
  /** Inside the payload as it is stored, as a JSON pointer (RFC 6901). */
  readonly path: string;
  readonly key: KeyId;
  readonly sealed: SealedValue;
  /** As the part is marked in the newest schema; undefined where that does not know it. */
  readonly marking: KeyMarking | undefined;
  /** The value, or the placeholder that is shown for it. */
  readonly opened: unknown;
};

export type SealedPlacesParts = {
  readonly definitions: Definitions;
  readonly states: Pick<AggregateStates, 'settled' | 'history' | 'streams'>;
};

const placesIn = ({ definitions }: SealedPlacesParts, { body, opened }: RecordedEvent): readonly SealedPlaceAt[] => {
  const found: PlacedSeal[] = [];
  sealedIn(body.payload, [], found);
  const parts = definitions.get(streamParts(body.stream).type)?.events.get(body.type)?.protects ?? [];
  return found.map(({ way, sealed }) => ({
    ...{ stream: body.stream, event: body.id, path: pointerOf(way), key: sealed.$sealed.key, sealed },
    marking: parts.find((part) => leadsInto(part, way))?.marking,
    opened: valueAt(opened, way),
  }));
};

export const subjectOf = (
  { definitions }: Pick<SealedPlacesParts, 'definitions'>,
  stream: StreamId,
): string | undefined => {
  const { type, id } = streamParts(stream);
  return definitions.get(type)?.subjectOf(id);
};

/** The streams of a subject, as far as the registered aggregates say whose they are. */
const streamsOf = (parts: SealedPlacesParts, subject: string): readonly StreamId[] =>
  [...parts.states.streams()].filter((stream) => subjectOf(parts, stream) === subject);

/** @throws StoreError `aggregate.unknown-type`, `storage.*` */
export const sealedPlaces = async (
  parts: SealedPlacesParts,
  of: { readonly subject: string } | { readonly stream: StreamId },
): Promise<readonly SealedPlaceAt[]> => {
  await parts.states.settled();
  if ('stream' in of) {
    const { type } = streamParts(of.stream);
    if (!parts.definitions.has(type)) throw new StoreError('aggregate.unknown-type', { type });
  }
  const streams = 'stream' in of ? [of.stream] : streamsOf(parts, of.subject);
  const places: SealedPlaceAt[] = [];
  for (const stream of streams)
    for (const event of await parts.states.history(stream)) places.push(...placesIn(parts, event));
  return places;
};
