/** The events of a stream as they are stored, each with its leaf hash, computed from the stored bytes. */
import type { RecordedEvent } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import type { Hash32, StreamId } from '../core/ids.ts';
import { streamParts } from '../core/ids.ts';
import { position } from '../core/position.ts';
import { contextHash, leafHash } from '../crypto/chain.ts';
import { decodeCommit } from '../crypto/commitBytes.ts';
import type { EventStorage, StoredRecord } from '../storage/port.ts';
import type { AggregateStates } from '../streams/aggregateState.ts';

/** An event with the hash by which proofs and electronic signatures name it. */
export type SealedEvent = RecordedEvent & { readonly leaf: Hash32 };

/** Leaf hashes of the events at the given positions. */
const leavesAt = (records: readonly StoredRecord[], wanted: ReadonlySet<number>): ReadonlyMap<number, Hash32> => {
  const leaves = new Map<number, Hash32>();
  for (const record of records) {
    let at: number = record.position;
    for (const { bytes, events } of record.commits) {
      const places = Array.from({ length: events }, (_, index) => index).filter((index) => wanted.has(at + index));
      if (places.length > 0) {
        const { contextBytes, eventBytes } = decodeCommit(bytes);
        const context = contextHash(contextBytes);
        for (const index of places) {
          const event = eventBytes[index];
          if (event !== undefined) leaves.set(at + index, leafHash(context, event));
        }
      }
      at += events;
    }
  }
  return leaves;
};

export type SealedEventsParts = {
  readonly definitions: ReadonlyMap<string, unknown>;
  readonly states: Pick<AggregateStates, 'settled' | 'history'>;
  readonly storage: Pick<EventStorage, 'readAt'>;
};

/** @throws StoreError `aggregate.unknown-type`, `storage.*` */
export const sealedEvents = async (session: SealedEventsParts, stream: StreamId): Promise<readonly SealedEvent[]> => {
  const { type } = streamParts(stream);
  if (!session.definitions.has(type)) throw new StoreError('aggregate.unknown-type', { type });
  await session.states.settled();
  const events = await session.states.history(stream);
  const wanted = new Set<number>(events.map((event) => event.position));
  const records = await session.storage.readAt([...wanted].map(position));
  const leaves = leavesAt(records, wanted);
  return events.map((event) => {
    const leaf = leaves.get(event.position);
    if (leaf === undefined) throw new StoreError('storage.corrupt', { position: event.position });
    return { ...event, leaf };
  });
};
