/**
 * Loss: a database that was known comes up without what it had held. It is said, never shown as a new start.
 */
import type { Head } from '../core/commit.ts';
import type { ReplicaId } from '../core/ids.ts';
import { toHex32 } from '../crypto/bytes.ts';
import type { Receipt } from '../crypto/checkpoint.ts';
import type { Identity } from '../storage/port.ts';
import type { Closing, ClosingReason } from '../sync/closings.ts';
import type { Contradiction } from '../sync/receipts.ts';
import type { Known } from './known.ts';

/** What a device has lost, and how much of it is there again. Counts, digests, identifiers and times only. */
export type Loss = {
  /** The replica that was closed. */
  readonly replica: ReplicaId;
  /** `lost`: the database is gone. `shorter`: it holds less than it did. `forked`: a copy of it went on elsewhere. */
  readonly reason: ClosingReason;
  /** Device time at which it was found, RFC 3339 UTC. */
  readonly foundAt: string;
  /** Events that the log had held in all, when that was last seen, and when the database was made: from a marker, the days. */
  readonly size: number;
  readonly seenAt: string;
  readonly createdAt: string;
  /** The last that was known of the replica's own chain: its sequence, and the link after it in hex. */
  readonly sequence: number;
  readonly link: string;
  /** Highest of its sequences that a receipt was known to cover: the server holds these. */
  readonly receiptSequence: number;
  /** Sequences of it that are here now. */
  readonly held: number;
  /** Events recorded after the newest receipt known: gone, unless they had been sent all the same. */
  readonly unconfirmed: number;
  /** Events that are only here and can never be sent, because a copy of this database went on otherwise. */
  readonly heldHereOnly: number;
  /** Events of the log, of whatever replica, that could not be read when it was found: what the server has of them comes back. */
  readonly unreadable: number;
};

/** What a session knows of its database when it opens. */
export type Found = {
  readonly identities: readonly Identity[];
  readonly head: (replica: ReplicaId) => Head;
  readonly size: number;
  readonly closings: readonly Closing[];
  /** Who writes, and highest sequence of it that a receipt covers. */
  readonly replica: ReplicaId;
  readonly acknowledged: number;
  readonly nowMs: number;
};

const isSameLink = (head: Head, known: Known): boolean => toHex32(head.link) === known.link;

const reasonOf = (known: Known, { identities, head, size }: Found): ClosingReason | undefined => {
  if (known.size === 0) return undefined;
  if (!identities.some(({ replica }) => replica === known.replica)) return 'lost';
  const end = head(known.replica);
  if (end.sequence < known.sequence || size < known.size) return 'shorter';
  return end.sequence === known.sequence && known.sequence > 0 && !isSameLink(end, known) ? 'forked' : undefined;
};

/** The closing that a marker leads to; undefined if everything it tells of is there, or its loss is known already. */
export const closingOfKnown = (known: Known, found: Found): Closing | undefined => {
  if (found.closings.some(({ replica }) => replica === known.replica)) return undefined;
  const reason = reasonOf(known, found);
  if (reason === undefined) return undefined;
  const { replica, sequence, link, size, seenAt, createdAt, receiptSequence } = known;
  return {
    // the marker has the receipt's digest only: the note itself is the server's to give
    ...{ replica, reason, sequence, link, size, seenAt, createdAt, receipt: null, receiptSequence },
    at: new Date(found.nowMs).toISOString(),
    confirmed: replica === found.replica ? found.acknowledged : 0,
    forkedAt: null,
    heldUpTo: found.head(replica).sequence,
    sharedUpTo: reason === 'forked' ? found.acknowledged : null,
    settled: false,
    unreadable: 0,
  };
};

/**
 * The closing of the replica that writes where another one had written here after it: an older copy of the database was put
 * back. What it may have recorded since then is known elsewhere or to nobody.
 */
export const closingOfOlder = ({ replica, head, size, acknowledged, nowMs, identities }: Found): Closing => {
  const { sequence, link } = head(replica);
  const at = new Date(nowMs).toISOString();
  return {
    ...{ replica, reason: 'shorter', at, sequence, link: toHex32(link), size, seenAt: at },
    createdAt: identities.find((each) => each.replica === replica)?.createdAt ?? at,
    ...{ receipt: null, receiptSequence: acknowledged, confirmed: acknowledged, forkedAt: null, heldUpTo: sequence },
    sharedUpTo: sequence > acknowledged ? acknowledged : null,
    settled: false,
    unreadable: 0,
  };
};

/** The closing that a receipt leads to which names more of the chain than is here, or another one. */
export const closingOfReceipt = (
  { reason, note, receipt }: Contradiction & { readonly receipt: Receipt },
  here: {
    readonly identity: Identity;
    readonly size: number;
    readonly held: number;
    readonly acknowledged: number;
    readonly nowMs: number;
  },
): Closing => ({
  replica: here.identity.replica,
  reason,
  at: new Date(here.nowMs).toISOString(),
  sequence: receipt.sequence,
  link: toHex32(receipt.link),
  size: here.size,
  seenAt: receipt.time,
  createdAt: here.identity.createdAt,
  receipt: note,
  receiptSequence: receipt.sequence,
  confirmed: here.acknowledged,
  forkedAt: null,
  heldUpTo: here.held,
  // what was never confirmed may be what the server means, or something else in its place
  sharedUpTo: here.held > here.acknowledged ? here.acknowledged : null,
  settled: false,
  unreadable: 0,
});

/** The closing of the replica that writes where the server will not take what it recorded from a sequence on. */
export const closingOfRefused = (
  refusedFrom: number,
  here: Omit<Parameters<typeof closingOfReceipt>[1], 'held'> & { readonly head: Head; readonly receipt: string | null },
): Closing => {
  const at = new Date(here.nowMs).toISOString();
  const { sequence, link } = here.head;
  return {
    ...{ replica: here.identity.replica, reason: 'refused', at, sequence, link: toHex32(link) },
    ...{ size: here.size, seenAt: at, createdAt: here.identity.createdAt, receipt: here.receipt },
    ...{ receiptSequence: here.acknowledged, confirmed: here.acknowledged, forkedAt: refusedFrom },
    ...{ heldUpTo: sequence, sharedUpTo: refusedFrom - 1, settled: true, unreadable: 0 },
  };
};

/** A closing as people are told of it. */
export const lossOf = (closing: Closing, head: (replica: ReplicaId) => Head): Loss => {
  const { replica, reason, at, size, seenAt, createdAt, sequence, link, receiptSequence, forkedAt, unreadable } =
    closing;
  const held = head(replica).sequence;
  return {
    ...{ replica, reason, foundAt: at, size, seenAt, createdAt, sequence, link, receiptSequence, held },
    unconfirmed: Math.max(0, sequence - Math.max(receiptSequence, held)),
    heldHereOnly: forkedAt === null ? 0 : Math.max(0, held - forkedAt + 1),
    unreadable,
  };
};
