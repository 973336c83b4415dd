import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock, Entropy } from '../../../src/core/ports.ts';
import { eventIds } from '../../../src/core/uuid.ts';
import { codeOf } from '../../unit/support.ts';

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** The clear version: 48 bits of time, 12 bits of counter, 62 random bits, number by number. */
const plainIds = (clock: Clock, entropy: Entropy): (() => string) => {
  let lastMs = 0;
  let counter = 0;
  let pool: readonly number[] = [];
  return () => {
    const nowMs = clock.nowMs();
    counter = nowMs > lastMs ? 0 : counter + 1;
    lastMs = Math.max(nowMs, lastMs);
    if (counter > 0xfff) {
      counter = 0;
      lastMs += 1;
    }
    if (pool.length === 0) pool = [...entropy.bytes(2_048)];
    const [variant = 0, ...rest] = pool.slice(0, 8);
    pool = pool.slice(8);
    const time = hex(lastMs, 12);
    const tail = hex(0x80 | (variant & 0x3f), 2) + rest.map((byte) => hex(byte, 2)).join('');
    return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(counter, 3)}-${tail.slice(0, 4)}-${tail.slice(4)}`;
  };
};

const clockOver = (times: readonly number[]): Clock => {
  let at = 0;
  return {
    nowMs: () => times[at++ % times.length] ?? 0,
    uptimeMs: () => 0,
    zone: () => ({ offsetMin: 0, name: 'Etc/UTC' }),
  };
};
const entropyFrom = (seed: number): Entropy => ({
  bytes: (length) => Uint8Array.from({ length }, (_, at) => (seed + at * 151 + (at >> 3) * 17) & 0xff),
});

describe('event ids by table', () => {
  it('are those that the clear version makes, for clocks that stand, step back and run [FMT-01]', () => {
    const times = fc.array(fc.oneof(fc.nat(3), fc.nat({ max: 2 ** 48 - 2 })), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(times, fc.nat(255), (moments, seed) => {
        const fast = eventIds(clockOver(moments), entropyFrom(seed));
        const plain = plainIds(clockOver(moments), entropyFrom(seed));
        for (let at = 0; at < 300; at++) expect(fast()).toBe(plain());
      }),
    );
  });

  it('are those of the clear version when a counter overflows into the next millisecond [FMT-01]', () => {
    const fast = eventIds(clockOver([1_767_225_600_000]), entropyFrom(7));
    const plain = plainIds(clockOver([1_767_225_600_000]), entropyFrom(7));
    for (let at = 0; at < 9_000; at++) expect(fast()).toBe(plain());
  });

  it('are refused for a time that does not fit [FMT-01]', () => {
    for (const time of [0.5, 2 ** 48, 2 ** 53]) {
      expect(codeOf(() => eventIds(clockOver([time]), entropyFrom(1))())).toBe('id.malformed');
    }
  });
});
