import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../src/core/json.ts';
import { sameJson } from '../../../src/core/json.ts';
import { fromUtf8, sameBytes } from '../../../src/crypto/bytes.ts';
import { canonicalBytes, canonicalText, readCanonical } from '../../../src/crypto/canonical.ts';
import { codeOf, flipped } from '../../unit/support.ts';
import { json } from './arbitraries.ts';

const read = (bytes: Uint8Array): JsonValue | 'refused' => {
  const code = codeOf(() => readCanonical(bytes));
  expect([undefined, 'canonical.malformed']).toContain(code);
  return code === undefined ? readCanonical(bytes) : 'refused';
};

/** The law of one spelling: what is read is written as the same bytes again. */
const refusedOrExact = (bytes: Uint8Array): boolean => {
  const value = read(bytes);
  return value === 'refused' || sameBytes(canonicalBytes(value), bytes);
};

describe('canonical JSON', () => {
  it('gives back every value that it wrote, and writes it the same again [FMT-03]', () => {
    fc.assert(
      fc.property(json, (value) => {
        const bytes = canonicalBytes(value);
        const again = readCanonical(bytes);
        return sameJson(again, value) && sameBytes(canonicalBytes(again), bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not depend on the order in which members were set [FMT-03]', () => {
    const members = fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), fc.integer()), {
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(members, (entries) => {
        const forth = Object.fromEntries(entries);
        const back = Object.fromEntries([...entries].reverse());
        return canonicalText(forth) === canonicalText(back);
      }),
    );
  });

  it('refuses every text with one byte changed, or reads another value from it that is written so [FMT-03]', () => {
    fc.assert(
      fc.property(json, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, place, change) => {
        const bytes = canonicalBytes(value);
        const mutated = Uint8Array.from(bytes);
        const index = place % bytes.length;
        mutated[index] = (mutated[index] ?? 0) ^ change;
        const found = read(mutated);
        return found === 'refused' || (sameBytes(canonicalBytes(found), mutated) && !sameJson(found, value));
      }),
      { numRuns: 5_000 },
    );
  });

  it('refuses or reads exactly each one-bit change and each cut of a sample [FMT-03]', () => {
    const bytes = canonicalBytes({ a: [1.5, -7, 1e21, null, true], 'é"\\': 'x\n€😀', z: { '': [] } });
    for (let bit = 0; bit < bytes.length * 8; bit++) expect(refusedOrExact(flipped(bytes, bit))).toBe(true);
    for (let length = 0; length < bytes.length; length++) expect(read(bytes.subarray(0, length))).toBe('refused');
  });

  it('refuses every other spelling of a value that JSON.stringify can give [FMT-03]', () => {
    fc.assert(
      fc.property(json, fc.integer({ min: 1, max: 4 }), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        return text === canonicalText(value) || read(Buffer.from(text)) === 'refused';
      }),
    );
  });

  it('never fails otherwise on random bytes [FMT-09]', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => refusedOrExact(bytes)),
      { numRuns: 5_000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0-1eE.+ntf\u00e9') }), (text) =>
        refusedOrExact(Buffer.from(text)),
      ),
      { numRuns: 5_000 },
    );
  });

  it('writes text that is JSON for any other reader [FMT-03]', () => {
    fc.assert(fc.property(json, (value) => sameJson(JSON.parse(fromUtf8(canonicalBytes(value))), value)));
  });
});
