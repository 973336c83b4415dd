/**
 * Own commits that no receipt covers: a cursor over the local log, not a table. Nothing is ever taken out of it but by
 * a receipt, and nothing is deleted.
 */
import type { Head } from '../core/commit.ts';
import type { Hash32 } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { type Position, position } from '../core/position.ts';
import { sameBytes } from '../crypto/bytes.ts';
import { linkHash } from '../crypto/chain.ts';
import { decodeCommit } from '../crypto/commitBytes.ts';
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

const entryOf = (bytes: Uint8Array, record: Position, identity: Identity): OutboxEntry | undefined => {
  const { publicKey, first, previous, root, eventBytes } = decodeCommit(bytes);
  if (!sameBytes(publicKey, identity.key.publicKey)) return undefined;
  const link: Hash32 = linkHash(previous, { first, count: eventBytes.length, root });
  return { bytes, first, record, end: { sequence: first + eventBytes.length - 1, link } };
};

/**
 * The next own commits above `acknowledged`, within the limits of one message.
 * @param from  start of a record at or before the first of them
 */
export const nextBatch = async (
  storage: EventStorage,
  identity: Identity,
  place: { readonly from: number; readonly acknowledged: number },
): Promise<readonly OutboxEntry[]> => {
  const batch: OutboxEntry[] = [];
  let bytes = 0;
  let from = place.from;
  for (;;) {
    const records = await storage.read(position(from), READ_BYTES);
    if (records.length === 0) return batch;
    for (const record of records) {
      for (const commit of record.commits) {
        const entry = isUnreadable(commit) ? undefined : entryOf(commit.bytes, record.position, identity);
        if (entry === undefined || entry.end.sequence <= place.acknowledged) continue;
        bytes += entry.bytes.length;
        if (batch.length >= LIMITS.batchCommitsMax || bytes > LIMITS.batchBytesMax) return batch;
        batch.push(entry);
      }
      from = record.position + record.commits.reduce((total, { events }) => total + events, 0);
    }
  }
};
