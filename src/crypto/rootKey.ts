/**
 * The root key of a database, wrapped: 32 random bytes that never change, under a key that may. So another way to unlock a
 * database wraps 32 bytes anew and touches nothing that they protect.
 *
 * A **device key** is a handle that cannot be exported and lies in the database itself: it keeps the values out of plain
 * sight, not from somebody who reads the browser's files. A **database key** comes from outside, from a person who unlocks.
 * Form of wrapped bytes: nonce (12), ciphertext, tag (16); AES-256-GCM. Law: `rootKey.laws`.
 */
import { concatBytes } from '@noble/hashes/utils.js';
import type { Entropy } from '../core/ports.ts';
import { DATABASE_ID_BYTES } from './atRest.ts';
import { utf8 } from './bytes.ts';

const ROOT_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const WRAPPED_BYTES = NONCE_BYTES + ROOT_BYTES + TAG_BYTES;

const DOMAIN = utf8('indelible/v1/at-rest/root\0');
const UNLOCK_INFO = utf8('indelible/v1/at-rest/unlock\0');

type Bytes = Uint8Array<ArrayBuffer>;

/** What is known of a wrapped root key without opening it; all of it is bound to it. */
export type RootTerms = {
  /** 16 random bytes that name the database. */
  readonly id: Uint8Array;
  readonly by: 'device' | 'given';
  /** True while rows of an older layout may lie in the database as they were. */
  readonly holdsPlain: boolean;
};

const termBytes = ({ id, by, holdsPlain }: RootTerms): Bytes =>
  concatBytes(DOMAIN, id, utf8(`${by}\0`), Uint8Array.of(holdsPlain ? 1 : 0));

/** A root key and a name for a new database. */
export const drawRoot = (entropy: Entropy): { readonly root: Bytes; readonly id: Bytes } => ({
  root: Uint8Array.from(entropy.bytes(ROOT_BYTES)),
  id: Uint8Array.from(entropy.bytes(DATABASE_ID_BYTES)),
});

/** A key that wraps and cannot be exported. */
export const makeDeviceKey = async (entropy: Entropy): Promise<CryptoKey> => {
  const bytes = Uint8Array.from(entropy.bytes(ROOT_BYTES));
  try {
    return await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
  } finally {
    bytes.fill(0);
  }
};

/** The wrapping key of one database from a database key: an HKDF key with the usage `deriveKey`. @throws DOMException */
export const wrappingKeyFrom = (databaseKey: CryptoKey, id: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: Uint8Array.from(id), info: UNLOCK_INFO },
    databaseKey,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  );

export const wrapRoot = async (key: CryptoKey, root: Bytes, terms: RootTerms, entropy: Entropy): Promise<Bytes> => {
  const iv = Uint8Array.from(entropy.bytes(NONCE_BYTES));
  const algorithm = { name: 'AES-GCM', iv, additionalData: termBytes(terms) };
  return concatBytes(iv, new Uint8Array(await crypto.subtle.encrypt(algorithm, key, root)));
};

/** The root key; undefined if this is not the key, or anything was altered. */
export const unwrapRoot = async (key: CryptoKey, wrapped: Bytes, terms: RootTerms): Promise<Bytes | undefined> => {
  const iv = wrapped.subarray(0, NONCE_BYTES);
  const algorithm = { name: 'AES-GCM', iv, additionalData: termBytes(terms) };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, wrapped.subarray(NONCE_BYTES)));
  } catch {
    return undefined;
  }
};
