/**
 * Ed25519 (RFC 8032) by WebCrypto, and the one rule by which a key or signature is accepted on every platform.
 *
 * Private keys stay inside WebCrypto and cannot be exported, but for the passage into a storage that keeps bytes (`keyBytes.ts`). A public key of small order, or with a coordinate that is
 * not in its canonical range, is refused, as is a signature whose S is not below the group order: with those gone,
 * platforms have no room to disagree. Law: `signer.laws`.
 */
import { bytesToHex } from '@noble/hashes/utils.js';
import { StoreError } from '../core/errors.ts';
import { type PublicKey32, publicKey32, type Signature64, signature64 } from '../core/ids.ts';

const ALGORITHM = 'Ed25519';

/** A key that signs: the public half, and a handle that signs and cannot be exported. */
export type SigningKey = { readonly publicKey: PublicKey32; readonly privateKey: CryptoKey };

/** Attempts at a key. WebKitGTK discards about one in 128, those with a zero where a number may lose it (its bug 307095). */
const ATTEMPTS_MAX = 8;

const isChance = (error: unknown): boolean => error instanceof Error && error.name === 'OperationError';

const generate = async (extractable: boolean, left = ATTEMPTS_MAX): Promise<CryptoKeyPair> => {
  try {
    const pair = await crypto.subtle.generateKey(ALGORITHM, extractable, ['sign', 'verify']);
    if ('privateKey' in pair) return pair;
  } catch (error) {
    if (left <= 1 || !isChance(error)) throw error;
    return generate(extractable, left - 1);
  }
  throw new StoreError('key.unavailable');
};

/**
 * Makes a fresh key. `extractable` only for a storage that keeps keys as bytes (`keyBytes.ts`).
 * @throws StoreError `key.unavailable` where WebCrypto has no Ed25519
 */
export const makeSigningKey = async ({ extractable = false } = {}): Promise<SigningKey> => {
  try {
    const pair = await generate(extractable);
    return {
      publicKey: publicKey32(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))),
      privateKey: pair.privateKey,
    };
  } catch (cause) {
    throw new StoreError('key.unavailable', {}, { cause });
  }
};

/** Signs bytes. 64 bytes. */
export const sign = async (key: SigningKey, message: Uint8Array<ArrayBuffer>): Promise<Signature64> =>
  signature64(new Uint8Array(await crypto.subtle.sign(ALGORITHM, key.privateKey, message)));

/** Little-endian values: the field prime p, and the group order L. */
const FIELD_PRIME = 2n ** 255n - 19n;
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${bytesToHex(Uint8Array.from(bytes).reverse())}`);

/**
 * y-coordinates of the eight points whose order divides 8, little-endian hex without the sign bit. `signer.laws`
 * derives them from the curve equation.
 */
export const SMALL_ORDER_Y: readonly string[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
];

const encodesSoundPoint = (bytes: Uint8Array): boolean => {
  const masked = Uint8Array.from(bytes);
  masked[31] = (masked[31] ?? 0) & 0x7f;
  return littleEndian(masked) < FIELD_PRIME && !SMALL_ORDER_Y.includes(bytesToHex(masked));
};

/** Checks that a public key may be trusted to mean one thing everywhere. @throws StoreError `key.malformed` */
export const checkPublicKey = (key: Uint8Array): PublicKey32 => {
  const checked = publicKey32(key);
  if (!encodesSoundPoint(checked)) throw new StoreError('key.malformed');
  return checked;
};

const importedKeys = new Map<string, Promise<CryptoKey>>();
const IMPORTED_MAX = 256;

const importKey = (key: PublicKey32): Promise<CryptoKey> => {
  const name = bytesToHex(key);
  const known = importedKeys.get(name);
  if (known !== undefined) return known;
  if (importedKeys.size >= IMPORTED_MAX) importedKeys.clear();
  const imported = crypto.subtle.importKey('raw', Uint8Array.from(checkPublicKey(key)), ALGORITHM, true, ['verify']);
  importedKeys.set(name, imported);
  return imported;
};

/**
 * True if `signature` is one that the holder of `key` made over `message`. Never throws on hostile bytes: a key that
 * may not be trusted verifies nothing.
 */
export const verifySignature = async (
  key: PublicKey32,
  signature: Signature64,
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean> => {
  const canonical = littleEndian(signature.subarray(32)) < GROUP_ORDER && encodesSoundPoint(signature.subarray(0, 32));
  if (!canonical || !encodesSoundPoint(key)) return false;
  try {
    return await crypto.subtle.verify(ALGORITHM, await importKey(key), Uint8Array.from(signature), message);
  } catch {
    importedKeys.delete(bytesToHex(key));
    return false;
  }
};
