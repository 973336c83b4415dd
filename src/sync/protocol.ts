/**
 * The messages between a device and a server, protocol 1: JSON over HTTP, checked by the same schemas on both sides.
 * Commits travel as the bytes that were sealed, in base64. Limits are those of `core/limits.ts`.
 *
 *   GET  /v1/tenants/{tenant}/hello?replica=R             -> Hello
 *   POST /v1/tenants/{tenant}/commits      PushRequest    -> PushResponse
 *   GET  /v1/tenants/{tenant}/commits?after=C&except=R    -> PullResponse
 *   POST /v1/tenants/{tenant}/keys         KeysRequest    -> KeysResponse
 *   GET  /v1/tenants/{tenant}/keys?after=C                -> KeysPage
 *   POST /v1/tenants/{tenant}/aggregate    AggregateRequest -> FoldedAggregate
 *   GET  /v1/tenants/{tenant}/checkpoint                  -> text/plain, a signed note
 *   GET  /v1/tenants/{tenant}/status                      -> ServerStatus
 * Failures are RFC 9457 problem documents with a `code`.
 */
import * as z from 'zod';
import { StoreError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';

export const PROTOCOL = 1;

const count = z.int().min(0).max(LIMITS.integerMax);
const base64Commit = z.base64().max(Math.ceil(LIMITS.commitBytesMax / 3) * 4);
const note = z.string().max(4_096);
/** Opaque to the device: where the next pull resumes. The empty string is the beginning. */
const cursor = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9_-]*$/);
/** An error code; a newer server may send one that this version does not know. */
const code = z
  .string()
  .max(64)
  .regex(/^[a-z]+\.[a-z-]+$/);
const utc = z.iso.datetime({ precision: 3 });

/** What a server says about itself and about one replica. `server` is a C2SP verifier key: name+hash+key. */
export const Hello = z.strictObject({
  protocol: z.literal(PROTOCOL),
  server: z.string().max(400),
  time: utc,
  /** Newest receipt for the asking replica, null if the server holds nothing of it. */
  receipt: note.nullable(),
  checkpoint: note,
});
export type Hello = z.infer<typeof Hello>;

export const PushRequest = z.strictObject({
  protocol: z.literal(PROTOCOL),
  /** Consecutive commits of one replica, oldest first; a server refuses a push of several replicas whole. */
  commits: z.array(base64Commit).min(1).max(LIMITS.batchCommitsMax),
});
export type PushRequest = z.infer<typeof PushRequest>;

/**
 * What became of one commit, in the order of the push. `first`: its first sequence, 0 if its bytes do not say. `later`: not now, for a reason that passes (something it builds on is
 * missing). `refused`: never as it is; kept by both sides.
 */
export const Verdict = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('accepted'), first: count, position: count }),
  z.strictObject({ kind: z.literal('duplicate'), first: count, position: count }),
  z.strictObject({ kind: z.literal('later'), first: count, code }),
  z.strictObject({ kind: z.literal('refused'), first: count, code }),
]);
export type Verdict = z.infer<typeof Verdict>;

export const PushResponse = z.strictObject({
  protocol: z.literal(PROTOCOL),
  /** One for each commit of the request, in its order. */
  verdicts: z.array(Verdict).max(LIMITS.batchCommitsMax),
  /** Newest receipt for the pushing replica, null if the server holds nothing of it. */
  receipt: note.nullable(),
});
export type PushResponse = z.infer<typeof PushResponse>;

export const PullResponse = z.strictObject({
  protocol: z.literal(PROTOCOL),
  /** Commits after the cursor in the server's order, without those of the excepted replica. */
  commits: z.array(base64Commit).max(LIMITS.batchCommitsMax),
  cursor,
  /** True if more is waiting behind the cursor. */
  more: z.boolean(),
});
export type PullResponse = z.infer<typeof PullResponse>;

const keyId = z.string().regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/);
const keyRow = {
  id: keyId,
  /** A keyed hash: the server cannot tell of whom. */
  scope: z.string().regex(/^[0-9a-f]{32}$/),
  /** The wrapping key under which the data key lies. */
  under: keyId,
  /** Null: the key was destroyed. */
  wrap: z
    .base64()
    .min(4)
    .max(Math.ceil(LIMITS.keyRowBytesMax / 3) * 4)
    .nullable(),
};

/** A row of the key sheet as the server has it. `revision`: how often it was changed there. */
export const KeyRow = z.strictObject({ ...keyRow, revision: count.min(1) });
export type KeyRow = z.infer<typeof KeyRow>;

