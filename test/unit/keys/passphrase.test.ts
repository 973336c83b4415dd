import { argon2id as inJavaScript } from '@noble/hashes/argon2.js';
import { describe, expect, it, vi } from 'vitest';
import { LIMITS } from '../../../src/core/limits.ts';
import { utf8 } from '../../../src/crypto/bytes.ts';
import {
  COST_FLOOR,
  costFor,
  derivePassphraseHere,
  isSoundCost,
  passphraseBytes,
  tuneCost,
} from '../../../src/crypto/passphrase.ts';
import * as wasm from '../../../src/crypto/wasmArgon2.ts';
import { codeOf, codeOfAsync, hex } from '../support.ts';

const inWasm = (passes: number, memoryKib: number) =>
  wasm.argon2id({ passphrase: utf8('password'), salt: utf8('somesalt'), memoryKib, passes, length: 32 });

describe('Argon2id', () => {
  it('is that of RFC 9106 section 5.3 in JavaScript [KEY-03]', () => {
    const fill = (length: number, value: number) => new Uint8Array(length).fill(value);
    const options = { t: 3, m: 32, p: 4, dkLen: 32, key: fill(8, 3), personalization: fill(12, 4) };
    expect(hex(inJavaScript(fill(32, 1), fill(16, 2), options))).toBe(
      '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659',
    );
  });

  // Vectors of the reference implementation (phc-winner-argon2, src/test.c), version 0x13, one lane.
  it.each([
    [2, 65_536, '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7'],
    [2, 256, '9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe'],
  ])('is that of the reference implementation: %i passes over %i KiB [KEY-03]', async (passes, memoryKib, expected) => {
    expect(hex(await inWasm(passes, memoryKib))).toBe(expected);
    const options = { t: passes, m: memoryKib, p: 1, dkLen: 32 };
    if (memoryKib < 1_000) expect(hex(inJavaScript(utf8('password'), utf8('somesalt'), options))).toBe(expected);
  });

  it('gives the same key without WebAssembly [KEY-03]', async () => {
    const salt = utf8('salt of sixteen.');
    const fast = await derivePassphraseHere(utf8('a passphrase'), salt, COST_FLOOR);
    const forbidden = vi.spyOn(WebAssembly, 'compile').mockRejectedValue(new WebAssembly.CompileError());
    const none = vi.spyOn(wasm, 'argon2id').mockRejectedValue(new WebAssembly.CompileError());
    try {
      expect(hex(await derivePassphraseHere(utf8('a passphrase'), salt, COST_FLOOR))).toBe(hex(fast));
      expect(none).toHaveBeenCalledTimes(1);
    } finally {
      forbidden.mockRestore();
      none.mockRestore();
    }
  });

  it('is not computed below the floor or above the ceiling [KEY-03]', async () => {
    const { memoryKib, passes } = COST_FLOOR;
    const unsound = [
      { memoryKib: memoryKib - 1, passes },
      { memoryKib, passes: passes - 1 },
      { memoryKib: LIMITS.argonMemoryKibMax + 1, passes },
      { memoryKib, passes: LIMITS.argonPassesMax + 1 },
      { memoryKib: memoryKib + 0.5, passes },
      { memoryKib: Number.NaN, passes },
    ];
    for (const cost of unsound) {
      expect(isSoundCost(cost)).toBe(false);
      expect(await codeOfAsync(() => derivePassphraseHere(utf8('x'), utf8('salt of sixteen.'), cost))).toBe(
        'invariant.broken',
      );
    }
    expect(isSoundCost(COST_FLOOR)).toBe(true);
  });
});

describe('the cost of a passphrase', () => {
  it('follows what the device bears, memory first, and stays between floor and ceiling [KEY-03]', () => {
    for (let floorMs = 0.01; floorMs < 60_000; floorMs *= 1.3) expect(isSoundCost(costFor(floorMs))).toBe(true);
    expect(costFor(10_000)).toEqual(COST_FLOOR);
    expect(costFor(60)).toEqual({ memoryKib: 65_536, passes: 5 });
    expect(costFor(200).memoryKib).toBeGreaterThan(COST_FLOOR.memoryKib);
  });

  it('comes to about half a second by what was measured, wherever floor and ceiling allow it [KEY-03]', () => {
    for (let floorMs = 30; floorMs < 400; floorMs += 7) {
      const { memoryKib, passes } = costFor(floorMs);
      const expectedMs = (floorMs * memoryKib * passes) / (COST_FLOOR.memoryKib * COST_FLOOR.passes);
      expect(expectedMs).toBeGreaterThan(330);
      expect(expectedMs).toBeLessThan(750);
    }
  });

  it('is measured at the floor, and a busy moment does not make it weaker [KEY-03]', async () => {
    const readings = [0, 900, 1_000, 1_060, 2_000, 2_500];
    const cost = await tuneCost(
      async () => new Uint8Array(32),
      () => readings.shift() ?? 0,
    );
    expect(cost).toEqual(costFor(60));
  });
});

describe('a passphrase', () => {
  it('is one, however its accents are typed [KEY-03]', () => {
    expect(hex(passphraseBytes('Schl\u00fcssel f\u00fcr Ada'))).toBe(
      hex(passphraseBytes('Schlu\u0308ssel fu\u0308r Ada')),
    );
  });

  it('has 8 to 256 characters of well-formed text [KEY-03]', () => {
    for (const text of ['', 'seven77', 'x'.repeat(257), '\ud800 is no character'])
      expect(codeOf(() => passphraseBytes(text))).toBe('key.weak');
    for (const text of ['eight888', '🔒'.repeat(8), 'x'.repeat(256)])
      expect(passphraseBytes(text).length).toBeGreaterThan(7);
  });
});
