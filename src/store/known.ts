/**
 * What is remembered of a database outside of it, so that its loss is noticed: a small text without any recorded value, that
 * names neither tenant nor server nor person. It lies in the clear: when the database is gone, so is every key to it.
 *
 * Invariants: the newest receipt, which names tenant, server and server time, is remembered as its SHA-256; whoever does not have the
 * note, with its signature, learns nothing from that (law: "names neither tenant nor server"). The text never says more than was durable when it was written, so it never reports a loss that was none. It may
 * say less: then a loss is told too small, never hidden. Law: `loss.laws`.
 */
import { type Hash32Hex, hash32, hash32Hex, type ReplicaId, replicaId } from '../core/ids.ts';
import { isRecord } from '../core/json.ts';
import type { KnownMarker } from '../core/ports.ts';
import { toHex32, utf8 } from '../crypto/bytes.ts';
import { sha256 } from '../crypto/sha256.ts';

export type Known = {
  /** Written is format 2. Format 1 had the receipt itself, and is written anew whatever else it says. */
  readonly format: 1 | 2;
  readonly replica: ReplicaId;
  /** Events in the whole log. */
  readonly size: number;
  /** Where the replica's own chain stood: its last sequence and the link after it in hex. */
  readonly sequence: number;
  readonly link: string;
  /** SHA-256 of the newest receipt as the server signed it, in hex; and the sequence that it covers. */
  readonly receipt: Hash32Hex | null;
  readonly receiptSequence: number;
  /** Device days, as RFC 3339 UTC at midnight: when the database was made, and when this was seen. */
  readonly createdAt: string;
  readonly seenAt: string;
};

/** What a marker says of a receipt. */
export const receiptDigest = (note: string): Hash32Hex => toHex32(hash32(sha256(utf8(note))));

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
  if (!isRecord(value) || Object.keys(value).length !== 9) return unreadable();
  const { format } = value;
  if (format !== 1 && format !== 2) return unreadable();
  const receipt = value['receipt'] === null ? undefined : text(value['receipt'], 4_096);
  const digestOf = format === 1 ? receiptDigest : hash32Hex;
  return {
    format,
    replica: replicaId(text(value['replica'], 32)),
    size: whole(value['size']),
    sequence: whole(value['sequence']),
    link: text(value['link'], 64),
    receipt: receipt === undefined ? null : digestOf(receipt),
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
  stored?.format === known.format &&
  stored.replica === known.replica &&
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
