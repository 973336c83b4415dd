/**
 * Merkle tree of RFC 6962 section 2.1 over leaf hashes of 32 bytes: root, inclusion proofs, consistency proofs.
 *
 * Laws: `merkle.laws` (every leaf of every tree up to 64 leaves verifies, and nothing else does; every pair of sizes
 * up to 64 has a consistency proof that verifies, and no other root does). The hashing may never change.
 */
import { StoreError } from '../core/errors.ts';
import { type Hash32, hash32 } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { sameBytes } from './bytes.ts';
import { sha256 } from './sha256.ts';

const NODE = new Uint8Array(65);
NODE[0] = 0x01;

/**
 * H(0x01 || left || right). The scratch buffer is filled and read synchronously.
 * @throws StoreError `proof.malformed` unless both have 32 bytes: a shorter one would leave bytes of another hash in place
 */
export const nodeHash = (left: Hash32, right: Hash32): Hash32 => {
  if (left.length !== 32 || right.length !== 32) throw new StoreError('proof.malformed', { what: 'hash' });
  NODE.set(left, 1);
  NODE.set(right, 33);
  return hash32(sha256(NODE));
};

/** Root of the empty tree: the hash of nothing. */
export const EMPTY_ROOT: Hash32 = hash32(sha256(new Uint8Array(0)));

const leafAt = (leaves: readonly Hash32[], at: number): Hash32 => {
  const leaf = leaves[at];
  if (leaf === undefined) throw new StoreError('proof.malformed', { what: 'position', position: at });
  return leaf;
};

/** Largest power of two below `count`, for count >= 2. */
const splitOf = (count: number): number => {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
};

const rootOfRange = (leaves: readonly Hash32[], from: number, to: number): Hash32 => {
  if (to - from === 1) return leafAt(leaves, from);
  const split = from + splitOf(to - from);
  return nodeHash(rootOfRange(leaves, from, split), rootOfRange(leaves, split, to));
};

/** Root of the tree over `leaves`. */
export const merkleRoot = (leaves: readonly Hash32[]): Hash32 =>
  leaves.length === 0 ? EMPTY_ROOT : rootOfRange(leaves, 0, leaves.length);

/** Sibling hashes that lead from leaf `position` to the root, lowest level first. @throws StoreError `proof.malformed` */
export const inclusionProof = (leaves: readonly Hash32[], position: number): readonly Hash32[] => {
  leafAt(leaves, position);
  const path: Hash32[] = [];
  let from = 0;
  let to = leaves.length;
  while (to - from > 1) {
    const split = from + splitOf(to - from);
    const left = position < split;
    path.push(left ? rootOfRange(leaves, split, to) : rootOfRange(leaves, from, split));
    [from, to] = left ? [from, split] : [split, to];
  }
  return path.reverse();
};

const wholeUpTo = (value: number, max: number): boolean => Number.isSafeInteger(value) && value >= 0 && value <= max;

/**
 * Checks that `leaf` is at `position` in the tree of `size` leaves with `root`.
 * @param path  sibling hashes, lowest level first
 * Proves presence only. It does not say that the root is signed: verify the checkpoint or commit first, and take size
 * and root from that one signed head. A root does not fix its size: a path may also fit a size that was never signed.
 * @throws StoreError `proof.malformed` (length or range), `proof.root-mismatch`
 * @see RFC 9162 section 2.1.3.2
 */
export const verifyInclusion = (claim: {
  readonly leaf: Hash32;
  readonly position: number;
  readonly size: number;
  readonly path: readonly Hash32[];
  readonly root: Hash32;
}): void => {
  const { size, position, path } = claim;
  if (!wholeUpTo(size, LIMITS.integerMax) || !wholeUpTo(position, size - 1) || path.length > LIMITS.proofLengthMax) {
    throw new StoreError('proof.malformed', { what: 'range', length: path.length });
  }
  let node = position;
  let last = size - 1;
  let hash = claim.leaf;
  for (const sibling of path) {
    if (last === 0) throw new StoreError('proof.malformed', { what: 'length', length: path.length });
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0) throw new StoreError('proof.malformed', { what: 'length', length: path.length });
  if (!sameBytes(hash, claim.root)) throw new StoreError('proof.root-mismatch', { position, size });
};

const half = (value: number): number => Math.floor(value / 2);

const subproof = (
  leaves: readonly Hash32[],
  range: { from: number; to: number },
  size: number,
  whole: boolean,
): Hash32[] => {
  const { from, to } = range;
  if (size === to - from) return whole ? [] : [rootOfRange(leaves, from, to)];
  const split = splitOf(to - from);
  if (size <= split) {
    return [...subproof(leaves, { from, to: from + split }, size, whole), rootOfRange(leaves, from + split, to)];
  }
  const right = subproof(leaves, { from: from + split, to }, size - split, false);
  return [...right, rootOfRange(leaves, from, from + split)];
};

