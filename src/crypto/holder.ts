/** What tells one holder of keys from another: a fingerprint of the sharing key, which people compare before they vouch for it. */
import { StoreError } from '../core/errors.ts';
import { type Hash32Hex, hash32 } from '../core/ids.ts';
import { fromBase64, toHex32, utf8 } from './bytes.ts';
import { sha256 } from './sha256.ts';

const DOMAIN = utf8('indelible/v1/holder\0');
const SHARING_KEY_BYTES = 65;

/**
 * The fingerprint of a sharing key: 64 hex digits.
 * @param sharingKey  65 bytes (SEC 1, uncompressed) in base64   @throws StoreError `key.malformed`
 */
export const holderFingerprint = (sharingKey: string): Hash32Hex => {
  const bytes = fromBase64(sharingKey);
  if (bytes.length !== SHARING_KEY_BYTES || bytes[0] !== 4)
    throw new StoreError('key.malformed', { bytes: bytes.length });
  return toHex32(hash32(sha256(DOMAIN, bytes)));
};
