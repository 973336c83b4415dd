/**
 * Seals and opens one protected value.
 *
 * Two layers under one data key. Inside, the value is masked with a stream of its own leaf key, so that puncturing the
 * leaf destroys this value and no other. Outside, the masked value is encrypted by AES-256-GCM under a key of the
 * writing session, with a random 96-bit nonce and the place as associated data: tenant, stream, event, event type, path
 * and key id. Importing a leaf as an AES key would cost as much again as the encryption (decision 0021).
 *
 * Invariants: what was sealed opens at its own place to the same value, and nowhere else; whatever is wrong is one error
 * that does not tell what. The event carries a salted commitment to the value, whose salt is gone with the leaf; what
 * does not match it is not opened, so one sealed value has one meaning whichever key opens it.
 * Laws: `fieldCipher.laws`, the swap matrix. Frozen by `test/vectors/fields.json`.
 */
import { isStoreError, StoreError } from '../core/errors.ts';
import { type EventId, type EventType, type KeyId, keyId, type StreamId, type TenantId } from '../core/ids.ts';
import { isRecord } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import type { Entropy } from '../core/ports.ts';
import { SEALED_NAME } from '../core/protect.ts';
import { fromBase64, sameBytes, toBase64, utf8, utf8View } from './bytes.ts';
import { type DataKey, SALT_BYTES } from './dataKey.ts';
import { bytesOfWords, deriveInto, IS_LITTLE_ENDIAN, type KeyWords, wordAt } from './keyTree.ts';
import { noncePool } from './nonces.ts';
import { FRAME_BYTES, type ProtectedValue, padValue, readPadded, sizeClass } from './paddedValue.ts';
import { fastSha256Under, sha256 } from './sha256.ts';

/** Where a value stands: all of it is bound, so that the sealed value opens nowhere else. */
export type FieldPlace = {
  readonly tenant: TenantId;
  readonly stream: StreamId;
  readonly event: EventId;
  readonly type: EventType;
  /** Inside the payload, as a JSON pointer (RFC 6901): `/contacts/0/phone`. */
  readonly path: string;
};

/** A sealed value as it stands in a payload. `value`: salt, nonce, commitment, ciphertext and tag, in base64. */
export type SealedValue = { readonly $sealed: { readonly key: KeyId; readonly value: string } };

const COMMITMENT_DOMAIN = utf8('indelible/v1/value-commitment\0');
const FORMAT = 'indelible/v1/field';
const NONCE_BYTES = 12;
const COMMITMENT_BYTES = 32;
const TAG_BYTES = 16;
/** Bytes of mask that one derivation gives. */
const BLOCK_BYTES = 32;
/** Values from which on faster hashing is worth loading; and so many under way wait for it. */
const MANY = 32;

/**
 * Who waits for faster hashing. What is loaded beside hundreds of encryptions comes to its turn when the last of them is done: so
 * many at once wait for it, and one by itself never does (decision 0056).
 */
const hashingOf = () => {
  let begun = 0;
  let done = 0;
  return {
    /** To be awaited before a value is hashed, if it is anything. */
    begin: (): Promise<void> | undefined => {
      begun += 1;
      const loading = begun < MANY ? undefined : fastSha256Under();
      return begun - done >= MANY ? loading : undefined;
    },
    end: (): void => {
      done += 1;
    },
  };
};
const hashing = hashingOf();

const HEAD_BYTES = SALT_BYTES + NONCE_BYTES + COMMITMENT_BYTES;
const LEAST_BYTES = HEAD_BYTES + sizeClass(0) + TAG_BYTES;
const MOST_BYTES = HEAD_BYTES + LIMITS.sealedValueBytesMax + TAG_BYTES;
/** Memory of the block derived last, as words and as bytes; never read after anything was awaited. */
const block = new Uint32Array(8);
const blockView = new Uint8Array(block.buffer);
const blockInput = new Uint32Array(4);

/**
 * Block of 32 bytes that follows from a leaf for one nonce, so that a value that is sealed twice at one place is masked
 * differently: block 0 is the salt, those after it are the mask. What a call gives is overwritten by the next one.
 */
const blockOf = (leaf: KeyWords, nonce: Uint8Array, number: number): Uint8Array => {
  blockInput[0] = wordAt(nonce, 0);
  blockInput[1] = wordAt(nonce, 4);
  blockInput[2] = wordAt(nonce, 8);
  blockInput[3] = number;
  deriveInto(leaf, blockInput, block);
  return IS_LITTLE_ENDIAN ? blockView : bytesOfWords(block);
};

