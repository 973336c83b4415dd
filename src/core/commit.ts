/**
 * The atomic unit of append and of transfer: 1 to 256 events of one replica, sealed under one signature; and the two
 * facts that follow from commits: heads and findings.
 *
 * Everything here is data. A `Commit` has been read and its hashes computed; whether it is sound is what
 * `crypto/checkCommit.ts` says.
 */

import type { CommitContext, EventBody } from './envelope.ts';
import type { ErrorCode } from './errors.ts';
import type { Hash32, PublicKey32, ReplicaId } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { Position, Sequence } from './position.ts';

/** Where a replica's chain stands: its last sequence (0 before the first event) and the link after it. */
export type Head = { readonly sequence: number; readonly link: Hash32 };

/** One commit, read. `bytes` are what is stored, sent and hashed; all else is derived from them. */
export type Commit = {
  readonly bytes: Uint8Array;
  readonly publicKey: PublicKey32;
  readonly replica: ReplicaId;
  readonly first: Sequence;
  readonly previous: Hash32;
  readonly root: Hash32;
  /** The link after this commit. */
  readonly link: Hash32;
  readonly leaves: readonly Hash32[];
  readonly context: CommitContext;
  readonly events: readonly EventBody[];
};

/** The head of a replica after `commit`. */
export const headAfter = (commit: Pick<Commit, 'first' | 'events' | 'link'>): Head => ({
  sequence: commit.first + commit.events.length - 1,
  link: commit.link,
});

/** One event as it stands in a local log: its own part, what it shares with its commit, and its place there. */
export type RecordedEvent = {
  readonly body: EventBody;
  readonly context: CommitContext;
  /** Zero-based place in this device's log. A convention of the device, not part of the record. */
  readonly position: Position;
  /** The payload with its protected values opened as far as keys are held; absent where nothing in it is sealed. */
  readonly opened?: JsonObject;
};

/**
 * Something wrong with bytes that claim to be a record: which rule, and where. `sequence` is the first event that is
 * touched, as far as it can be told; `replica` is absent when the bytes do not say whose they are.
 */
export type Fault = {
  readonly code: ErrorCode;
  readonly sequence: number;
  readonly replica?: ReplicaId;
  readonly what?: string;
};

/** A fault kept as evidence: recorded once per detector, with the suspect bytes as they were received. */
export type Finding = Fault & {
  /** Stable: the same anomaly found again has the same identity. */
  readonly identity: string;
  /** Device time of detection, RFC 3339 UTC. */
  readonly foundAt: string;
};
