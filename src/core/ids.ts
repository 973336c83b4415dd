/**
 * Identifiers: a brand and a checking constructor each. A value of a branded type has passed its check; no other code
 * may make one. Spellings are canonical: one value, one string.
 */
import { StoreError } from './errors.ts';
import { LIMITS } from './limits.ts';

declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

export type TenantId = Brand<string, 'TenantId'>;
export type AggregateType = Brand<string, 'AggregateType'>;
export type AggregateId = Brand<string, 'AggregateId'>;
/** `type/id`: the aggregate type holds no slash, so the first slash separates. */
export type StreamId = Brand<string, 'StreamId'>;
/** 32 lower-case hex digits: the first 16 bytes of the SHA-256 of the replica's public key under its domain. */
export type ReplicaId = Brand<string, 'ReplicaId'>;
/** UUIDv7, lower case, with hyphens. */
export type EventId = Brand<string, 'EventId'>;
export type EventType = Brand<string, 'EventType'>;
export type UserId = Brand<string, 'UserId'>;
/**
 * What packed records are found by: a whole number below 2^48 made from the name of a stream or a replica. Two names may
 * share one, so whoever finds records by it looks into them.
 */
export type DirectoryKey = Brand<number, 'DirectoryKey'>;
/** 32 bytes. */
export type Hash32 = Brand<Uint8Array, 'Hash32'>;
/** 64 lower-case hex digits: the textual form of a Hash32. */
export type Hash32Hex = Brand<string, 'Hash32Hex'>;
/** 43 characters: a data key's commitment (32 bytes) in base64url without padding. */
export type KeyId = Brand<string, 'KeyId'>;
/** 64 bytes: an Ed25519 signature (RFC 8032). */
export type Signature64 = Brand<Uint8Array, 'Signature64'>;
/** 32 bytes: an Ed25519 public key (RFC 8032). */
export type PublicKey32 = Brand<Uint8Array, 'PublicKey32'>;

const NAME_PATTERN = /^[A-Za-z][A-Za-z0-9_.-]*$/;
const REPLICA_PATTERN = /^[0-9a-f]{32}$/;
const HASH_PATTERN = /^[0-9a-f]{64}$/;
/** 258 bits for 256: the last two are zero, so that one value has one spelling. */
const KEY_PATTERN = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const UUID7_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const checked = (kind: string, text: string, holds: boolean): string => {
  if (!holds) throw new StoreError('id.malformed', { kind, length: text.length });
  return text;
};

/** As `isControl`: the category holds these and no others. */
const CONTROL = /\p{Cc}/u;
const isControl = (unit: number): boolean => unit < 0x20 || (unit >= 0x7f && unit < 0xa0);

/** True if the text holds a control character other than those in `allowed`. */
export const hasControl = (text: string, allowed = ''): boolean => {
  for (let at = 0; at < text.length; at++) {
    if (isControl(text.charCodeAt(at)) && !allowed.includes(text.charAt(at))) return true;
  }
  return false;
};

/** Any text without control characters or lone surrogates, 1 to `idLengthMax` units. */
const isText = (text: string): boolean => {
  if (text.length === 0 || text.length > LIMITS.idLengthMax) return false;
  return !CONTROL.test(text) && text.isWellFormed();
};
const isName = (text: string): boolean => text.length <= LIMITS.idLengthMax && NAME_PATTERN.test(text);

/** A tenant: letters, digits, `_`, `.`, `-`, beginning with a letter. @throws StoreError `id.malformed` */
export const tenantId = (text: string): TenantId => checked('tenant', text, isName(text)) as TenantId;
/** An aggregate type: a name as for tenants. @throws StoreError `id.malformed` */
export const aggregateType = (text: string): AggregateType =>
  checked('aggregateType', text, isName(text)) as AggregateType;
/** An aggregate's id: any text of 1 to 200 units without control characters. @throws StoreError `id.malformed` */
export const aggregateId = (text: string): AggregateId => checked('aggregateId', text, isText(text)) as AggregateId;
/** The stream of one aggregate. */
export const streamId = (type: AggregateType, id: AggregateId): StreamId => `${type}/${id}` as StreamId;
let lastType: EventType | undefined;
/** An event type: a past-tense name; most calls in a row are for one. @throws StoreError `id.malformed` */
export const eventType = (text: string): EventType => {
  if (text !== lastType) lastType = checked('eventType', text, isName(text)) as EventType;
  return lastType;
};
/** A user's id: any text of 1 to 200 units without control characters. @throws StoreError `id.malformed` */
export const userId = (text: string): UserId => checked('user', text, isText(text)) as UserId;
/** @throws StoreError `id.malformed` */
export const replicaId = (text: string): ReplicaId => checked('replica', text, REPLICA_PATTERN.test(text)) as ReplicaId;
/** True for the spelling of a replica's id. */
export const isReplicaId = (value: unknown): value is ReplicaId =>
  typeof value === 'string' && REPLICA_PATTERN.test(value);
/** @throws StoreError `id.malformed` */
export const eventId = (text: string): EventId => checked('eventId', text, UUID7_PATTERN.test(text)) as EventId;
/** @throws StoreError `id.malformed` */
export const hash32Hex = (text: string): Hash32Hex => checked('hash', text, HASH_PATTERN.test(text)) as Hash32Hex;
/** @throws StoreError `id.malformed` */
export const keyId = (text: string): KeyId => checked('key', text, KEY_PATTERN.test(text)) as KeyId;

const sized = (kind: string, bytes: Uint8Array, length: number): Uint8Array => {
  if (bytes.length !== length) throw new StoreError('id.malformed', { kind, length: bytes.length });
  return bytes;
};
/** @throws StoreError `id.malformed` */
export const hash32 = (bytes: Uint8Array): Hash32 => sized('hash', bytes, 32) as Hash32;
/** @throws StoreError `id.malformed` */
export const signature64 = (bytes: Uint8Array): Signature64 => sized('signature', bytes, 64) as Signature64;
/** Checks the length only; `signer.ts` says whether a key may be trusted. @throws StoreError `id.malformed` */
export const publicKey32 = (bytes: Uint8Array): PublicKey32 => sized('publicKey', bytes, 32) as PublicKey32;

/** The aggregate type and id of a stream. */
export const streamParts = (stream: StreamId): { type: AggregateType; id: AggregateId } => {
  const slash = stream.indexOf('/');
  return { type: stream.slice(0, slash) as AggregateType, id: stream.slice(slash + 1) as AggregateId };
};

/** Reads a stream id from text. @throws StoreError `id.malformed` */
export const readStreamId = (text: string): StreamId => {
  const slash = text.indexOf('/');
  if (slash < 0) throw new StoreError('id.malformed', { kind: 'stream', length: text.length });
  return streamId(aggregateType(text.slice(0, slash)), aggregateId(text.slice(slash + 1)));
};

const DIRECTORY_KEY_MAX = 2 ** 48 - 1;

/** @throws StoreError `id.malformed` unless a whole number from 0 to 2^48 - 1 */
export const directoryKey = (value: number): DirectoryKey => {
  if (!Number.isSafeInteger(value) || value < 0 || value > DIRECTORY_KEY_MAX)
    throw new StoreError('id.malformed', { kind: 'directory key' });
  return value as DirectoryKey;
};
