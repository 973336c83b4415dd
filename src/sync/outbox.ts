/**
 * Own commits that no receipt covers: a cursor over the local log, not a table. Nothing is ever taken out of it but by
 * a receipt, and nothing is deleted.
 */
import type { Head } from '../core/commit.ts';
import { type Hash32, publicKey32, type ReplicaId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { type Position, position } from '../core/position.ts';
import { sameBytes, toBase64 } from '../crypto/bytes.ts';
import { linkHash, replicaIdOf } from '../crypto/chain.ts';
import { decodeFrame } from '../crypto/commitBytes.ts';
import type { EventStorage, Identity } from '../storage/port.ts';
import { isUnreadable } from '../streams/pastDamage.ts';

/** One commit to be sent, and where the chain stands after it. */
export type OutboxEntry = {
  readonly bytes: Uint8Array;
  readonly first: number;
  readonly end: Head;
  readonly record: Position;
};

const READ_BYTES = 1_048_576;

type IsOf = (publicKey: Uint8Array) => boolean;

const entryOf = (bytes: Uint8Array, record: Position, isOf: IsOf): OutboxEntry | undefined => {
  const { publicKey, first, previous, root, count } = decodeFrame(bytes);
  if (!isOf(publicKey)) return undefined;
  const link: Hash32 = linkHash(previous, { first, count, root });
  return { bytes, first, record, end: { sequence: first + count - 1, link } };
};

type Place = { readonly from: number; readonly acknowledged: number };

const batchOf = async (storage: EventStorage, isOf: IsOf, place: Place): Promise<readonly OutboxEntry[]> => {
  const batch: OutboxEntry[] = [];
  let bytes = 0;
  let from = place.from;
  for (;;) {
    const records = await storage.read(position(from), READ_BYTES);
    if (records.length === 0) return batch;
    for (const record of records) {
      for (const commit of record.commits) {
        const entry = isUnreadable(commit) ? undefined : entryOf(commit.bytes, record.position, isOf);
        if (entry === undefined || entry.end.sequence <= place.acknowledged) continue;
        bytes += entry.bytes.length;
        if (batch.length >= LIMITS.batchCommitsMax || bytes > LIMITS.batchBytesMax) return batch;
        batch.push(entry);
      }
      from = record.position + record.commits.reduce((total, { events }) => total + events, 0);
    }
  }
};

/**
 * The next own commits above `acknowledged`, within the limits of one message.
 * @param from  start of a record at or before the first of them
 */
export const nextBatch = (storage: EventStorage, { key }: Identity, place: Place): Promise<readonly OutboxEntry[]> =>
  batchOf(storage, (publicKey) => sameBytes(publicKey, key.publicKey), place);

/** As `nextBatch`, for what another replica wrote and this database holds. */
export const nextBatchFrom = (
  storage: EventStorage,
  replica: ReplicaId,
  place: Place,
): Promise<readonly OutboxEntry[]> => {
  const known = new Map<string, boolean>();
  const isOf = (publicKey: Uint8Array): boolean => {
    const name = toBase64(publicKey);
    const isKnown = known.get(name) ?? replicaIdOf(publicKey32(publicKey)) === replica;
    known.set(name, isKnown);
    return isKnown;
  };
  return batchOf(storage, isOf, place);
};
