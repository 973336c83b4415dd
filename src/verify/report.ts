/** What a check of exported or stored bytes says, as plain data: a report can be printed, stored and compared. */
import type { Finding } from '../core/commit.ts';
import type { ErasureCourse, ErasureState } from '../core/erasure.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Hash32Hex, PublicKey32, ReplicaId, StreamId, TenantId, UserId } from '../core/ids.ts';
import type { JsonValue } from '../core/json.ts';
import type { SignatureState } from '../crypto/checkAct.ts';
import type { Act, SignedAt } from '../crypto/signedAct.ts';
import type { Voucher } from '../crypto/signerHistory.ts';

/**
 * One fault: which rule, and where. `replica` and `sequence` name the first event that the fault touches, as far as it
 * can be told; `line` counts the lines of a bundle from 1.
 */
export type VerifyFinding = {
  readonly code: ErrorCode;
  readonly replica?: ReplicaId;
  readonly sequence?: number;
  readonly line?: number;
  readonly what?: string;
};

/** A head with its link as text. */
export type HeadText = { readonly sequence: number; readonly link: Hash32Hex };
export type HeadsText = Readonly<Record<string, HeadText>>;

export type Progress = { readonly bytes: number; readonly events: number };

export type Counts = {
  readonly events: number;
  readonly commits: number;
  readonly replicas: number;
  readonly receipts: number;
  readonly bytes: number;
};

/** One act of an electronic signature, as it is to be shown with the record. */
export type SignatureReport = {
  /** Id of the signature; its acts share it. */
  readonly id: string;
  readonly act: Act;
  readonly signer: UserId;
  readonly printedName: string;
  readonly meaning: string;
  /** By the clock of the device that signed. */
  readonly at: SignedAt;
  /** Hash of the statement that was shown. */
  readonly statement: Hash32Hex;
  /** The streams that were signed. */
  readonly streams: readonly StreamId[];
  /** Where the act is recorded. */
  readonly replica: ReplicaId;
  readonly sequence: number;
  readonly state: SignatureState;
  /** Events in the signed streams that change data and are not covered. */
  readonly later: number;
  readonly key: Hash32Hex;
  /** True if the caller named the key; else only the log does. */
  readonly keyPinned: boolean;
  /** True if the key's force ended on another device, and nothing shows whether before or after the act. */
  readonly keyEnded: boolean;
  /** Whose word for the key holds; none for a first one. That one of them administers the study is their word. */
  readonly endorsedBy: readonly Voucher[];
};

/** A key of a signer: who put it in force, where, and whether it counts. */
export type SignerReport = {
  readonly signer: UserId;
  readonly printedName: string;
  readonly key: Hash32Hex;
  readonly enrolledBy: UserId;
  readonly replica: ReplicaId;
  readonly sequence: number;
  /** False if nobody entitled put it in force. */
  readonly sound: boolean;
  /** True if its holder proposed it, and too few have vouched for it. */
  readonly unendorsed: boolean;
  /** Whose word for it holds. */
  readonly endorsedBy: readonly Voucher[];
  /** True if another enrolment claims the same id. */
  readonly contested: boolean;
  readonly pinned: boolean;
};

/** One request to erase, its decision, and who has destroyed what was asked for; nothing of what was erased. */
export type ErasureReport = Omit<ErasureCourse, 'state'> & {
  readonly id: string;
  /** `unknown`: no request that is in its form. */
  readonly state: ErasureState;
  /** True if people have decided without knowing of each other, and nobody has settled it. */
  readonly contested: boolean;
  /** Events without effect, such as a device that destroyed while an approval was taken back elsewhere. */
  readonly ineffective: readonly { readonly replica: ReplicaId; readonly sequence: number; readonly what: string }[];
  /** Values in this log that cannot be opened any more once everybody has confirmed: by place, or sealed under a key named. */
  readonly values: number;
};

/**
 * A copy of a value that was kept elsewhere, with the salt that it was sealed with (base64). `bytes`: base64, for a value
 * that is bytes.
 */
export type KeptCopy = { readonly event: string; readonly path: string; readonly salt: string } & (
  | { readonly value: JsonValue }
  | { readonly bytes: string }
);

/** What the commitment in the event says of a copy. `absent`: no sealed value stands there. */
export type CopyReport = {
  readonly event: string;
  readonly path: string;
  readonly state: 'proven' | 'disproven' | 'absent';
};

