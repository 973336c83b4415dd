/**
 * Blind tokens: what stands for a value in a search index. Equal values of one field have equal tokens; without the key, which is
 * drawn for each opening and never stored, a token tells nothing. Law: `search.laws`.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';
import type { JsonValue } from '../core/json.ts';
import type { Entropy } from '../core/ports.ts';
import { toBase64, utf8 } from './bytes.ts';
import { canonicalText } from './canonical.ts';

const DOMAIN = utf8('indelible/v1/blind-token\0');
const KEY_BYTES = 32;
const TOKEN_BYTES = 16;

export type BlindTokens = {
  /** The token of a value. @param field  names tenant, aggregate, event and path; holds no zero character */
  readonly of: (field: string, value: JsonValue) => string;
  /** Overwrites the key: tokens made before are equal to none made after. */
  readonly wipe: () => void;
};

/** Tokens under a fresh key. */
export const blindTokens = (entropy: Entropy): BlindTokens => {
  const key = Uint8Array.from(entropy.bytes(KEY_BYTES));
  return {
    of: (field, value) => {
      const message = concatBytes(DOMAIN, utf8(`${field}\0`), utf8(canonicalText(value)));
      return toBase64(hmac(sha256, key, message).subarray(0, TOKEN_BYTES));
    },
    wipe: () => void key.fill(0),
  };
};
