/**
 * A vault as bytes: wraps and what is needed to open them, and nothing that is secret by itself. Readable while locked.
 *
 * Invariants: canonical JSON under one strict reader, so that one vault has one spelling; users stand under a hash that the
 * vault's id goes into, not under their names; every bound is checked before anything is computed with it. Law:
 * `vaultFormat.laws`. The form may never change but by a new format number.
 */
import { StoreError } from '../core/errors.ts';
import { type KeyId, keyId } from '../core/ids.ts';
import { isRecord } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import { fromBase64, toBase64 } from '../crypto/bytes.ts';
import { canonicalBytes, readCanonical } from '../crypto/canonical.ts';
import { isSoundCost, type PassphraseCost } from '../crypto/passphrase.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** What a secret of a user is: a passphrase, a key that the host application keeps, or a passkey. */
export type WayKind = 'passphrase' | 'host' | 'passkey';

/** One way to unlock: the user's key, wrapped under what the secret gives. `since`: milliseconds since 1970. */
export type Way = {
  readonly kind: WayKind;
  readonly id: string;
  readonly salt: Bytes;
  readonly since: number;
  readonly wrap: Bytes;
  /** Of a passphrase only. */
  readonly cost?: PassphraseCost;
  /** Of a passkey only: which one. */
  readonly credential?: Bytes;
};

/** A key pair of a user: the public half, and the private one wrapped under the user's key. */
export type WrappedPair = { readonly publicKey: Bytes; readonly wrap: Bytes };

/** A wrapping key of the key ring, with its name, wrapped under the user's key. */
export type HeldKey = { readonly id: KeyId; readonly wrap: Bytes };

export type VaultUser = {
  /** 32 hex digits: the user's name, hashed with the vault's id. */
  readonly tag: string;
  /** The user's name, wrapped under the database key: for those who have unlocked. */
  readonly name: Bytes;
  readonly ways: readonly Way[];
  /** The database key, wrapped under the user's key. */
  readonly database: Bytes;
  readonly sharing: WrappedPair;
  readonly signing: WrappedPair;
  /** Oldest first. */
  readonly held: readonly HeldKey[];
};

/** Attempts in a row that failed, or are under way, for the names of one bucket; `at`: the last one, device time in ms. */
export type Attempts = { readonly bucket: number; readonly failed: number; readonly at: number };

/** An attempt that failed, or did not end. `tag` as of a user, known here or not. */
export type Failure = { readonly id: string; readonly at: number; readonly tag: string; readonly kind: WayKind };

export type VaultDocument = {
  /** 32 hex digits. */
  readonly id: string;
  readonly users: readonly VaultUser[];
  readonly attempts: readonly Attempts[];
  /** Not yet taken over by a store, oldest first. */
  readonly failures: readonly Failure[];
  /** Failures that fell out of the list. */
  readonly dropped: number;
};

const FORMAT = 1;
export const BUCKETS = 256;
const SALT_BYTES = 32;
const HEX_32 = /^[0-9a-f]{32}$/;
const KINDS: readonly WayKind[] = ['passphrase', 'host', 'passkey'];

const malformed = (what: string) => new StoreError('vault.malformed', { what });

type Fields = Readonly<Record<string, unknown>>;

/** An object of exactly these names. */
const fieldsOf = (value: unknown, what: string, names: readonly string[]): Fields => {
  if (!isRecord(value)) throw malformed(what);
  const found = Object.keys(value);
  if (found.length !== names.length || !names.every((name) => Object.hasOwn(value, name))) throw malformed(what);
  return value;
};

const listOf = <T>(value: unknown, what: string, max: number, read: (item: unknown) => T): readonly T[] => {
  if (!Array.isArray(value) || value.length > max) throw malformed(what);
  return value.map(read);
};

const hexOf = (value: unknown, what: string): string => {
  if (typeof value !== 'string' || !HEX_32.test(value)) throw malformed(what);
  return value;
};

const countOf = (value: unknown, what: string, max: number = LIMITS.integerMax): number => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) throw malformed(what);
  return value;
};

const bytesOf = (value: unknown, what: string, length?: number): Bytes => {
  if (typeof value !== 'string') throw malformed(what);
  try {
    const bytes = fromBase64(value);
    if (length === undefined || bytes.length === length) return bytes;
  } catch {
    // told below
  }
  throw malformed(what);
};

const kindOf = (value: unknown, what: string): WayKind => {
  const kind = KINDS.find((each) => each === value);
  if (kind === undefined) throw malformed(what);
  return kind;
};

const costOf = (value: unknown): PassphraseCost => {
  const { memoryKib, passes } = fieldsOf(value, 'cost', ['memoryKib', 'passes']);
  const cost = { memoryKib: countOf(memoryKib, 'cost'), passes: countOf(passes, 'cost') };
  if (!isSoundCost(cost)) throw malformed('cost');
  return cost;
};

const WAY = ['kind', 'id', 'salt', 'since', 'wrap'];

const wayOf = (value: unknown): Way => {
  const kind = kindOf(isRecord(value) ? value.kind : undefined, 'way');
  const more = { passphrase: ['cost'], host: [], passkey: ['credential'] }[kind];
  const fields = fieldsOf(value, 'way', [...WAY, ...more]);
  return {
    kind,
    id: hexOf(fields.id, 'way'),
    salt: bytesOf(fields.salt, 'salt', SALT_BYTES),
    since: countOf(fields.since, 'way'),
    wrap: bytesOf(fields.wrap, 'wrap'),
    ...(kind === 'passphrase' ? { cost: costOf(fields.cost) } : {}),
    ...(kind === 'passkey' ? { credential: bytesOf(fields.credential, 'credential') } : {}),
  };
};

