/**
 * Keeps in mind, outside the database, what the database holds; and when it opens, compares. What is missing closes the
 * replica, leaves a finding with the marker as evidence, and is told by the store.
 */
import type { Fault } from '../core/commit.ts';
import { isStoreError } from '../core/errors.ts';
import type { Clock, KnownMarker, Scheduler } from '../core/ports.ts';
import { toHex32, utf8 } from '../crypto/bytes.ts';
import type { EventStorage, Identity } from '../storage/port.ts';
import type { Log } from '../streams/log.ts';
import type { SyncMark } from '../sync/marks.ts';
import { type Known, receiptDigest, writeKnown } from './known.ts';
import { closingOfKnown, closingOfOlder, type Found } from './loss.ts';
import type { Succession } from './succession.ts';

/** How long after a commit the marker follows; the first of a session that finds none is followed at once. */
const FOLLOW_MS = 1_000;

export type KeepingParts = {
  readonly marker: KnownMarker;
  /** What the marker said while the database opened: never more than was durable then. */
  readonly known: Known | undefined;
  readonly storage: EventStorage;
  /** True if the replica that writes was made when this store was opened. */
  readonly isNew: boolean;
  readonly log: Log;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly succession: Succession;
  readonly mark: () => SyncMark;
  readonly keepFinding: (fault: Fault, evidence: Uint8Array) => Promise<unknown>;
  /** Calls back when the program may be about to end. */
  readonly followLeaving: (listener: () => void) => () => void;
};

export type Keeping = {
  /** False if the marker could not be written when that was last tried. */
  readonly isMarked: () => boolean;
  readonly stop: () => Promise<void>;
};

/** Runs what may fail for want of room or a working database: the store opens all the same, and tells why it cannot write. */
const ifPossible = async (work: () => Promise<unknown>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    if (!isStoreError(error)) throw error;
  }
};

/** The day alone: the marker lies outside the database, where anybody who has the device may read it. */
const dayOf = (time: string): string => `${time.slice(0, 10)}T00:00:00.000Z`;

const compare = async (parts: KeepingParts): Promise<void> => {
  const { known, storage, log, clock, succession, mark } = parts;
  const { discarded } = storage;
  if (discarded !== undefined) {
    const fault: Fault = { code: 'storage.lost', sequence: 0, what: 'discarded' };
    await ifPossible(() => parts.keepFinding(fault, utf8(discarded)));
  }
  if (known === undefined) return;
  const foundNow = (identities: readonly Identity[]): Found => ({
    ...{ identities, head: log.head, size: log.size() },
    closings: succession.closings$.value,
    replica: succession.identity().replica,
    acknowledged: mark().acknowledged,
    nowMs: clock.nowMs(),
  });
  // a log and what was read of it only grow: where nothing is missing, nothing would be after another look
  if (closingOfKnown(known, foundNow([succession.identity()])) === undefined) return;
  await log.catchUp(); // the marker may be newer than what was read: another tab has written both meanwhile
  const found = foundNow(await storage.readIdentities());
  const closing = closingOfKnown(known, found);
  if (closing === undefined) return;
  const { replica, sequence, reason } = closing;
  const evidence = utf8(JSON.stringify(known));
  await ifPossible(() => parts.keepFinding({ code: 'storage.lost', replica, sequence, what: reason }, evidence));
  // first, so that nothing more is sealed under a name that somebody wrote under after this copy was made
  if (reason === 'lost' && !parts.isNew) await ifPossible(() => succession.close(closingOfOlder(found)));
  await ifPossible(() => succession.close(closing));
};

/** Compares what is here with what was known, and keeps the marker current from then on. */
export const openKeeping = async (parts: KeepingParts): Promise<Keeping> => {
  const { marker, log, clock, scheduler, succession } = parts;
  let isMarked = true;
  let followMs = 0;
  let cancel: (() => void) | undefined;

  const writeOnce = async (): Promise<void> => {
    const { replica, createdAt } = succession.identity();
    const { sequence, link } = log.head(replica);
    const { receipt } = parts.mark();
    // while a closing waits to be recorded the marker is all that tells of it
    if (log.size() === 0 || succession.isDue()) return;
    isMarked = await writeKnown(marker, {
      format: 2,
      ...{ replica, sequence },
      createdAt: dayOf(createdAt),
      size: log.size(),
      link: toHex32(link),
      receipt: receipt === null ? null : receiptDigest(receipt.note),
      receiptSequence: receipt?.sequence ?? 0,
      seenAt: dayOf(new Date(clock.nowMs()).toISOString()),
    });
    followMs = FOLLOW_MS;
  };
  let written = Promise.resolve();
  /** One after the other: what is written last says most. */
  const write = (): Promise<void> => {
    written = written.then(writeOnce);
    return written;
  };
  const writeNow = (): Promise<void> => {
    cancel?.();
    cancel = undefined;
    return write();
  };
  await ifPossible(succession.resume);
  await compare(parts);
  await write();
  const following = log.committed$.subscribe(() => {
    cancel ??= scheduler.after(followMs, () => void writeNow());
  });
  const unfollow = parts.followLeaving(() => void writeNow());
  return {
    isMarked: () => isMarked,
    stop: async () => {
      unfollow();
      following.unsubscribe();
      await writeNow();
    },
  };
};
