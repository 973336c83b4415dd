/**
 * The replicas that this database has closed, kept as one mark: why, what was known of their chains, and what the server
 * turned out to hold of them. The closing itself is an event of the new replica; this is what sync and health go by.
 */
import * as z from 'zod';
import { isReplicaId, type ReplicaId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import type { EventStorage, Marks } from '../storage/port.ts';
import type { Fork } from '../streams/basis.ts';
import type { Log } from '../streams/log.ts';

const NAME = 'closed';
/** More closings than this on one database mean that something else is wrong; the oldest are forgotten here. */
const KEPT_MAX = 16;

const whole = z.int().min(0).max(LIMITS.integerMax);

/**
 * `lost`: the database came up without the replica. `shorter`: it came up with less of it than had been there. `forked`:
 * another copy of the database went on under the same name. `refused`: the server does not take what its author may not record, and
 * nothing that follows it in the chain.
 */
export const CLOSING_REASONS = ['lost', 'shorter', 'forked', 'refused'] as const;
export type ClosingReason = (typeof CLOSING_REASONS)[number];

const Closing = z.strictObject({
  replica: z.custom<ReplicaId>(isReplicaId),
  reason: z.enum(CLOSING_REASONS),
  /** Device time of the closing, RFC 3339 UTC. */
  at: z.string(),
  /** The last that was known of the chain: its sequence, and the link after it in hex. */
  sequence: whole,
  link: z.string(),
  /** Events that the whole log had held, device time when that was last seen, and when the database was made. */
  size: whole,
  seenAt: z.string(),
  createdAt: z.string(),
  /** Newest receipt of the replica as the server signed it; null if there was none. */
  receipt: z.string().nullable(),
  /** Highest sequence that a receipt was known to cover at the closing. */
  receiptSequence: whole,
  /** Highest sequence of the chain as it is here that the server is known to hold. */
  confirmed: whole,
  /** First sequence at which the server holds another event than this database; null if it is not known to. */
  forkedAt: whole.nullable(),
  /** Highest sequence of the chain that was here at the closing. */
  heldUpTo: whole,
  /**
   * Highest sequence up to which the chain is the same everywhere, as far as that is known; null if all of it is. New
   * events do not build on what is beyond, or nobody else could take them.
   */
  sharedUpTo: whole.nullable(),
  /** True if nothing more is to be sent of it. */
  settled: z.boolean(),
  /** Events of the log that could not be read, where that is why it was closed. */
  unreadable: whole.default(0),
});
export type Closing = z.infer<typeof Closing>;

/** The closings kept, oldest first; none if they cannot be read. */
export const closingsIn = (marks: Marks): readonly Closing[] => {
  const mark = marks[NAME];
  if (mark === undefined) return []; // almost always, and a schema is compiled when it is first used
  const read = z.array(Closing).safeParse(mark);
  return read.success ? read.data : [];
};

/** The same, read now. */
export const readClosings = async (storage: Pick<EventStorage, 'readMarks'>): Promise<readonly Closing[]> =>
  closingsIn(await storage.readMarks());

/** `closings` with `closing` in the place of that of the same replica, or at the end. */
export const withClosing = (closings: readonly Closing[], closing: Closing): readonly Closing[] => {
  const known = closings.some(({ replica }) => replica === closing.replica);
  const next = known
    ? closings.map((each) => (each.replica === closing.replica ? closing : each))
    : [...closings, closing];
  return next.slice(-KEPT_MAX);
};

/** The closed replicas whose chain here is, or may be, another one than elsewhere. */
export const forksOf = (closings: readonly Closing[], own: readonly ReplicaId[]): readonly Fork[] =>
  closings.flatMap(({ replica, sharedUpTo, heldUpTo }) => {
    if (sharedUpTo === null || heldUpTo <= sharedUpTo) return [];
    return [{ replica, sharedUpTo, heldUpTo, successors: new Set(own.slice(own.indexOf(replica) + 1)) }];
  });

/** Events of closed replicas that are still to be sent. */
export const leftoverEvents = (log: Pick<Log, 'head'>, closings: readonly Closing[]): number =>
  closings
    .filter(({ settled }) => !settled)
    .reduce((total, { replica, confirmed }) => total + Math.max(0, log.head(replica).sequence - confirmed), 0);

export const closingMarks = (closings: readonly Closing[]): Marks => ({
  [NAME]: closings.map((each) => ({ ...each })),
});
