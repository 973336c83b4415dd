import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRecord, sameJson } from '../../../src/core/json.ts';
import { canonicalText } from '../../../src/crypto/canonical.ts';
import { json } from '../../properties/facts/arbitraries.ts';

describe('sameJson', () => {
  it('holds exactly for values with the same canonical text [FMT-03]', () => {
    const small = fc.oneof(json, fc.constantFrom(null, 0, '', [], {}, [0], { a: 0 }, { b: 0 }, { a: [] }, { a: {} }));
    fc.assert(
      fc.property(small, small, (a, b) => sameJson(a, b) === (canonicalText(a) === canonicalText(b))),
      { numRuns: 2_000 },
    );
    fc.assert(fc.property(json, (value) => sameJson(value, structuredClone(value))));
  });

  it('tells inherited names from members [FMT-03]', () => {
    expect(sameJson({ toString: 1 }, { a: 1 })).toBe(false);
    expect(sameJson(JSON.parse('{"__proto__":1}'), { a: 1 })).toBe(false);
  });
});

describe('isRecord', () => {
  it('holds for objects other than null and arrays [FMT-03]', () => {
    expect([{}, Object.create(null)].map(isRecord)).toEqual([true, true]);
    expect([null, undefined, [], 'a', 1, true].some(isRecord)).toBe(false);
  });
});
