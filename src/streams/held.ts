/**
 * What a log holds of one replica's chain below its head: the links at the ends of its commits, read when asked for.
 *
 * Only commits that come a second time ask for it, so the log is walked from where the last question ended, and nothing
 * of it is kept in memory. Law: `held.laws` (a commit is held exactly if these very bytes' link stands at its end).
 */
import type { Hash32, ReplicaId } from '../core/ids.ts';
import { position } from '../core/position.ts';
import { linkHash, replicaIdOf } from '../crypto/chain.ts';
import { decodeFrame } from '../crypto/commitBytes.ts';
import type { EventStorage } from '../storage/port.ts';
import { isUnreadable } from './pastDamage.ts';

/** Links by the sequence that they stand after. */
export type Links = ReadonlyMap<number, Hash32>;

/** What a run of a chain is here. `missing`: runs of sequences that lie in records which cannot be read, both ends included. */
export type HeldRun = { readonly links: Links; readonly missing: readonly Omit<Run, 'replica'>[] };

/** A run of sequences of one replica, both ends included. */
export type Run = { readonly replica: ReplicaId; readonly from: number; readonly to: number };

export type HeldChains = (run: Run) => Promise<HeldRun>;

const READ_BYTES = 1_048_576;

type Place = { readonly position: number; readonly sequence: number };
const START: Place = { position: 0, sequence: 0 };

/** Reads links of held commits that end within a run. */
export const heldChains = (storage: Pick<EventStorage, 'read'>): HeldChains => {
  const places = new Map<ReplicaId, Place>();
  return async ({ replica, from, to }) => {
    const links = new Map<number, Hash32>();
    const missing: { readonly from: number; readonly to: number }[] = [];
    const known = places.get(replica) ?? START;
    let place = known.sequence < from ? known : START;
    let last = place.sequence;
    for (let next = place.position; ; ) {
      const records = await storage.read(position(next), READ_BYTES);
      if (records.length === 0) return { links, missing };
      for (const record of records) {
        next = record.position;
        for (const { bytes, events } of record.commits) {
          next += events;
          if (isUnreadable({ bytes })) continue;
          const { publicKey, first, previous, root, count } = decodeFrame(bytes);
          if (replicaIdOf(publicKey) !== replica) continue;
          const end = first + count - 1;
          if (first > last + 1) missing.push({ from: last + 1, to: first - 1 });
          last = Math.max(last, end);
          if (first > to) return { links, missing };
          if (end < from) place = { position: record.position, sequence: end };
          else if (end <= to) links.set(end, linkHash(previous, { first, count, root }));
          places.set(replica, place);
        }
      }
    }
  };
};
