/**
 * Keys that open other keys: HKDF from a secret of high entropy, and AES-256-GCM as the wrap of one secret under another.
 *
 * Invariants: a wrap opens under its own key and at its own place (purpose, key, holder) alone, also if somebody made it
 * who chose both keys: 32 zero bytes stand before the secret, and no second key can be found that opens to them. Every
 * failure of a wrap is one and the same. Law: `secretKey.laws`. The form may never change.
 */
import { StoreError } from '../core/errors.ts';
import type { Entropy } from '../core/ports.ts';
import { utf8 } from './bytes.ts';
import { canonicalBytes } from './canonical.ts';

const FORM = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const COMMITMENT_BYTES = 32;
const HEAD_BYTES = 1 + NONCE_BYTES;
const WRAP_DOMAIN = 'indelible/v1/key-wrap\0';
const DERIVE_DOMAIN = 'indelible/v1/derive\0';
const AES = 'AES-GCM';

/** Bytes that a wrap is longer than what it holds. */
export const WRAP_OVERHEAD_BYTES = HEAD_BYTES + COMMITMENT_BYTES + TAG_BYTES;

/** Overwrites bytes that were secret. Copies that the platform made are out of reach. */
export const wipe = (...secrets: readonly Uint8Array[]): void => {
  for (const secret of secrets) secret.fill(0);
};

/** What a secret is for, which one it is, and whose: all three are part of its wrap. */
export type WrapPlace = { readonly purpose: string; readonly key: string; readonly holder: string };

/** 32 secret bytes as a key that others derive from. It cannot be exported. */
export const baseKey = (secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey', 'deriveBits']);

const hkdf = (info: string) => ({
  name: 'HKDF',
  hash: 'SHA-256',
  salt: new Uint8Array(32),
  info: utf8(DERIVE_DOMAIN + info),
});

/** A wrapping key for one purpose, derived by HKDF-SHA-256 (RFC 5869). It cannot be exported. */
export const wrappingKey = (base: CryptoKey, purpose: string): Promise<CryptoKey> =>
  crypto.subtle.deriveKey(hkdf(purpose), base, { name: AES, length: 256 }, false, ['encrypt', 'decrypt']);

/** Bytes for one purpose, derived as `wrappingKey` is. */
export const derivedBytes = async (
  base: CryptoKey,
  purpose: string,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await crypto.subtle.deriveBits(hkdf(purpose), base, 8 * length));

/** A place as bytes that no other place has. */
export const placeBytes = ({ purpose, key, holder }: WrapPlace): Uint8Array<ArrayBuffer> => {
  const domain = utf8(WRAP_DOMAIN);
  const rest = canonicalBytes({ purpose, key, holder });
  const bytes = new Uint8Array(domain.length + rest.length);
  bytes.set(domain);
  bytes.set(rest, domain.length);
  return bytes;
};

/** @param key  from `wrappingKey`   @param secret  not changed   @returns form, nonce, ciphertext and tag */
export const wrapSecret = async (
  key: CryptoKey,
  secret: Uint8Array,
  place: WrapPlace,
  entropy: Entropy,
): Promise<Uint8Array<ArrayBuffer>> => {
  const nonce = Uint8Array.from(entropy.bytes(NONCE_BYTES));
  const padded = new Uint8Array(COMMITMENT_BYTES + secret.length);
  padded.set(secret, COMMITMENT_BYTES);
  const text = await crypto.subtle.encrypt({ name: AES, iv: nonce, additionalData: placeBytes(place) }, key, padded);
  wipe(padded);
  const wrap = new Uint8Array(HEAD_BYTES + text.byteLength);
  wrap[0] = FORM;
  wrap.set(nonce, 1);
  wrap.set(new Uint8Array(text), HEAD_BYTES);
  return wrap;
};

const decrypt = async (key: CryptoKey, wrap: Uint8Array<ArrayBuffer>, place: WrapPlace): Promise<Uint8Array> => {
  const iv = wrap.slice(1, HEAD_BYTES);
  const text = wrap.slice(HEAD_BYTES);
  return new Uint8Array(await crypto.subtle.decrypt({ name: AES, iv, additionalData: placeBytes(place) }, key, text));
};

/**
 * The secret in a wrap. Whoever asked wipes it.
 * @throws StoreError `key.refused`: another key, another place, changed or cut bytes; which one is not told
 */
export const unwrapSecret = async (
  key: CryptoKey,
  wrap: Uint8Array<ArrayBuffer>,
  place: WrapPlace,
): Promise<Uint8Array<ArrayBuffer>> => {
  let padded = new Uint8Array(0);
  try {
    padded = Uint8Array.from(await decrypt(key, wrap, place));
  } catch {
    // told below, as every other reason is
  }
  const commitment = padded.subarray(0, COMMITMENT_BYTES);
  const isSound = wrap[0] === FORM && commitment.length === COMMITMENT_BYTES && commitment.every((byte) => byte === 0);
  const secret = padded.slice(COMMITMENT_BYTES);
  wipe(padded);
  if (isSound) return secret;
  wipe(secret);
  throw new StoreError('key.refused');
};
