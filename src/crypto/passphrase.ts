/**
 * A passphrase as a key: Argon2id (RFC 9106, version 0x13) in WebAssembly, or in JavaScript where that is forbidden.
 *
 * Invariants: both give the same bytes; a cost below the floor or above the ceiling is never computed, whoever wrote it.
 * Laws: `passphrase.laws`.
 */
import { invariant, StoreError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { utf8 } from './bytes.ts';

/** What one derivation costs. `memoryKib` in KiB; one lane, as one thread computes it. */
export type PassphraseCost = { readonly memoryKib: number; readonly passes: number };

/** Derives 32 bytes. Whoever asked wipes them. */
export type DerivePassphrase = (
  passphrase: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
  cost: PassphraseCost,
) => Promise<Uint8Array<ArrayBuffer>>;

const KEY_BYTES = 32;

/** The least that OWASP recommends for Argon2id with one lane (Password Storage Cheat Sheet): 19 MiB, two passes. */
export const COST_FLOOR: PassphraseCost = { memoryKib: LIMITS.argonMemoryKibMin, passes: LIMITS.argonPassesMin };

const within = (value: number, min: number, max: number): boolean =>
  Number.isSafeInteger(value) && value >= min && value <= max;

/** True for a cost between floor and ceiling. */
export const isSoundCost = ({ memoryKib, passes }: PassphraseCost): boolean =>
  within(memoryKib, LIMITS.argonMemoryKibMin, LIMITS.argonMemoryKibMax) &&
  within(passes, LIMITS.argonPassesMin, LIMITS.argonPassesMax);

/**
 * A passphrase as bytes: NFC, so that two keyboards give one spelling, then UTF-8 (RFC 8265, OpaqueString).
 * @throws StoreError `key.weak` if it is too short, or too long
 */
export const passphraseBytes = (text: string): Uint8Array<ArrayBuffer> => {
  const normal = text.isWellFormed() ? text.normalize('NFC') : '';
  const characters = [...normal].length;
  if (!within(characters, LIMITS.passphraseLengthMin, LIMITS.passphraseLengthMax)) throw new StoreError('key.weak');
  return utf8(normal);
};

/** Argon2id on this thread: it stands still meanwhile. */
export const derivePassphraseHere: DerivePassphrase = async (passphrase, salt, cost) => {
  invariant(isSoundCost(cost), 'the cost of a passphrase is between floor and ceiling');
  const { memoryKib, passes } = cost;
  try {
    const { argon2id } = await import('./wasmArgon2.ts');
    return Uint8Array.from(await argon2id({ passphrase, salt, memoryKib, passes, length: KEY_BYTES }));
  } catch {
    // no WebAssembly here, or a policy that forbids it
    const { argon2id } = await import('@noble/hashes/argon2.js');
    return Uint8Array.from(argon2id(passphrase, salt, { t: passes, m: memoryKib, p: 1, dkLen: KEY_BYTES }));
  }
};

/** Milliseconds that one unlocking is meant to take on this device. */
const TARGET_MS = 500;
const MEMORY_AIM_KIB = 65_536;
const MIB_KIB = 1_024;

/** The cost whose work takes about the target, from what the floor takes: memory first, then passes. */
export const costFor = (floorMs: number): PassphraseCost => {
  const perKib = Math.max(floorMs, 1) / (COST_FLOOR.memoryKib * COST_FLOOR.passes);
  const room = Math.floor(TARGET_MS / perKib / COST_FLOOR.passes / MIB_KIB) * MIB_KIB;
  const memoryKib = Math.min(MEMORY_AIM_KIB, Math.max(COST_FLOOR.memoryKib, room));
  const passes = Math.round(TARGET_MS / perKib / memoryKib);
  return { memoryKib, passes: Math.min(LIMITS.argonPassesMax, Math.max(COST_FLOOR.passes, passes)) };
};

const TRIALS = 3;

/**
 * Measures what this device bears: the fastest of a few tries at the floor, since a busy moment must not make it weak.
 * @param uptimeMs  milliseconds that never step back
 */
export const tuneCost = async (derive: DerivePassphrase, uptimeMs: () => number): Promise<PassphraseCost> => {
  let fastest = Number.POSITIVE_INFINITY;
  for (let trial = 0; trial < TRIALS; trial++) {
    const begun = uptimeMs();
    await derive(utf8('a trial'), utf8('sixteen bytes ..'), COST_FLOOR);
    fastest = Math.min(fastest, uptimeMs() - begun);
  }
  return costFor(fastest);
};
