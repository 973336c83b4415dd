/**
 * What a store does about records that cannot be read: the replica that writes here is closed, because nobody can say whether its
 * newest events are among them, and another one goes on. It pulls everything that the server holds; what had been sent comes back
 * where its chain goes on. Done once for each damaged record. Law: `damaged.laws`.
 */
import { isStoreError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import { toHex32 } from '../crypto/bytes.ts';
import type { Log } from '../streams/log.ts';
import type { PastDamage } from '../streams/pastDamage.ts';
import type { SyncMark } from '../sync/marks.ts';
import type { Succession } from './succession.ts';

/** The mark that names the damaged records whose finding has been acted on, by position. */
const NAME = 'damaged';

export type DamagedParts = {
  readonly storage: PastDamage;
  readonly log: Pick<Log, 'head' | 'size'>;
  readonly succession: Succession;
  readonly mark: () => SyncMark;
  readonly clock: Pick<Clock, 'nowMs'>;
};

/** True if damage was met that no earlier session has acted on. */
export const isNewlyDamaged = async (storage: PastDamage): Promise<boolean> => {
  const places = storage.damage().map((each): number => each.position);
  if (places.length === 0) return false;
  const known = (await storage.readMarks())[NAME];
  return !places.every((at) => Array.isArray(known) && known.includes(at));
};

const closeReplica = ({ storage, log, succession, mark, clock }: DamagedParts): Promise<void> => {
  const { replica, createdAt } = succession.identity();
  const { sequence, link } = log.head(replica);
  const { acknowledged, receipt } = mark();
  const at = new Date(clock.nowMs()).toISOString();
  return succession.close({
    ...{ replica, reason: 'shorter', at, sequence, link: toHex32(link), size: log.size(), seenAt: at, createdAt },
    receipt: receipt?.note ?? null,
    receiptSequence: receipt?.sequence ?? 0,
    confirmed: acknowledged,
    forkedAt: null,
    heldUpTo: sequence,
    // what was never confirmed may lie behind a gap, where nobody else can take it
    sharedUpTo: sequence > acknowledged ? acknowledged : null,
    settled: false,
    unreadable: storage.damage().reduce((total, { position: at, end }) => total + end - at, 0),
  });
};

/** Closes the replica that writes here. Without room, or in a database that is only read, it stays decided and unrecorded. */
export const closeDamaged = async (parts: DamagedParts): Promise<void> => {
  const { storage } = parts;
  try {
    await closeReplica(parts);
    await storage.writeMarks({ [NAME]: storage.damage().map((each): number => each.position) });
  } catch (error) {
    if (!isStoreError(error)) throw error;
  }
};
