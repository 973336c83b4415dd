/**
 * A signing key's private half as bytes (PKCS #8), for storages that can keep nothing else, inside their encryption. It is
 * made extractable for this one passage; what is read back signs and cannot be exported. Law: "a kept key signs for its
 * identity and cannot be exported".
 */
import { StoreError } from '../core/errors.ts';

const ALGORITHM = 'Ed25519';
const FORM = 'pkcs8';

/** @throws StoreError `key.not-extractable` */
export const privateKeyBytes = async (key: CryptoKey): Promise<Uint8Array<ArrayBuffer>> => {
  if (!key.extractable) throw new StoreError('key.not-extractable');
  return new Uint8Array(await crypto.subtle.exportKey(FORM, key));
};

/** A handle that signs and cannot be exported. @throws DOMException if the bytes are no Ed25519 key */
export const privateKeyFrom = (bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey(FORM, bytes, ALGORITHM, false, ['sign']);
