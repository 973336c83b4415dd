/**
 * Sealing what a database keeps: AES-256-GCM under keys that derive from the database's own root key, bound to the place.
 *
 * Form 1 of sealed bytes: `01`, salt (16), nonce (12), ciphertext, tag (16). The key is HKDF-SHA-256 of the root key with
 * that salt. Whoever opens the database draws a salt of its own, and another one long before a key has sealed so much that
 * two random nonces might meet (`LIMITS.rowSealsPerKeyMax`): nobody has to count across tabs and restarts. The associated data
 * name the database, the table and the key of the row, so bytes open in the one place that they were sealed for.
 * Laws: `atRest.laws` (the swap matrix, the budget, a source of nonces that repeats), `test/vectors/v1/at-rest.json`.
 * @see NIST SP 800-38D section 8.3, RFC 5869
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';
import { StoreError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Entropy } from '../core/ports.ts';
import { utf8 } from './bytes.ts';
import { noncePool } from './nonces.ts';

export const DATABASE_ID_BYTES = 16;
const FORM = 1;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + SALT_BYTES + NONCE_BYTES;
/** How much longer sealed bytes are than what they hold. */
export const SEAL_BYTES = HEAD_BYTES + TAG_BYTES;

const PLACE_DOMAIN = utf8('indelible/v1/at-rest\0');
const SEAL_INFO = utf8('indelible/v1/at-rest/seal\0');
const NAME_INFO = utf8('indelible/v1/at-rest/name\0');

type Bytes = Uint8Array<ArrayBuffer>;

/** Where sealed bytes belong: a table, and the key of the row with all else of it that is not sealed. */
export type SealPlace = { readonly table: string; readonly key: Uint8Array };

export type AtRest = {
  /** @throws StoreError `key.randomness-repeated`: nothing was sealed */
  readonly seal: (place: SealPlace, bytes: Bytes) => Promise<Bytes>;
  /** The bytes that were sealed for this place; undefined if these are not, or are altered, cut or of another key. */
  readonly open: (place: SealPlace, sealed: Bytes) => Promise<Bytes | undefined>;
  /** Keyed hash by which a name is found without being shown; synchronous. 32 bytes. */
  readonly nameHash: (kind: string, name: Uint8Array) => Uint8Array;
  /** Lets go of every key: from then on all of these fail with `storage.closed`. */
  readonly end: () => void;
};

export type AtRestParts = {
  /** 32 random bytes; not needed any more once this has resolved. */
  readonly root: Bytes;
  /** 16 random bytes that name the database. */
  readonly id: Uint8Array;
  readonly entropy: Entropy;
  /** Seals of one key; `LIMITS.rowSealsPerKeyMax` if absent. */
  readonly sealsMax?: number;
};

/** The keys by their salts, derived once each; the oldest are let go. */
const keysOf = (from: CryptoKey) => {
  let base: CryptoKey | undefined = from;
  const known = new Map<string, Promise<CryptoKey>>();
  const derive = async (salt: Bytes): Promise<CryptoKey> => {
    if (base === undefined) throw new StoreError('storage.closed');
    const algorithm = { name: 'HKDF', hash: 'SHA-256', salt, info: SEAL_INFO };
    return crypto.subtle.deriveKey(algorithm, base, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  };
  const keyOf = (salt: Bytes): Promise<CryptoKey> => {
    const name = bytesToHex(salt);
    const found = known.get(name);
    if (found !== undefined) return found;
    const key = derive(salt);
    key.catch(() => known.delete(name));
    known.set(name, key);
    for (const [oldest] of known) {
      if (known.size <= LIMITS.rowKeysHeldMax) break;
      known.delete(oldest);
    }
    return key;
  };
  const end = (): void => {
    base = undefined;
    known.clear();
  };
  return { keyOf, end };
};

/** Names under a key of their own, whose bytes are overwritten here and at the end. */
const keyedNames = (key: Bytes) => {
  let names: ReturnType<typeof hmac.create> | undefined = hmac.create(sha256, key);
  key.fill(0);
  return {
    hash: (kind: string, name: Uint8Array): Uint8Array => {
      if (names === undefined) throw new StoreError('storage.closed');
      return names
        .clone()
        .update(utf8(`${kind}\0`))
        .update(name)
        .digest();
    },
    end: (): void => {
      names?.destroy();
      names = undefined;
    },
  };
};

const placeBytes = (id: Uint8Array, { table, key }: SealPlace): Bytes =>
  concatBytes(PLACE_DOMAIN, Uint8Array.of(FORM), id, utf8(`${table}\0`), key);

/** Opens the sealing of one database. */
export const openAtRest = async ({ root, id, entropy, sealsMax }: AtRestParts): Promise<AtRest> => {
  const base = await crypto.subtle.importKey('raw', root, 'HKDF', false, ['deriveKey', 'deriveBits']);
  const nameKey = await crypto.subtle.deriveBits(
    { name: 'HKDF', hash: 'SHA-256', salt: Uint8Array.from(id), info: NAME_INFO },
    base,
    256,
  );
  const names = keyedNames(new Uint8Array(nameKey));
  const { keyOf, end } = keysOf(base);
  const drawNonce = noncePool(entropy, NONCE_BYTES);
  const budget = sealsMax ?? LIMITS.rowSealsPerKeyMax;
  const begin = () => ({ salt: Uint8Array.from(entropy.bytes(SALT_BYTES)), used: 0 });
  let sealing = begin();
  void keyOf(sealing.salt); // at once: the first seal then does not wait for it
  return {
    seal: async (place, bytes) => {
      if (sealing.used >= budget) sealing = begin();
      sealing.used += 1;
      const [{ salt }, nonce] = [sealing, drawNonce()];
      const algorithm = { name: 'AES-GCM', iv: nonce, additionalData: placeBytes(id, place) };
      const text = await crypto.subtle.encrypt(algorithm, await keyOf(salt), bytes);
      return concatBytes(Uint8Array.of(FORM), salt, nonce, new Uint8Array(text));
    },
    open: async (place, sealed) => {
      if (sealed.length < SEAL_BYTES || sealed[0] !== FORM) return undefined;
      const [salt, iv] = [sealed.slice(1, 1 + SALT_BYTES), sealed.subarray(1 + SALT_BYTES, HEAD_BYTES)];
      const algorithm = { name: 'AES-GCM', iv, additionalData: placeBytes(id, place) };
      const key = await keyOf(salt);
      try {
        return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, sealed.subarray(HEAD_BYTES)));
      } catch {
        return undefined;
      }
    },
    nameHash: names.hash,
    end: () => {
      end();
      names.end();
    },
  };
};
