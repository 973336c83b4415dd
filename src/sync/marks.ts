/** What sync remembers between runs: cursors and the newest receipt, kept as one mark beside the log. */
import { z } from 'zod';
import { LIMITS } from '../core/limits.ts';
import type { EventStorage, Marks } from '../storage/port.ts';

const NAME = 'sync';
const whole = z.int().min(0).max(LIMITS.integerMax);

const SyncMark = z.strictObject({
  /** Where the next pull resumes. */
  cursor: z.string(),
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

export const NEW_MARK: SyncMark = { cursor: '', acknowledged: 0, outboxFrom: 0, receipt: null, server: null };

/** The mark as it was last written; a new one if there is none or it cannot be read: then everything is exchanged again. */
export const readSyncMark = async (storage: EventStorage): Promise<SyncMark> => {
  const read = SyncMark.safeParse((await storage.readMarks())[NAME]);
  return read.success ? read.data : NEW_MARK;
};

export const asMarks = (mark: SyncMark): Marks => ({ [NAME]: mark });
