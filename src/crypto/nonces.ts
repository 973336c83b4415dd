/**
 * Random nonces, drawn in pools: a call to the platform costs more than the bytes.
 *
 * Invariant: a source that repeats itself within a pool, or from one pool to the next, gives no nonce. Random nonces of
 * a sound source meet once in 2^96; this finds the broken source. Law: `fieldCipher.laws`.
 */
import { StoreError } from '../core/errors.ts';
import type { Entropy } from '../core/ports.ts';
import { sameBytes } from './bytes.ts';

const POOL_NONCES = 256;

type Nonce = Uint8Array<ArrayBuffer>;

/** The first 48 bits: what two nonces have to share before they are compared. */
const beginning = (nonce: Nonce): number => {
  let number = 0;
  for (let at = 0; at < 6; at++) number = number * 256 + (nonce[at] ?? 0);
  return number;
};

/** Draws nonces of a length. @throws StoreError `key.randomness-repeated`, also if the source gives too few bytes */
export const noncePool = (entropy: Entropy, length: number): (() => Nonce) => {
  let last: ReadonlyMap<number, Nonce> = new Map();
  let pool: readonly Nonce[] = [];
  let used = 0;

  const refill = (): void => {
    const bytes = entropy.bytes(POOL_NONCES * length);
    if (bytes.length !== POOL_NONCES * length) throw new StoreError('key.randomness-repeated', { bytes: bytes.length });
    const drawn = Array.from({ length: POOL_NONCES }, (_, at) => bytes.slice(at * length, (at + 1) * length));
    const names = new Map<number, Nonce>();
    for (const nonce of drawn) {
      const name = beginning(nonce);
      for (const other of [names.get(name), last.get(name)]) {
        if (other !== undefined && sameBytes(other, nonce)) throw new StoreError('key.randomness-repeated');
      }
      names.set(name, nonce);
    }
    [last, pool, used] = [names, drawn, 0];
  };
  return () => {
    if (used >= pool.length) refill();
    const nonce = pool[used];
    used += 1;
    if (nonce === undefined) throw new StoreError('key.randomness-repeated');
    return nonce;
  };
};