/** What a check of a run of commits found. */
export type LogReport = {
  readonly ok: boolean;
  /** First fault first; at most `VERIFY_LIMITS.findingsMax`. */
  readonly findings: readonly VerifyFinding[];
  /** Findings beyond the limit: counted, not listed. */
  readonly omitted: number;
  readonly counts: Counts;
  readonly heads: HeadsText;
  /** Electronic signatures, in the order in which they are recorded. */
  readonly signatures: readonly SignatureReport[];
  /** The keys of those who sign. A signature is worth what its key's enrolment is worth. */
  readonly signers: readonly SignerReport[];
  /** Requests to erase, in the order in which they were made. */
  readonly erasures: readonly ErasureReport[];
  /** The copies that were given, in their order, proven or disproven. */
  readonly copies: readonly CopyReport[];
};

/** Who made an export, when, and what of. */
export type ManifestSummary = {
  readonly format: 1;
  readonly tenant: TenantId;
  /** RFC 3339 UTC, by the exporting device's clock. */
  readonly createdAt: string;
  readonly creator: { readonly user: string; readonly role: string };
  readonly software: { readonly store: string; readonly registry: string; readonly app?: string };
  readonly scope: 'all';
  /** Events that the export says it holds. */
  readonly events: number;
};

/** The keys that the verdict rests on. A clean report is worth what these are worth. */
export type Trust = {
  /** Server whose receipts were checked. `pinned`: the caller named the key; else only the bundle does. */
  readonly server?: { readonly key: string; readonly pinned: boolean };
  /** Who sealed the bundle. `wrote`: this replica also wrote events in it. `pinned`: the caller named the replica. */
  readonly sealedBy?: {
    readonly replica: ReplicaId;
    readonly publicKey: string;
    readonly wrote: boolean;
    readonly pinned: boolean;
  };
  /** Replicas with sound commits, sorted. Each id is a digest of the key that signed. */
  readonly replicas: readonly ReplicaId[];
};

/** The verdict on a bundle. */
export type Report = LogReport & {
  /** False if the bytes are no bundle that this version can read: nothing else in the report then means anything. */
  readonly usable: boolean;
  readonly trust: Trust;
  readonly manifest?: ManifestSummary;
  /** Anomalies that the exporting store had recorded, the first `VERIFY_LIMITS.findingsMax`. They do not make it faulty. */
  readonly recorded: readonly Finding[];
};

/** Key ids by signer. */
export type PinnedSigners = Readonly<Record<string, readonly string[]>>;

export type VerifyOptions = {
  /** C2SP verifier key of the server, known from elsewhere. The one in the bundle is used when absent. */
  readonly serverKey?: string;
  /** Replica that must have sealed the bundle, known from elsewhere. */
  readonly sealedBy?: string;
  /** Ids of signing keys, known from elsewhere, by signer. Of a signer named here no other key counts. */
  readonly signers?: PinnedSigners;
  /** Copies of values that were kept elsewhere, to be proven or disproven; at most `VERIFY_LIMITS.copiesMax`. */
  readonly copies?: readonly KeptCopy[];
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
};

/** Bounds of the verifier, so that hostile bytes cost time in proportion to their length and little memory. */
export const VERIFY_LIMITS = {
  /** Bytes of one line of a bundle. */
  lineBytesMax: 4_194_304,
  /** Findings listed in a report, and recorded findings read from a bundle. */
  findingsMax: 1_000,
  /** Receipts in one bundle. */
  receiptsMax: 65_536,
  /** Replicas that are named before any of their commits has come. */
  wantedMax: 65_536,
  /** Acts of electronic signatures that are checked. */
  actsMax: 65_536,
  /** Events of erasures that are read, keys under which sealed values are counted, and copies that are compared. */
  erasureEventsMax: 65_536,
  sealingKeysMax: 65_536,
  copiesMax: 4_096,
  /** Commits whose signatures are checked at the same time, and the sum of their bytes. */
  inFlightMax: 32,
  inFlightBytesMax: 262_144,
  /** Bytes between two reports of progress. */
  progressBytes: 262_144,
} as const;

/** The exporting replica and its key, as a manifest names them. */
export type Sealer = { readonly replica: ReplicaId; readonly publicKey: PublicKey32 };
