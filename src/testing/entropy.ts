/** Randomness that a seed determines. For tests only: whoever knows the seed knows all of it. */
import type { Entropy } from '../core/ports.ts';

export type SeededEntropy = Entropy & {
  /** A whole number from 0 to `below` - 1. */
  readonly below: (below: number) => number;
};

/** The same bytes for the same seed, on every platform (mulberry32). */
export const seededEntropy = (seed: number): SeededEntropy => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    below: (below) => next() % below,
  };
};
