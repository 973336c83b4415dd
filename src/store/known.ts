/**
 * What is remembered of a database outside of it, so that its loss is noticed: a small text without any recorded value.
 *
 * Invariant: it never says more than was durable when it was written, so it never reports a loss that was none. It may
 * say less: then a loss is told too small, never hidden. Law: `loss.laws`.
 */
import { z } from 'zod';
import { isReplicaId, type ReplicaId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import type { KnownMarker } from '../core/ports.ts';

const whole = z.int().min(0).max(LIMITS.integerMax);

const Known = z.strictObject({
  format: z.literal(1),
  replica: z.custom<ReplicaId>(isReplicaId),
  /** Events in the whole log. */
  size: whole,
  /** Where the replica's own chain stood: its last sequence and the link after it in hex. */
  sequence: whole,
  link: z.string().max(64),
  /** Newest receipt as the server signed it, and the sequence that it covers. */
  receipt: z.string().max(4_096).nullable(),
  receiptSequence: whole,
  /** Device days, as RFC 3339 UTC at midnight: when the database was made, and when this was seen. */
  createdAt: z.string().max(24),
  seenAt: z.string().max(24),
});
export type Known = z.infer<typeof Known>;

/** Remembers nothing: for a database that does not outlive the program. */
export const NO_MARKER: KnownMarker = { read: async () => undefined, write: async () => undefined };

/** What a marker says; undefined if it says nothing that can be read. */
export const readKnown = async (marker: KnownMarker): Promise<Known | undefined> => {
  try {
    const text = await marker.read();
    if (text === undefined) return undefined;
    const read = Known.safeParse(JSON.parse(text));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
};

/** True if `stored` already tells of everything in `known`: another tab was faster. */
const covers = (stored: Known | undefined, known: Known): boolean =>
  stored?.replica === known.replica &&
  stored.sequence >= known.sequence &&
  stored.size >= known.size &&
  stored.receiptSequence >= known.receiptSequence;

/** Writes what is known, unless more is known already. False if the place cannot be written to. */
export const writeKnown = async (marker: KnownMarker, known: Known): Promise<boolean> => {
  try {
    if (!covers(await readKnown(marker), known)) await marker.write(JSON.stringify(known));
    return true;
  } catch {
    return false;
  }
};
