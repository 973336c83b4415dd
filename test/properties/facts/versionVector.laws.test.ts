import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameJson } from '../../../src/core/json.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import type { Dotted, Ordering, VersionVector } from '../../../src/core/versionVector.ts';
import {
  areConcurrent,
  compareVectors,
  dominates,
  EMPTY_VECTOR,
  includesDot,
  mergeVectors,
  readVersionVector,
  replicasOf,
  seen,
  withDot,
} from '../../../src/core/versionVector.ts';
import { canonicalText } from '../../../src/crypto/canonical.ts';
import { codeOf } from '../../unit/support.ts';
import { dot, replica, vector } from './arbitraries.ts';

const same = (a: VersionVector, b: VersionVector): boolean => canonicalText(a) === canonicalText(b);
const REVERSE: Readonly<Record<Ordering, Ordering>> = {
  equal: 'equal',
  before: 'after',
  after: 'before',
  concurrent: 'concurrent',
};
const dotted: fc.Arbitrary<Dotted> = fc.record({ dot, basis: vector });
const holds = (...parameters: Parameters<typeof fc.assert>): void => void fc.assert(...parameters);

describe('merging version vectors', () => {
  it('is commutative, associative and idempotent, and the empty vector changes nothing [FMT-02]', () => {
    holds(
      fc.property(vector, vector, vector, (a, b, c) => {
        expect(same(mergeVectors(a, b), mergeVectors(b, a))).toBe(true);
        expect(same(mergeVectors(mergeVectors(a, b), c), mergeVectors(a, mergeVectors(b, c)))).toBe(true);
        expect(same(mergeVectors(a, a), a)).toBe(true);
        expect(same(mergeVectors(a, EMPTY_VECTOR), a)).toBe(true);
      }),
    );
  });

  it('gives the least vector that dominates both [FMT-02]', () => {
    holds(
      fc.property(vector, vector, vector, (a, b, other) => {
        const merged = mergeVectors(a, b);
        expect(dominates(merged, a) && dominates(merged, b)).toBe(true);
        if (dominates(other, a) && dominates(other, b)) expect(dominates(other, merged)).toBe(true);
      }),
    );
  });

  it('leaves its arguments as they were [FMT-02]', () => {
    holds(
      fc.property(vector, vector, dot, (a, b, next) => {
        const before = canonicalText([a, b]);
        mergeVectors(a, b);
        withDot(a, next);
        expect(canonicalText([a, b])).toBe(before);
      }),
    );
  });
});

describe('comparing version vectors', () => {
  it('is a partial order: reflexive, antisymmetric, transitive, and the same from both sides [FMT-02]', () => {
    holds(
      fc.property(vector, vector, vector, (a, b, c) => {
        expect(compareVectors(a, a)).toBe('equal');
        expect(compareVectors(b, a)).toBe(REVERSE[compareVectors(a, b)]);
        expect(compareVectors(a, b) === 'equal').toBe(same(a, b));
        if (dominates(a, b) && dominates(b, c)) expect(dominates(a, c)).toBe(true);
      }),
    );
  });

  it('agrees with counting each replica by itself [FMT-02]', () => {
    holds(
      fc.property(vector, vector, (a, b) => {
        const replicas = new Set([...replicasOf(a), ...replicasOf(b)]);
        const above = [...replicas].some((name) => seen(a, name) > seen(b, name));
        const below = [...replicas].some((name) => seen(a, name) < seen(b, name));
        const expected = above ? (below ? 'concurrent' : 'after') : below ? 'before' : 'equal';
        expect(compareVectors(a, b)).toBe(expected);
      }),
    );
  });
});

describe('dots', () => {
  it('are included exactly after they were seen [FMT-02]', () => {
    holds(
      fc.property(vector, dot, (basis, next) => {
        const after = withDot(basis, next);
        expect(includesDot(after, next)).toBe(true);
        expect(dominates(after, basis)).toBe(true);
        expect(same(withDot(after, next), after)).toBe(true);
        expect(same(after, basis)).toBe(includesDot(basis, next));
      }),
    );
  });

  it('are concurrent symmetrically, never within one replica, never with an event that was seen [FMT-02]', () => {
    holds(
      fc.property(dotted, dotted, (a, b) => {
        expect(areConcurrent(a, b)).toBe(areConcurrent(b, a));
        expect(areConcurrent(a, a)).toBe(false);
        if (a.dot.replica === b.dot.replica) expect(areConcurrent(a, b)).toBe(false);
        const informed = { ...b, basis: withDot(b.basis, a.dot) };
        expect(areConcurrent(a, informed)).toBe(false);
      }),
    );
  });

  it('of two replicas are concurrent when neither author had seen the other [FMT-02]', () => {
    holds(
      fc.property(dot, dot, (a, b) => {
        fc.pre(a.replica !== b.replica);
        expect(areConcurrent({ dot: a, basis: {} }, { dot: b, basis: {} })).toBe(true);
      }),
    );
  });
});

describe('readVersionVector', () => {
  it('gives back every vector, and nothing else [FMT-02]', () => {
    holds(fc.property(vector, (value) => sameJson(readVersionVector(value), value)));
  });

  it.each([
    ['null', null],
    ['an array', []],
    ['text', 'a'],
    ['a name that is no replica', { constructor: 1 }],
    ['a member named __proto__', JSON.parse('{"__proto__":1}')],
    ['a replica in upper case', { ['A'.repeat(32)]: 1 }],
    ['the sequence 0', { ['a'.repeat(32)]: 0 }],
    ['a fraction', { ['a'.repeat(32)]: 1.5 }],
    ['a sequence that no double holds exactly', { ['a'.repeat(32)]: 2 ** 53 }],
    ['text for a sequence', { ['a'.repeat(32)]: '1' }],
  ])('refuses %s [FMT-02]', (_, value) => {
    expect(codeOf(() => readVersionVector(value))).toBe('id.malformed');
  });

  it('reads as many replicas as the limit allows and refuses one more [FMT-13]', () => {
    const entries = Array.from({ length: LIMITS.vectorEntriesMax + 1 }, (_, at) => [
      at.toString(16).padStart(32, '0'),
      1,
    ]);
    expect(replicasOf(readVersionVector(Object.fromEntries(entries.slice(1))))).toHaveLength(LIMITS.vectorEntriesMax);
    expect(codeOf(() => readVersionVector(Object.fromEntries(entries)))).toBe('id.malformed');
  });

  it('names the replicas in one order, whatever order they were set in [FMT-02]', () => {
    holds(
      fc.property(fc.uniqueArray(replica), (names) => {
        const back = Object.fromEntries([...names].reverse().map((name) => [name, 1]));
        expect(replicasOf(readVersionVector(back))).toEqual([...names].sort());
      }),
    );
  });
});
