/**
 * SHA-256, synchronous: in JavaScript, and four times as fast in WebAssembly once that was asked for, where the
 * platform allows it.
 *
 * Invariant: both give the same bytes; the fast one is taken only after it has agreed with the other on inputs of every
 * kind of length. Law: `sha256.laws`.
 */
import { sha256 as clearSha256 } from '@noble/hashes/sha2.js';
import { sameBytes } from './bytes.ts';

/** A hasher that is used again for every input. */
type Hasher = {
  readonly init: () => unknown;
  readonly update: (bytes: Uint8Array) => unknown;
  readonly digest: (form: 'binary') => Uint8Array;
};

let fast: Hasher | undefined;
let loading: Promise<void> | undefined;
let isSettled = false;

const hashWith = (hasher: Hasher, head: Uint8Array, tail?: Uint8Array): Uint8Array => {
  hasher.init();
  hasher.update(head);
  if (tail !== undefined) hasher.update(tail);
  return hasher.digest('binary');
};

/** SHA-256 of the bytes, or of both pieces as if they were joined. 32 bytes that nothing else writes to. */
export const sha256 = (head: Uint8Array, tail?: Uint8Array): Uint8Array => {
  if (fast !== undefined) return hashWith(fast, head, tail);
  return tail === undefined ? clearSha256(head) : clearSha256.create().update(head).update(tail).digest();
};

/** Around the ends of blocks, where implementations differ if they do, and one of many blocks. */
const LENGTHS = [0, 1, 55, 56, 63, 64, 65, 119, 120, 1_000, 40_000];

const agrees = (hasher: Hasher): boolean =>
  LENGTHS.every((length) => {
    const bytes = Uint8Array.from({ length }, (_, at) => 31 * at + length);
    const hash = hashWith(hasher, bytes.subarray(0, length >> 1), bytes.subarray(length >> 1));
    return sameBytes(hash, clearSha256(bytes)) && sameBytes(hashWith(hasher, bytes), hash);
  });

const load = async (): Promise<void> => {
  try {
    const { makeWasmSha256 } = await import('./wasmSha256.ts');
    const hasher = await makeWasmSha256();
    if (agrees(hasher)) fast = hasher;
  } catch {
    // no WebAssembly here, or a policy that forbids it: JavaScript goes on
  }
  isSettled = true;
};

/** For those who are about to hash much. Resolves when the fast one is in use, or will not be. */
export const loadFastSha256 = (): Promise<void> => {
  loading ??= load();
  return loading;
};

/** Starts loading the fast one. Undefined once that has ended, so that nobody has to wait a turn for nothing. */
export const fastSha256Under = (): Promise<void> | undefined => (isSettled ? undefined : loadFastSha256());

/** True if the fast one is in use. */
export const isSha256Fast = (): boolean => fast !== undefined;
