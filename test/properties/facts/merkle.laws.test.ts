import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Hash32 } from '../../../src/core/ids.ts';
import { hash32 } from '../../../src/core/ids.ts';
import type { Frontier } from '../../../src/crypto/merkle.ts';
import {
  appendLeaf,
  consistencyProof,
  EMPTY_FRONTIER,
  EMPTY_ROOT,
  frontierRoot,
  inclusionProof,
  merkleRoot,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from '../../../src/crypto/merkle.ts';
import { at, codeOf, flipped, hex } from '../../unit/support.ts';

// Half a million refusals: most of their cost is the stack that each error takes down.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

const MOST = 64;
const LEAVES = Array.from({ length: MOST }, (_, index) => hash32(sha256(Uint8Array.of(0, index))));
const STRANGER = hash32(sha256(Uint8Array.of(1)));
const tree = (size: number): readonly Hash32[] => LEAVES.slice(0, size);
const ROOTS = Array.from({ length: MOST + 1 }, (_, size) => merkleRoot(tree(size)));
const rootOf = (size: number): Hash32 => at(ROOTS, size);
const SIZES = Array.from({ length: MOST }, (_, index) => index + 1);
const upTo = (size: number): readonly number[] => Array.from({ length: size }, (_, index) => index);

type Claim = Parameters<typeof verifyInclusion>[0];
const claimOf = (position: number, size: number): Claim => ({
  leaf: at(LEAVES, position),
  position,
  size,
  path: inclusionProof(tree(size), position),
  root: rootOf(size),
});
/** True if accepted. A refusal must be one of the two codes of a proof; `expect` is too slow for millions of them. */
const accepted = (work: () => void): boolean => {
  const code = codeOf(work);
  if (code === undefined) return true;
  if (code !== 'proof.malformed' && code !== 'proof.root-mismatch') throw new Error(`a proof is refused with ${code}`);
  return false;
};
const inclusion = (claim: Claim): boolean => accepted(() => verifyInclusion(claim));
const consistency = (...claim: Parameters<typeof verifyConsistency>): boolean =>
  accepted(() => verifyConsistency(...claim));

/** Every change of one hash of a proof: a bit of each, one left out, one repeated, two swapped, one added. */
const alterations = (proof: readonly Hash32[], seed: number): readonly (readonly Hash32[])[] => [
  ...proof.flatMap((hash, index) => [
    proof.with(index, hash32(flipped(hash, (seed * 37 + index * 11) % 256))),
    proof.toSpliced(index, 1),
    proof.toSpliced(index, 0, hash),
  ]),
  ...proof.slice(1).map((hash, index) => proof.with(index, hash).with(index + 1, at(proof, index))),
  [...proof, STRANGER],
];

/** The turns from the root to a leaf, by RFC 6962's own definition of the tree. */
const turns = (position: number, size: number): string => {
  if (size === 1) return '';
  let split = 1;
  while (split * 2 < size) split *= 2;
  return position < split ? `L${turns(position, split)}` : `R${turns(position - split, size - split)}`;
};

describe('the tree', () => {
  it('has the roots that RFC 6962 defines, for the empty tree and by hand up to five leaves [FMT-06]', () => {
    const [a, b, c, d, e] = [at(LEAVES, 0), at(LEAVES, 1), at(LEAVES, 2), at(LEAVES, 3), at(LEAVES, 4)];
    expect(hex(EMPTY_ROOT)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(hex(nodeHash(a, b))).toBe(hex(sha256(Uint8Array.of(1, ...a, ...b))));
    expect([rootOf(0), rootOf(1), rootOf(2)]).toEqual([EMPTY_ROOT, a, nodeHash(a, b)]);
    expect(rootOf(3)).toEqual(nodeHash(nodeHash(a, b), c));
    expect(rootOf(5)).toEqual(nodeHash(nodeHash(nodeHash(a, b), nodeHash(c, d)), e));
  });

  it('has the same root from its frontier, at every size up to 64 [FMT-06]', () => {
    let frontier: Frontier = EMPTY_FRONTIER;
    expect(frontierRoot(frontier)).toEqual(EMPTY_ROOT);
    for (const leaf of LEAVES) {
      frontier = appendLeaf(frontier, leaf);
      expect(frontierRoot(frontier)).toEqual(rootOf(frontier.size));
      expect(frontier.peaks).toHaveLength([...frontier.size.toString(2)].filter((digit) => digit === '1').length);
    }
  });

  it('has another root at each size, for each leaf that is changed and for each two that are swapped [FMT-06]', () => {
    expect(new Set(ROOTS.map(hex)).size).toBe(MOST + 1);
    for (const size of [2, 3, 7, 8, 21]) {
      const altered = upTo(size).flatMap((position) => [
        tree(size).with(position, STRANGER),
        ...upTo(position).map((other) =>
          tree(size).with(position, at(LEAVES, other)).with(other, at(LEAVES, position)),
        ),
      ]);
      for (const leaves of altered) expect(hex(merkleRoot(leaves))).not.toBe(hex(rootOf(size)));
    }
  });
});

describe('an inclusion proof', () => {
  it('verifies for every leaf of every tree up to 64 leaves [FMT-06]', () => {
    for (const size of SIZES) for (const position of upTo(size)) expect(inclusion(claimOf(position, size))).toBe(true);
  });

  it('fails for any other leaf and root, and with any hash of its path altered [FMT-06]', () => {
    for (const size of SIZES) {
      for (const position of upTo(size)) {
        const claim = claimOf(position, size);
        expect(inclusion({ ...claim, leaf: STRANGER })).toBe(false);
        expect(inclusion({ ...claim, leaf: hash32(flipped(claim.leaf, (size * 7 + position) % 256)) })).toBe(false);
        expect(inclusion({ ...claim, root: rootOf(size - 1) })).toBe(false);
        expect(inclusion({ ...claim, root: hash32(flipped(claim.root, (size * 3 + position) % 256)) })).toBe(false);
        expect(alterations(claim.path, size + position).some((path) => inclusion({ ...claim, path }))).toBe(false);
      }
    }
  });

  it('fails with any single bit of its path flipped, every bit of trees up to 9 leaves [FMT-06]', () => {
    for (const size of SIZES.slice(0, 9)) {
      for (const position of upTo(size)) {
        const claim = claimOf(position, size);
        for (const [level, hash] of claim.path.entries()) {
          for (let bit = 0; bit < 256; bit++) {
            expect(inclusion({ ...claim, path: claim.path.with(level, hash32(flipped(hash, bit))) })).toBe(false);
          }
        }
      }
    }
  });

  it('fails at any other position of its tree [FMT-06]', () => {
    for (const size of SIZES) {
      for (const position of upTo(size)) {
        const claim = claimOf(position, size);
        const others = [...upTo(size), size, -1, 0.5, Number.NaN].filter((other) => other !== position);
        expect(others.filter((other) => inclusion({ ...claim, position: other }))).toEqual([]);
      }
    }
  });

  it('fails at any other size with the root of that size [FMT-06]', () => {
    for (const size of SIZES) {
      for (const position of upTo(size)) {
        const claim = claimOf(position, size);
        const accepting = SIZES.filter((other) => inclusion({ ...claim, size: other, root: rootOf(other) }));
        expect(accepting).toEqual([size]);
      }
    }
  });

  it('fits another size with the same root only where both lead the same way down: sizes need a signature [FMT-06]', () => {
    for (const size of upTo(21).slice(1)) {
      for (const position of upTo(size)) {
        const claim = claimOf(position, size);
        for (const other of SIZES.slice(0, 21)) {
          const fits = position < other && turns(position, other) === turns(position, size);
          expect(inclusion({ ...claim, size: other })).toBe(fits);
        }
      }
    }
  });
});

describe('a consistency proof', () => {
  const pairs = SIZES.flatMap((newer) => upTo(newer + 1).map((older) => [older, newer] as const));
  const headOf = (size: number) => ({ size, root: rootOf(size) });

  it('verifies for every two sizes up to 64 [FMT-06]', () => {
    for (const [older, newer] of pairs) {
      expect(consistency(headOf(older), headOf(newer), consistencyProof(tree(newer), older))).toBe(true);
    }
  });

  it('fails for any other root of either size, and with any hash altered [FMT-06]', () => {
    for (const [older, newer] of pairs) {
      const proof = consistencyProof(tree(newer), older);
      const forged = (size: number) => ({ size, root: hash32(flipped(rootOf(size), (older * 7 + newer) % 256)) });
      expect(consistency(forged(older), headOf(newer), proof)).toBe(false);
      if (older > 0) expect(consistency(headOf(older), forged(newer), proof)).toBe(false);
      for (const other of alterations(proof, older + newer)) {
        expect(consistency(headOf(older), headOf(newer), other)).toBe(false);
      }
    }
  });

  it('fails where the newer tree has another leaf in place of one of the older [FMT-06]', () => {
    for (const [older, newer] of pairs.filter(([size]) => size > 0 && size % 5 === 0)) {
      const forked = tree(newer).with(older - 1, STRANGER);
      const head = { size: newer, root: merkleRoot(forked) };
      expect(consistency(headOf(older), head, consistencyProof(forked, older))).toBe(false);
    }
  });

  it('does not let two empty trees, or two of one size, differ [FMT-06]', () => {
    expect(consistency({ size: 0, root: EMPTY_ROOT }, { size: 0, root: EMPTY_ROOT }, [])).toBe(true);
    expect(consistency({ size: 0, root: EMPTY_ROOT }, { size: 0, root: STRANGER }, [])).toBe(false);
    expect(consistency({ size: 0, root: STRANGER }, { size: 0, root: STRANGER }, [])).toBe(false);
    expect(consistency({ size: 7, root: STRANGER }, { size: 7, root: rootOf(7) }, [])).toBe(false);
  });
});

describe('hostile proofs', () => {
  const hostileSize = fc.oneof(fc.integer(), fc.double(), fc.maxSafeInteger(), fc.constantFrom(2 ** 53, 2 ** 53 - 1));
  const someHash = fc.constantFrom(...LEAVES.slice(0, 8), STRANGER, ...ROOTS.slice(0, 8));
  const hashes = fc.array(someHash, { maxLength: 60 });

  it('are refused with a code whatever the sizes, positions and lengths [FMT-06]', () => {
    fc.assert(
      fc.property(hostileSize, hostileSize, hashes, someHash, (a, b, path, root) => {
        inclusion({ leaf: STRANGER, position: a, size: b, path, root });
        consistency({ size: a, root }, { size: b, root }, path);
        expect([undefined, 'proof.malformed']).toContain(codeOf(() => inclusionProof(tree(5), a)));
        expect([undefined, 'proof.malformed']).toContain(codeOf(() => consistencyProof(tree(5), b)));
      }),
      { numRuns: 3_000 },
    );
  });

  it('are refused when a hash has another length than 32 bytes [FMT-06]', () => {
    const claim = claimOf(2, 5);
    for (const length of [0, 31, 33, 65, 200]) {
      // A hash of a wrong length cannot be made through its constructor: the view is cut after the check.
      const buffer = hash32(new Uint8Array(32));
      const bad = Object.defineProperty(buffer, 'length', { value: length });
      expect(inclusion({ ...claim, path: claim.path.with(0, bad) })).toBe(false);
    }
  });

  it('cannot make a frontier fail otherwise [FMT-06]', () => {
    expect(codeOf(() => appendLeaf({ size: 3, peaks: [STRANGER] }, STRANGER))).toBe('proof.malformed');
  });
});
