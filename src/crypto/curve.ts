/**
 * Ed25519 (RFC 8032) in JavaScript, over the point arithmetic of @noble/curves: what WebCrypto does where it has the curve,
 * and what WebCrypto does nowhere: whether a key is free of torsion. Loaded when it is first needed, as part `curves`.
 *
 * Signing is not constant in time as a processor sees it: JavaScript promises none. Laws: `signer.laws`, `verdict` (both
 * implementations give one verdict on every published edge case, in Node and in each browser).
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { sameBytes } from './bytes.ts';

const { Point } = ed25519;
const GROUP_ORDER = Point.CURVE().n;

const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

/** 32 random bytes that are a private key. */
export const drawSecret = (): Uint8Array<ArrayBuffer> => Uint8Array.from(ed25519.utils.randomSecretKey());

/** @param secret  32 bytes   @returns 32 bytes */
export const publicKeyOf = (secret: Uint8Array): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(ed25519.getPublicKey(secret));

/** @param secret  32 bytes   @returns 64 bytes, the same for the same input */
export const signWith = (secret: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(ed25519.sign(message, secret));

/** True if the key is a point, in its one encoding, and L times it is the identity: a multiple of the base point. */
export const isTorsionFree = (key: Uint8Array): boolean => {
  try {
    return Point.fromBytes(key).isTorsionFree();
  } catch {
    return false;
  }
};

/**
 * The equation without the cofactor, S·B = R + k·A, on bytes: S·B - k·A, encoded, is R as it was given. The caller has
 * checked S, R and the key by the rule in `signer.ts`.
 */
export const fulfilsEquation = (key: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean => {
  const [r, s] = [signature.subarray(0, 32), littleEndian(signature.subarray(32))];
  const challenge = littleEndian(sha512.create().update(r).update(key).update(message).digest()) % GROUP_ORDER;
  const difference = Point.BASE.multiplyUnsafe(s).subtract(Point.fromBytes(key).multiplyUnsafe(challenge));
  return sameBytes(difference.toBytes(), r);
};
