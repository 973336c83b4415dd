/** Names that say nothing of what they name to whoever has not the secret: HMAC-SHA-256, 128 bits of it as hex. */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { utf8 } from './bytes.ts';

const DOMAIN = 'indelible/mirror/v1\0';
const NAME_BYTES = 16;

/** Gives each text its name under a secret; the same secret gives the same names. */
export const namesUnder = (secret: string): ((text: string) => string) => {
  const key = sha256(utf8(DOMAIN + secret));
  return (text) => bytesToHex(hmac(sha256, key, utf8(text)).subarray(0, NAME_BYTES));
};
