/** SHA-256 over bytes that come piece by piece, for streams that are larger than memory. */
import { sha256 } from '@noble/hashes/sha2.js';
import { type Hash32, hash32 } from '../core/ids.ts';

export type RunningHash = {
  readonly update: (bytes: Uint8Array) => void;
  /** Digest of everything so far; more may follow. */
  readonly digest: () => Hash32;
};

/** The hash of nothing yet. */
export const startHash = (): RunningHash => {
  const hash = sha256.create();
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    digest: () => hash32(hash.clone().digest()),
  };
};
