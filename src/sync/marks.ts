/** What sync remembers between runs: cursors and the newest receipt, kept as one mark beside the log. */
import * as z from 'zod';
import type { ReplicaId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import type { EventStorage, Identity, Marks } from '../storage/port.ts';

const NAME = 'sync';
const whole = z.int().min(0).max(LIMITS.integerMax);

const SyncMark = z.strictObject({
  /** Whose mark it is. Marks written before replicas could be succeeded do not say: they are the first replica's. */
  replica: z.string().optional(),
  /** Where the next pull resumes. */
  cursor: z.string(),
  /** Highest own sequence that is known to lie before the cursor in the server's order. */
  placed: whole.default(0),
  /** The same of others, by replica, where everything is pulled from the beginning; null where all that is held of others lies before it. */
  again: z.record(z.string(), whole).nullable().default(null),
  /** Highest own sequence that a receipt covers. */
  acknowledged: whole,
  /** Start of the first record that may hold own events above `acknowledged`. */
  outboxFrom: whole,
  /** Newest receipt as the server signed it, with the parts that others need. */
  receipt: z.strictObject({ note: z.string(), time: z.string(), size: whole, sequence: whole }).nullable(),
  /** Verifier key of the server, pinned at first contact. */
  server: z.string().nullable(),
});
export type SyncMark = z.infer<typeof SyncMark>;

/** Where a pull from the beginning begins. */
export const FROM_START: Pick<SyncMark, 'cursor' | 'placed' | 'again'> = { cursor: '', placed: 0, again: {} };
export const NEW_MARK: SyncMark = { ...FROM_START, acknowledged: 0, outboxFrom: 0, receipt: null, server: null };

/** The mark of a replica that takes over: everything is pulled again, for what the old one wrote is now from elsewhere. */
export const succeedingMark = (mark: SyncMark, replica: ReplicaId, outboxFrom: number): SyncMark => ({
  ...NEW_MARK,
  server: mark.server,
  replica,
  outboxFrom,
});

/**
 * The replica's mark as it was last written; a new one if there is none or it cannot be read: then everything is exchanged
 * again. Of another replica's mark only the server's key is taken.
 */
export const syncMarkIn = (marks: Marks, identities: readonly Identity[], replica: ReplicaId): SyncMark => {
  const mark = marks[NAME];
  const read = mark === undefined ? undefined : SyncMark.safeParse(mark); // a schema is compiled when it is first used
  if (read?.success !== true) return { ...NEW_MARK, replica };
  const owner = read.data.replica ?? identities[0]?.replica;
  return owner === replica ? { ...read.data, replica } : succeedingMark(read.data, replica, 0);
};

/** The same, read now. */
export const readSyncMark = async (storage: EventStorage, replica: ReplicaId): Promise<SyncMark> => {
  const [marks, identities] = await Promise.all([storage.readMarks(), storage.readIdentities()]);
  return syncMarkIn(marks, identities, replica);
};

export const asMarks = ({ replica, ...mark }: SyncMark): Marks => ({
  [NAME]: { ...mark, ...(replica === undefined ? {} : { replica }) },
});