export const KeysRequest = z.strictObject({
  protocol: z.literal(PROTOCOL),
  /** Each in the place of the revision that it builds on; 0 where the server has none. */
  changes: z
    .array(z.strictObject({ ...keyRow, replaces: count }))
    .min(1)
    .max(LIMITS.keyRowsMax),
  /** Who asks: a replica's key, and its signature over tenant and changes. Needed once somebody was recorded in the tenant's access list. */
  proof: z.strictObject({ publicKey: z.base64().length(44), signature: z.base64().length(88) }).optional(),
});
export type KeysRequest = z.infer<typeof KeysRequest>;

export const KeysResponse = z.strictObject({
  protocol: z.literal(PROTOCOL),
  /** One for each change, in its order. `stale`: another revision is there, nothing was changed. */
  verdicts: z
    .array(
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('stored'), revision: count.min(1) }),
        z.strictObject({ kind: z.literal('stale'), row: KeyRow }),
      ]),
    )
    .max(LIMITS.keyRowsMax),
});
export type KeysResponse = z.infer<typeof KeysResponse>;

export const KeysPage = z.strictObject({
  protocol: z.literal(PROTOCOL),
  /** Rows that changed after the cursor, each once, as they are now. */
  rows: z.array(KeyRow).max(LIMITS.keyRowsMax),
  cursor,
  /** True if more is waiting behind the cursor. */
  more: z.boolean(),
});
export type KeysPage = z.infer<typeof KeysPage>;

/** The server's state for people: counts only. */
export const ServerStatus = z.strictObject({
  protocol: z.literal(PROTOCOL),
  tenant: z.string(),
  /** Events held. */
  size: count,
  commits: count,
  /** Root of the tree over all events, base64. */
  root: z.string(),
  checkpoint: note,
  replicas: z.array(z.strictObject({ replica: z.string(), sequence: count, receivedAt: utc })),
  /** Commits set aside with the reason. */
  refused: z.array(z.strictObject({ code, count })),
});
export type ServerStatus = z.infer<typeof ServerStatus>;

/** Asks what one aggregate is. Its name may tell of a person, so that it stands in no address. */
export const AggregateRequest = z.strictObject({
  protocol: z.literal(PROTOCOL),
  /** Type and id, as in events. */
  stream: z
    .string()
    .min(3)
    .max(2 * LIMITS.idLengthMax + 1),
});
export type AggregateRequest = z.infer<typeof AggregateRequest>;

const eventName = z.string().max(64);
const machineState = z.strictObject({ value: z.unknown(), context: z.unknown() });
const foldedHead = z.strictObject({
  event: eventName,
  user: z.string(),
  role: z.string(),
  replica: z.string(),
  at: utc,
  reason: z.string().nullable(),
});
const foldedConflict = z.strictObject({ key: z.string(), heads: z.array(foldedHead) });

/** An aggregate as the server folds it, which is as devices do; protected values stay sealed. */
export const FoldedAggregate = z.strictObject({
  protocol: z.literal(PROTOCOL),
  stream: z.string(),
  /** Events of the log that it was folded at. */
  size: count,
  /** Events folded. */
  version: count,
  state: machineState,
  /** The state without what is in open conflict. */
  uncontested: machineState,
  conflicts: z.array(foldedConflict),
  settled: z.array(foldedConflict.extend({ winner: eventName })),
  /** What all sides of a conflict had in common; null if there is none. */
  ancestor: machineState.nullable(),
  branches: z.array(z.strictObject({ head: foldedHead, state: machineState, changed: z.array(z.string()) })),
  /** Events without effect: kept, and marked. */
  inapplicable: z.array(eventName),
  /** Events that do not satisfy their schema. */
  unreadable: z.array(eventName),
  /** True if an event is newer than the server's definitions. */
  readOnly: z.boolean(),
});
export type FoldedAggregate = z.infer<typeof FoldedAggregate>;

/** RFC 9457. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code,
});
export type Problem = z.infer<typeof Problem>;

const isNewer = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'protocol' in value &&
  typeof value.protocol === 'number' &&
  value.protocol > PROTOCOL;

/** The schema of a message. */
export type MessageSchema<T> = z.ZodType<T>;

/**
 * Reads a message. @throws StoreError `sync.unsupported-protocol` if it is of a newer protocol, `sync.protocol` with the
 * path of the first fault (never the value) otherwise
 */
export const readMessage = <T>(schema: MessageSchema<T>, value: unknown): T => {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  if (isNewer(value)) throw new StoreError('sync.unsupported-protocol');
  throw new StoreError('sync.protocol', { path: read.error.issues[0]?.path.join('.') ?? '' });
};
