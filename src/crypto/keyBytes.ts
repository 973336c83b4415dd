/**
 * A signing key's private half as bytes (PKCS #8), for storages that can keep nothing else, inside their encryption. It is
 * made extractable for this one passage; what is read back signs and cannot be exported. Law: "a kept key signs for its
 * identity and cannot be exported".
 */
import { StoreError } from '../core/errors.ts';
import { isUnsupported, softKeyBytes, softKeyFrom } from './softKey.ts';

const ALGORITHM = 'Ed25519';
const FORM = 'pkcs8';

/** @throws StoreError `key.not-extractable` */
export const privateKeyBytes = async (key: CryptoKey): Promise<Uint8Array<ArrayBuffer>> => {
  if (!key.extractable) throw new StoreError('key.not-extractable');
  return softKeyBytes(key) ?? new Uint8Array(await crypto.subtle.exportKey(FORM, key));
};

/**
 * A handle that signs and cannot be exported; in JavaScript where WebCrypto has no Ed25519.
 * @throws DOMException or StoreError `key.malformed` if the bytes are no Ed25519 key
 */
export const privateKeyFrom = async (bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> => {
  try {
    return await crypto.subtle.importKey(FORM, bytes, ALGORITHM, false, ['sign']);
  } catch (error) {
    if (!isUnsupported(error)) throw error;
    return softKeyFrom(bytes);
  }
};
