/**
 * What the library needs of a database: an append-only local log of commits, a few mutable marks, and nothing else.
 *
 * Laws (`test/conformance/eventStorage.suite.ts`, run whole by every adapter):
 *  - an append is all or nothing, durable before it resolves, and refused when the log is not at `expectedSize`;
 *  - the log size names everything below it: equal sizes on one database mean equal logs, so one comparison guards the
 *    replica's head and every stream's version at once;
 *  - the commits of one append fill records in order, each as full as `LIMITS.recordBytesMax` allows; none is split;
 *  - what was committed reads back byte for byte, in order, and can be neither changed nor deleted;
 *  - packing changes where commits lie, never what they are: every read gives the same commits before and after it;
 *  - no call leaves a half-written state behind, whatever it throws.
 */
import type { Finding } from '../core/commit.ts';
import type { DirectoryKey, ReplicaId, TenantId } from '../core/ids.ts';
import type { JsonValue } from '../core/json.ts';
import type { KnownMarker } from '../core/ports.ts';
import type { Position, Size } from '../core/position.ts';
import type { SigningKey } from '../crypto/signer.ts';

/** Commit bytes with the number of events in them. */
export type CommitBytes = { readonly bytes: Uint8Array; readonly events: number };

/** One stored record: commits that were written together, first event first. */
export type StoredRecord = { readonly position: Position; readonly commits: readonly CommitBytes[] };

/** Small named values that may change: cursors and the newest receipt. Never the record itself. */
export type Marks = Readonly<Record<string, JsonValue>>;

export type AppendRequest = {
  /** Size of the local log that the caller sealed against. The append is refused if it has another. */
  readonly expectedSize: Size;
  readonly commits: readonly CommitBytes[];
  /** Marks to set in the same transaction. */
  readonly marks: Marks;
};

export type AppendOutcome =
  /**
   * `records`: where the records start that hold the commits, in order; an adapter may need several for one append.
   * `durability`: how far this append is safe.
   */
  | {
      readonly kind: 'appended';
      readonly records: readonly Position[];
      readonly size: Size;
      readonly durability: Durability;
    }
  | { readonly kind: 'conflict' };

export type PackRequest = {
  /** Bytes of commits to pack in this call, about; at least one segment if one is full. */
  readonly bytesMax: number;
  /**
   * Checks that a commit still is what was hashed, and gives the keys it is to be found by. Called before the
   * transaction; what it throws ends the call, and nothing is packed.
   */
  readonly keysOf: (commit: Uint8Array) => readonly DirectoryKey[];
};

/** `records`: how many were merged; 0 if there is nothing to pack. `segments`: what they became. */
export type PackOutcome = { readonly records: number; readonly segments: number; readonly packedTo: Size };

/** Who this database is: the replica, its tenant and its key. Written once. */
export type Identity = {
  readonly tenant: TenantId;
  readonly replica: ReplicaId;
  readonly key: SigningKey;
  /** Device time, RFC 3339 UTC. */
  readonly createdAt: string;
};

/** How far a write is safe when it resolves. */
export type Durability = 'strict' | 'relaxed' | 'memory';