/** Lays the mask over the bytes, in place; once more takes it off. */
const mask = (leaf: KeyWords, nonce: Uint8Array, bytes: Uint8Array): void => {
  for (let at = 0, number = 1; at < bytes.length; at += BLOCK_BYTES, number++) {
    const stream = blockOf(leaf, nonce, number);
    const end = Math.min(BLOCK_BYTES, bytes.length - at);
    for (let each = 0; each < end; each++) bytes[at + each] = (bytes[at + each] ?? 0) ^ (stream[each] ?? 0);
  }
  block.fill(0);
};

/** The domain, and room for the salt. */
const COMMITTED_HEAD = new Uint8Array(COMMITMENT_DOMAIN.length + BLOCK_BYTES);
COMMITTED_HEAD.set(COMMITMENT_DOMAIN);

/** @param salt  32 bytes that follow from the leaf and are gone with it: they hide what is committed to */
const committed = (salt: Uint8Array, padded: Uint8Array): Uint8Array => {
  COMMITTED_HEAD.set(salt, COMMITMENT_DOMAIN.length);
  const commitment = sha256(COMMITTED_HEAD, padded);
  COMMITTED_HEAD.fill(0, COMMITMENT_DOMAIN.length);
  return commitment;
};

/** No id holds a zero character, and the path, which may, stands last: so no two places share it. */
const associated = ({ tenant, stream, event, type, path }: FieldPlace, key: KeyId): Uint8Array<ArrayBuffer> =>
  utf8View(`${FORMAT}\0${tenant}\0${stream}\0${event}\0${type}\0${key}\0${path}`);

const parameters = (nonce: Uint8Array<ArrayBuffer>, place: FieldPlace, key: KeyId) => ({
  name: 'AES-GCM',
  iv: nonce,
  additionalData: associated(place, key),
});

export type FieldSealer = {
  /**
   * Seals a value under a key for a place; to one length for all values, if `contentBytesMax` says for what. Calls may be made at once; nothing is awaited but the platform's encryption.
   * @throws StoreError `key.shredded` (a place that was redacted), `key.locked`, `key.randomness-repeated`, `field.too-large`
   */
  readonly seal: (
    key: DataKey,
    place: FieldPlace,
    value: ProtectedValue,
    contentBytesMax?: number,
  ) => Promise<SealedValue>;
};

type Session = {
  readonly salt: Uint8Array;
  left: number;
};

/**
 * Starts sealing: for each data key under a fresh subkey of this session, and another one long before random nonces
 * could meet, so no count has to survive a restart.
 * @param sealsMax  values under one subkey
 */
export const openFieldSealer = (entropy: Entropy, sealsMax: number = LIMITS.sealsPerKeyMax): FieldSealer => {
  const nonces = noncePool(entropy, NONCE_BYTES);
  const sessions = new WeakMap<DataKey, Session>();
  const sessionOf = (key: DataKey): Session => {
    const known = sessions.get(key);
    if (known !== undefined && known.left > 0) return known;
    const session: Session = { salt: entropy.bytes(SALT_BYTES), left: sealsMax };
    sessions.set(key, session);
    return session;
  };
  return {
    seal: async (key, place, value, contentBytesMax) => {
      const padded = padValue(value, contentBytesMax);
      const leaf = key.leaf(place);
      if (leaf === undefined) throw new StoreError('key.shredded', { key: key.id });
      const session = sessionOf(key);
      session.left -= 1;
      const nonce = nonces();
      const found = key.subkey(session.salt);
      const subkey = found instanceof Promise ? await found : found;
      const loading = hashing.begin();
      if (loading !== undefined) await loading;
      const commitment = committed(blockOf(leaf, nonce, 0), padded);
      mask(leaf, nonce, padded);
      const text = await crypto.subtle.encrypt(parameters(nonce, place, key.id), subkey, padded);
      hashing.end();
      return { [SEALED_NAME]: { key: key.id, value: spelled({ salt: session.salt, nonce, commitment, text }) } };
    },
  };
};

/** Room for one value as it is spelled, the most common sizes of it. */
const room = new Uint8Array(512);

