/**
 * A private key where WebCrypto has no Ed25519: its bytes, behind a handle that has the form of WebCrypto's own. The bytes
 * are reached through this module alone; the handle does not survive being copied (into a database, to another thread):
 * that fails at once and loses no key. Law: "where WebCrypto has no Ed25519" in `softKey.test`.
 */
import { StoreError } from '../core/errors.ts';
import { loadPart } from '../core/part.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** The curve in JavaScript. @throws StoreError `store.part-missing` if its file cannot be had */
export const loadCurve = () => loadPart('curves', () => import('./curve.ts'));

/** True if the platform says that it does not have what was asked for. */
export const isUnsupported = (error: unknown): boolean => error instanceof Error && error.name === 'NotSupportedError';

const SECRET_BYTES = 32;
/** PKCS #8 of an Ed25519 key up to its 32 bytes (RFC 8410, section 7). */
const PKCS8_HEAD: readonly number[] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

const secrets = new WeakMap<object, Bytes>();

/** The 32 bytes behind a handle; undefined for a handle of WebCrypto. Not a copy. */
export const softSecret = (key: CryptoKey): Bytes | undefined => secrets.get(key);

export const isSoftKey = (value: unknown): value is CryptoKey =>
  typeof value === 'object' && value !== null && secrets.has(value);

/** @param secret  32 bytes, kept as they are */
export const softKey = (secret: Bytes, extractable: boolean): CryptoKey => {
  const handle = {
    type: 'private' as const,
    extractable,
    algorithm: { name: 'Ed25519' },
    usages: ['sign' as const],
    /** No structured clone takes a function: the handle cannot be mistaken for one that a database keeps. */
    toJSON: () => null,
  };
  secrets.set(handle, secret);
  return Object.freeze(handle);
};

/** The private key as PKCS #8; undefined for a handle of WebCrypto. For a storage that seals it, and for `keyBytes.ts`. */
export const softKeyBytes = (key: CryptoKey): Bytes | undefined => {
  const secret = softSecret(key);
  return secret === undefined ? undefined : Uint8Array.from([...PKCS8_HEAD, ...secret]);
};

/** @throws StoreError `key.malformed` if the bytes are no Ed25519 key in PKCS #8 */
export const softKeyFrom = (pkcs8: Uint8Array): CryptoKey => {
  const isOne = pkcs8.length === PKCS8_HEAD.length + SECRET_BYTES && PKCS8_HEAD.every((byte, at) => pkcs8[at] === byte);
  if (!isOne) throw new StoreError('key.malformed');
  return softKey(Uint8Array.from(pkcs8.subarray(PKCS8_HEAD.length)), false);
};