export type EventStorage = {
  readonly durability: Durability;
  /** Version of the database's own layout, as it was opened; absent where there is none, as in memory. */
  readonly layout?: number;
  /** Why the platform has thrown away what this database held, and made it anew when it was opened, where it says so. */
  readonly discarded?: string;
  /**
   * True where a private key is kept as bytes, inside the database's encryption: a key brought to `keepIdentity` must be
   * extractable. One that is read is not, here as elsewhere. A storage that keeps handles meets one that no database keeps where
   * WebCrypto has no Ed25519: a copy of it fails.
   */
  readonly keepsKeyBytes?: true;
  /**
   * Appends in one transaction; resolves after it is durable. The bytes may change hands after the call.
   * @throws StoreError `append.too-large`, `storage.quota-exceeded`, `storage.failed`, `storage.closed`: nothing was stored
   */
  readonly append: (request: AppendRequest) => Promise<AppendOutcome>;
  /** Number of events in the local log. */
  readonly size: () => Promise<Size>;
  /**
   * Whole records from the one that holds `from` on, oldest first, until `bytesMax` is reached (at least one if there is
   * any). Nothing for the size of the log.
   * @throws StoreError `storage.corrupt` beyond it, or if a record does not follow the one before it; with the `position` of a
   * record that cannot be read, and where that is known its `end`: then the reader may go on behind it
   */
  readonly read: (from: Position, bytesMax: number) => Promise<readonly StoredRecord[]>;
  /**
   * The records that hold the given positions, each once, in the order of the log.
   * @throws StoreError `storage.corrupt` if one is missing
   */
  readonly readAt: (positions: readonly Position[]) => Promise<readonly StoredRecord[]>;
  /**
   * Merges the oldest unpacked records, whole, into segments as full as a record may be, in one transaction. A segment
   * is made when the record after it would not fit; the newest record is never packed. Never on the append's path:
   * whoever calls it chooses an idle moment. May be repeated, by several connections at once.
   * @throws StoreError what `keysOf` throws, `storage.*`: nothing was packed
   */
  readonly pack: (request: PackRequest) => Promise<PackOutcome>;
  /** Where the unpacked records begin; 0 if nothing is packed. */
  readonly packedTo: () => Promise<Size>;
  /** Starts of the packed records with a commit of this key, oldest first. Records that are not packed are not found. */
  readonly find: (key: DirectoryKey) => Promise<readonly Position[]>;
  readonly readMarks: () => Promise<Marks>;
  /** Sets marks and leaves the others. */
  readonly writeMarks: (marks: Marks) => Promise<void>;
  /** Who writes now: the newest identity. */
  readonly readIdentity: () => Promise<Identity | undefined>;
  /** Every identity that this database has had, oldest first. */
  readonly readIdentities: () => Promise<readonly Identity[]>;
  /**
   * Keeps the identity if `instead` is the newest one's replica, or if there is none and `instead` is absent; gives the
   * newest one after that. Where there is none and `instead` names one, nothing is kept, there is no newest one, and the
   * identity that was brought is given back: whoever names a predecessor without having read it asks `readIdentity`.
   */
  readonly keepIdentity: (identity: Identity, instead?: ReplicaId) => Promise<Identity>;
  /** Keeps a finding with the suspect bytes as received; the same identity again changes nothing. */
  readonly keepFinding: (finding: Finding, evidence: Uint8Array) => Promise<void>;
  /** All findings, in the order in which they were kept. */
  readonly readFindings: () => Promise<readonly { readonly finding: Finding; readonly evidence: Uint8Array }[]>;
  /** Derived state that may be lost at any time. A later write of the same name replaces it. */
  readonly writeSnapshot: (name: string, bytes: Uint8Array) => Promise<void>;
  readonly readSnapshot: (name: string) => Promise<Uint8Array | undefined>;
  /** Calls `listener` after another connection to this database has stored commits: a hint to read on. */
  readonly onForeignCommit: (listener: () => void) => () => void;
  /** Releases the connection; every later call throws `storage.closed`. */
  readonly close: () => Promise<void>;
};

/** What opens a database that is sealed. */
export type Unlocking = {
  /**
   * HKDF base key with the usage `deriveKey`, from which the keys at rest derive. Without it an adapter keeps a key of its
   * own. Not looked at by an adapter that has another cipher (SQLite), or keeps nothing (memory).
   */
  readonly databaseKey?: CryptoKey | undefined;
};

/** Opens databases by name. */
export type StorageAdapter = {
  /**
   * Where it is remembered, outside a database, that it exists, so that its loss is noticed. Where it is absent the browser's
   * local storage is that place.
   */
  readonly known?: (name: string) => KnownMarker;
  /** @throws StoreError `storage.unavailable`, `storage.blocked`, `storage.locked`, `storage.key-wrong`, `storage.failed` */
  readonly open: (name: string, unlocking?: Unlocking) => Promise<EventStorage>;
};