const pairOf = (value: unknown): WrappedPair => {
  const { publicKey, wrap } = fieldsOf(value, 'pair', ['publicKey', 'wrap']);
  return { publicKey: bytesOf(publicKey, 'public key'), wrap: bytesOf(wrap, 'wrap') };
};

const heldOf = (value: unknown): HeldKey => {
  const { id, wrap } = fieldsOf(value, 'held', ['id', 'wrap']);
  if (typeof id !== 'string') throw malformed('held');
  try {
    return { id: keyId(id), wrap: bytesOf(wrap, 'wrap') };
  } catch {
    throw malformed('held');
  }
};

const userOf = (value: unknown): VaultUser => {
  const fields = fieldsOf(value, 'user', ['tag', 'name', 'ways', 'database', 'sharing', 'signing', 'held']);
  return {
    tag: hexOf(fields.tag, 'tag'),
    name: bytesOf(fields.name, 'wrap'),
    ways: listOf(fields.ways, 'ways', LIMITS.vaultWaysMax, wayOf),
    database: bytesOf(fields.database, 'wrap'),
    sharing: pairOf(fields.sharing),
    signing: pairOf(fields.signing),
    held: listOf(fields.held, 'held', LIMITS.vaultHeldMax, heldOf),
  };
};

const attemptsOf = (value: unknown): Attempts => {
  const { bucket, failed, at } = fieldsOf(value, 'attempts', ['bucket', 'failed', 'at']);
  return {
    bucket: countOf(bucket, 'attempts', BUCKETS - 1),
    failed: countOf(failed, 'attempts'),
    at: countOf(at, 'attempts'),
  };
};

const failureOf = (value: unknown): Failure => {
  const { id, at, tag, kind } = fieldsOf(value, 'failure', ['id', 'at', 'tag', 'kind']);
  return {
    id: hexOf(id, 'failure'),
    at: countOf(at, 'failure'),
    tag: hexOf(tag, 'failure'),
    kind: kindOf(kind, 'failure'),
  };
};

const isUnique = (names: readonly (string | number)[]): boolean => new Set(names).size === names.length;

/** @throws StoreError `vault.malformed`, with what of it and never its text; `vault.unsupported-format` */
export const readVault = (bytes: Uint8Array): VaultDocument => {
  if (bytes.length > LIMITS.vaultBytesMax) throw malformed('size');
  let value: unknown;
  try {
    value = readCanonical(bytes);
  } catch {
    throw malformed('spelling');
  }
  const format = isRecord(value) ? value.format : undefined;
  if (typeof format === 'number' && format > FORMAT) throw new StoreError('vault.unsupported-format', { format });
  const fields = fieldsOf(value, 'vault', ['format', 'id', 'users', 'attempts', 'failures', 'dropped']);
  if (format !== FORMAT) throw malformed('format');
  const vault = {
    id: hexOf(fields.id, 'id'),
    users: listOf(fields.users, 'users', LIMITS.vaultUsersMax, userOf),
    attempts: listOf(fields.attempts, 'attempts', BUCKETS, attemptsOf),
    failures: listOf(fields.failures, 'failures', LIMITS.vaultFailuresMax, failureOf),
    dropped: countOf(fields.dropped, 'dropped'),
  };
  if (!isUnique(vault.users.map(({ tag }) => tag))) throw malformed('users');
  if (!isUnique(vault.attempts.map(({ bucket }) => bucket))) throw malformed('attempts');
  if (!vault.users.every(({ held }) => isUnique(held.map(({ id }) => id)))) throw malformed('held');
  if (!isUnique(vault.users.flatMap(({ ways }) => ways.map(({ id }) => id)))) throw malformed('ways');
  return vault;
};

const wayJson = ({ salt, wrap, credential, ...rest }: Way) => ({
  ...rest,
  salt: toBase64(salt),
  wrap: toBase64(wrap),
  ...(credential === undefined ? {} : { credential: toBase64(credential) }),
});
const pairJson = ({ publicKey, wrap }: WrappedPair) => ({ publicKey: toBase64(publicKey), wrap: toBase64(wrap) });

const isOver = ({ ways, held }: VaultUser): boolean =>
  ways.length > LIMITS.vaultWaysMax || held.length > LIMITS.vaultHeldMax;

/** @throws StoreError `vault.full` */
export const writeVault = ({ users, ...rest }: VaultDocument): Uint8Array<ArrayBuffer> => {
  const bytes = canonicalBytes({
    format: FORMAT,
    ...rest,
    users: users.map(({ tag, name, ways, database, sharing, signing, held }) => ({
      ...{ tag, name: toBase64(name), database: toBase64(database), ways: ways.map(wayJson) },
      ...{ sharing: pairJson(sharing), signing: pairJson(signing) },
      held: held.map(({ id, wrap }) => ({ id, wrap: toBase64(wrap) })),
    })),
  });
  if (users.length > LIMITS.vaultUsersMax || users.some(isOver)) throw new StoreError('vault.full');
  if (bytes.length > LIMITS.vaultBytesMax) throw new StoreError('vault.full', { bytes: bytes.length });
  return bytes;
};
