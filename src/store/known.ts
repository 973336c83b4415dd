/**
 * What is remembered of a database outside of it, so that its loss is noticed: a small text without any recorded value.
 *
 * Invariant: it never says more than was durable when it was written, so it never reports a loss that was none. It may
 * say less: then a loss is told too small, never hidden. Law: `loss.laws`.
 */
import { type ReplicaId, replicaId } from '../core/ids.ts';
import { isRecord } from '../core/json.ts';
import type { KnownMarker } from '../core/ports.ts';

export type Known = {
  readonly format: 1;
  readonly replica: ReplicaId;
  /** Events in the whole log. */
  readonly size: number;
  /** Where the replica's own chain stood: its last sequence and the link after it in hex. */
  readonly sequence: number;
  readonly link: string;
  /** Newest receipt as the server signed it, and the sequence that it covers. */
  readonly receipt: string | null;
  readonly receiptSequence: number;
  /** Device days, as RFC 3339 UTC at midnight: when the database was made, and when this was seen. */
  readonly createdAt: string;
  readonly seenAt: string;
};

const UNREADABLE = Symbol('unreadable marker');
const unreadable = (): never => {
  throw UNREADABLE;
};

const whole = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : unreadable();
const text = (value: unknown, unitsMax: number): string =>
  typeof value === 'string' && value.length <= unitsMax ? value : unreadable();

/** Read by hand: this is on the way of every opening, and a schema would have to be compiled first. */
const knownOf = (value: unknown): Known => {
  if (!isRecord(value) || Object.keys(value).length !== 9 || value['format'] !== 1) return unreadable();
  return {
    format: 1,
    replica: replicaId(text(value['replica'], 32)),
    size: whole(value['size']),
    sequence: whole(value['sequence']),
    link: text(value['link'], 64),
    receipt: value['receipt'] === null ? null : text(value['receipt'], 4_096),
    receiptSequence: whole(value['receiptSequence']),
    createdAt: text(value['createdAt'], 24),
    seenAt: text(value['seenAt'], 24),
  };
};

/** Remembers nothing: for a database that does not outlive the program. */
export const NO_MARKER: KnownMarker = { read: async () => undefined, write: async () => undefined };

/** What a marker says; undefined if it says nothing that can be read. */
export const readKnown = async (marker: KnownMarker): Promise<Known | undefined> => {
  try {
    const text = await marker.read();
    return text === undefined ? undefined : knownOf(JSON.parse(text));
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