/** Hashes that show the tree of `size` leaves to be a prefix of the tree over `leaves`. @throws StoreError `proof.malformed` */
export const consistencyProof = (leaves: readonly Hash32[], size: number): readonly Hash32[] => {
  if (!wholeUpTo(size, leaves.length)) throw new StoreError('proof.malformed', { what: 'range', size });
  return size === 0 ? [] : subproof(leaves, { from: 0, to: leaves.length }, size, true);
};

export type TreeHead = { readonly size: number; readonly root: Hash32 };

/**
 * Checks that the tree with head `older` is a prefix of the one with head `newer`. Both heads must be signed ones: as
 * for inclusion, the roots alone do not fix the sizes.
 * @throws StoreError `proof.malformed` (length or range), `proof.root-mismatch`
 * @see RFC 9162 section 2.1.4.2
 */
export const verifyConsistency = (older: TreeHead, newer: TreeHead, proof: readonly Hash32[]): void => {
  const inRange = wholeUpTo(newer.size, LIMITS.integerMax) && wholeUpTo(older.size, newer.size);
  if (!inRange || proof.length > LIMITS.proofLengthMax + 1) throw new StoreError('proof.malformed', { what: 'range' });
  if (older.size === 0 || older.size === newer.size) {
    verifyTrivial(older, newer, proof);
    return;
  }
  const path = isPowerOfTwo(older.size) ? [older.root, ...proof] : [...proof];
  let [node, last] = dropOnes(older.size - 1, newer.size - 1);
  const [seed, ...siblings] = path;
  if (seed === undefined) throw new StoreError('proof.malformed', { what: 'length', length: 0 });
  let oldHash = seed;
  let newHash = seed;
  for (const sibling of siblings) {
    if (last === 0) throw new StoreError('proof.malformed', { what: 'length', length: proof.length });
    if (node % 2 === 1 || node === last) {
      oldHash = nodeHash(sibling, oldHash);
      newHash = nodeHash(sibling, newHash);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      newHash = nodeHash(newHash, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0) throw new StoreError('proof.malformed', { what: 'length', length: proof.length });
  if (!sameBytes(oldHash, older.root) || !sameBytes(newHash, newer.root)) throw mismatch(older, newer);
};

const mismatch = (older: TreeHead, newer: TreeHead): StoreError =>
  new StoreError('proof.root-mismatch', { older: older.size, newer: newer.size });

const verifyTrivial = (older: TreeHead, newer: TreeHead, proof: readonly Hash32[]): void => {
  if (proof.length !== 0) throw new StoreError('proof.malformed', { what: 'length', length: proof.length });
  const emptyHolds = older.size > 0 || sameBytes(older.root, EMPTY_ROOT);
  const equalHolds = older.size !== newer.size || sameBytes(older.root, newer.root);
  if (!emptyHolds || !equalHolds) throw mismatch(older, newer);
};

const isPowerOfTwo = (value: number): boolean => {
  let rest = value;
  while (rest > 1 && rest % 2 === 0) rest /= 2;
  return rest === 1;
};

const dropOnes = (node: number, last: number): [number, number] => {
  let [low, high] = [node, last];
  while (low % 2 === 1) [low, high] = [half(low), half(high)];
  return [low, high];
};

/**
 * The roots of the perfect subtrees that make up a tree, largest first: enough to append and to give the root, in
 * at most 53 hashes however large the tree.
 */
export type Frontier = { readonly size: number; readonly peaks: readonly Hash32[] };

export const EMPTY_FRONTIER: Frontier = { size: 0, peaks: [] };

/** The frontier after one more leaf. */
export const appendLeaf = (frontier: Frontier, leaf: Hash32): Frontier => {
  const peaks = [...frontier.peaks];
  let hash = leaf;
  for (let rest = frontier.size; rest % 2 === 1; rest = half(rest)) {
    const left = peaks.pop();
    if (left === undefined) throw new StoreError('proof.malformed', { what: 'frontier', size: frontier.size });
    hash = nodeHash(left, hash);
  }
  peaks.push(hash);
  return { size: frontier.size + 1, peaks };
};

/** Root of the tree that the frontier stands for. */
export const frontierRoot = (frontier: Frontier): Hash32 => {
  const [last, ...rest] = [...frontier.peaks].reverse();
  return last === undefined ? EMPTY_ROOT : rest.reduce((right, left) => nodeHash(left, right), last);
};
