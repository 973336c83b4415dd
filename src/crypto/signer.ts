/**
 * Ed25519 (RFC 8032), and the one rule by which a key or signature is accepted, on every platform and by both implementations:
 * WebCrypto where it has the curve, `curve.ts` where it has not.
 *
 * A signature (R, S) of a key A over a message is accepted if, and only if,
 *
 * - S is below the group order L;
 * - A and R are each in their one encoding: y below p, and the sign bit clear where x is 0;
 * - neither A nor R is one of the eight points whose order divides 8;
 * - A has no part of small order: L·A is the identity;
 * - S·B = R + k·A holds as it is, without the cofactor 8, k being SHA-512 over the very bytes of R, A and the message.
 *
 * So R has no part of small order either, and a verifier that multiplies by the cofactor accepts all that is accepted here.
 * The last part is the platform's, which the Web Cryptography API holds to this equation; the others are checked here before
 * it is asked. Private keys stay inside WebCrypto and cannot be exported, but for the passage into a storage that keeps bytes
 * (`keyBytes.ts`); without WebCrypto's Ed25519 they are bytes (`softKey.ts`). Laws: `signer.laws`; `verdict`, in Node and
 * in each browser, with WebCrypto's Ed25519 and without.
 */
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';
import { StoreError } from '../core/errors.ts';
import { type PublicKey32, publicKey32, type Signature64, signature64 } from '../core/ids.ts';
import { remembered } from './remembered.ts';
import { isUnsupported, loadCurve, softKey, softSecret } from './softKey.ts';

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

const makeSoftKey = async (extractable: boolean): Promise<SigningKey> => {
  const { drawSecret, publicKeyOf } = await loadCurve();
  const secret = drawSecret();
  return { publicKey: publicKey32(publicKeyOf(secret)), privateKey: softKey(secret, extractable) };
};

/**
 * Makes a fresh key. `extractable` only for a storage that keeps keys as bytes (`keyBytes.ts`).
 * @throws StoreError `key.unavailable` where there is no WebCrypto or it fails; `store.part-missing`
 */
export const makeSigningKey = async ({ extractable = false } = {}): Promise<SigningKey> => {
  try {
    const pair = await generate(extractable);
    return {
      publicKey: publicKey32(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))),
      privateKey: pair.privateKey,
    };
  } catch (cause) {
    if (isUnsupported(cause)) return makeSoftKey(extractable);
    throw new StoreError('key.unavailable', {}, { cause });
  }
};

/** Signs bytes. 64 bytes. */
export const sign = async (key: SigningKey, message: Uint8Array<ArrayBuffer>): Promise<Signature64> => {
  const secret = softSecret(key.privateKey);
  if (secret !== undefined) return signature64((await loadCurve()).signWith(secret, message));
  return signature64(new Uint8Array(await crypto.subtle.sign(ALGORITHM, key.privateKey, message)));
};

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

/** Checks the form of a public key; `checkEnrolledKey` checks all of it. @throws StoreError `key.malformed` */
export const checkPublicKey = (key: Uint8Array): PublicKey32 => {
  const checked = publicKey32(key);
  if (!encodesSoundPoint(checked)) throw new StoreError('key.malformed');
  return checked;
};

/** A key that was looked at: WebCrypto's handle, where it has Ed25519; or that it verifies nothing. */
type Known = { readonly isSound: false } | { readonly isSound: true; readonly handle: CryptoKey | undefined };

const knownKeys = new Map<string, Promise<Known>>();
const KNOWN_MAX = 4_096;

const learn = async (key: PublicKey32): Promise<Known> => {
  if (!encodesSoundPoint(key) || !(await loadCurve()).isTorsionFree(key)) return { isSound: false };
  const imported = crypto.subtle.importKey('raw', Uint8Array.from(key), ALGORITHM, true, ['verify']);
  return { isSound: true, handle: await imported.catch(() => undefined) };
};

const knownOf = (key: PublicKey32): Promise<Known> => {
  const name = bytesToHex(key);
  const known = knownKeys.get(name);
  if (known !== undefined) return known;
  if (knownKeys.size >= KNOWN_MAX) knownKeys.clear();
  const learned = learn(key);
  knownKeys.set(name, learned);
  learned.catch(() => knownKeys.delete(name));
  return learned;
};

/**
 * Checks a public key before it is taken up, of a device, a server or a signer: one that is no point, or has a part of small
 * order, would verify nothing.
 * @throws StoreError `key.malformed`, `store.part-missing`
 */
export const checkEnrolledKey = async (key: Uint8Array): Promise<PublicKey32> => {
  const checked = checkPublicKey(key);
  if (!(await knownOf(checked)).isSound) throw new StoreError('key.malformed');
  return checked;
};

/** WebCrypto's verdict on the equation; undefined where it gives none. */
const askPlatform = (
  handle: CryptoKey | undefined,
  signature: Signature64,
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean | undefined> =>
  handle === undefined
    ? Promise.resolve(undefined)
    : crypto.subtle.verify(ALGORITHM, handle, Uint8Array.from(signature), message).catch(() => undefined);

const verdicts = remembered<Promise<boolean>>();

/**
 * True if `signature` is one that the holder of `key` made over `message`. Never throws on hostile bytes: a key that
 * may not be trusted verifies nothing.
 * @throws StoreError `store.part-missing`: there is no verdict
 */
export const verifySignature = async (
  key: PublicKey32,
  signature: Signature64,
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean> => {
  const canonical = littleEndian(signature.subarray(32)) < GROUP_ORDER && encodesSoundPoint(signature.subarray(0, 32));
  if (!canonical || !encodesSoundPoint(key)) return false;
  const known = await knownOf(key);
  if (!known.isSound) return false;
  // A key has 32 bytes and a signature 64: in this order the pieces have one reading.
  return verdicts.once(concatBytes(key, signature, message), async () => {
    const verdict = await askPlatform(known.handle, signature, message);
    return verdict ?? (await loadCurve()).fulfilsEquation(key, signature, message);
  });
};