const spelled = (parts: {
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  readonly commitment: Uint8Array;
  readonly text: ArrayBuffer;
}): string => {
  const length = HEAD_BYTES + parts.text.byteLength;
  const bytes = length <= room.length ? room.subarray(0, length) : new Uint8Array(length);
  bytes.set(parts.salt);
  bytes.set(parts.nonce, SALT_BYTES);
  bytes.set(parts.commitment, SALT_BYTES + NONCE_BYTES);
  bytes.set(new Uint8Array(parts.text), HEAD_BYTES);
  return toBase64(bytes);
};

/** A value that has the form of a sealed one; undefined for anything else. */
export const readSealed = (value: unknown): SealedValue | undefined => {
  if (!isRecord(value) || Object.keys(value).length !== 1) return undefined;
  const sealed = value[SEALED_NAME];
  if (!isRecord(sealed) || Object.keys(sealed).length !== 2) return undefined;
  const { key, value: text } = sealed;
  if (typeof key !== 'string' || typeof text !== 'string') return undefined;
  try {
    return { [SEALED_NAME]: { key: keyId(key), value: text } };
  } catch {
    return undefined;
  }
};

export type OpenedField =
  | { readonly kind: 'opened'; readonly value: ProtectedValue; readonly salt: Uint8Array }
  /** The value was redacted: its leaf is gone, for good. */
  | { readonly kind: 'shredded' };

/** Everything that does not open is this one error: nothing about the reason, which could help to try again. */
const unreadable = ({ event }: FieldPlace) => new StoreError('field.unreadable', { event });

const textBytes = (text: unknown, place: FieldPlace): Uint8Array<ArrayBuffer> => {
  if (typeof text !== 'string' || text.length > 2 * MOST_BYTES) throw unreadable(place);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = fromBase64(text);
  } catch {
    throw unreadable(place);
  }
  if (bytes.length < LEAST_BYTES || bytes.length > MOST_BYTES) throw unreadable(place);
  return bytes;
};

const decrypted = async (
  key: DataKey,
  place: FieldPlace,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> => {
  const found = key.subkey(bytes.subarray(0, SALT_BYTES));
  const subkey = found instanceof Promise ? await found : found;
  const nonce = bytes.subarray(SALT_BYTES, SALT_BYTES + NONCE_BYTES);
  const loading = hashing.begin();
  try {
    const text = await crypto.subtle.decrypt(parameters(nonce, place, key.id), subkey, bytes.subarray(HEAD_BYTES));
    if (loading !== undefined) await loading;
    return new Uint8Array(text);
  } catch {
    throw unreadable(place);
  } finally {
    hashing.end();
  }
};

/**
 * Opens a value that was sealed at this place.
 * @throws StoreError `field.unreadable` whatever is wrong with it, `key.locked`
 */
export const openField = async (key: DataKey, place: FieldPlace, sealed: SealedValue): Promise<OpenedField> => {
  if (sealed.$sealed.key !== key.id) throw unreadable(place);
  const leaf = key.leaf(place);
  if (leaf === undefined) return { kind: 'shredded' };
  const bytes = textBytes(sealed.$sealed.value, place);
  const padded = await decrypted(key, place, bytes);
  const nonce = bytes.subarray(SALT_BYTES, SALT_BYTES + NONCE_BYTES);
  mask(leaf, nonce, padded);
  const salt = blockOf(leaf, nonce, 0).slice();
  const commitment = bytes.subarray(SALT_BYTES + NONCE_BYTES, HEAD_BYTES);
  const read = sameBytes(committed(salt, padded), commitment) ? readPadded(padded) : undefined;
  if (read === undefined) throw unreadable(place);
  return { kind: 'opened', value: read.value, salt };
};

/**
 * True if a sealed value, opened or redacted since, was this value: what a copy that was kept elsewhere, with its salt,
 * proves or disproves.
 */
export const isCommittedTo = (sealed: SealedValue, value: ProtectedValue, salt: Uint8Array): boolean => {
  const bytes = fromBase64(sealed.$sealed.value);
  const contentBytesMax = bytes.length - HEAD_BYTES - TAG_BYTES - FRAME_BYTES;
  try {
    const commitment = bytes.subarray(SALT_BYTES + NONCE_BYTES, HEAD_BYTES);
    return sameBytes(committed(salt, padValue(value, contentBytesMax)), commitment);
  } catch (error) {
    if (isStoreError(error, 'field.too-large')) return false;
    throw error;
  }
};
