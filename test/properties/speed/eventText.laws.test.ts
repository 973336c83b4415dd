import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventBody } from '../../../src/core/envelope.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { encodedEvents, writeEvents } from '../../../src/crypto/eventText.ts';
import { encodeEvent } from '../../../src/crypto/sealCommit.ts';
import { bodyOf, codeOf, hex } from '../../unit/support.ts';
import { jsonObject, text, vector } from '../facts/arbitraries.ts';

const reason = fc.oneof(text, fc.constantFrom('', 'a\u0000b', 'line\nline', 'x'.repeat(2_001)));
const originator = fc.record(
  { kind: fc.constantFrom('device' as const, 'staff' as const), id: text, location: text },
  { requiredKeys: ['kind'] },
);
const loose: fc.Arbitrary<Partial<EventBody>> = fc.record(
  {
    payload: jsonObject,
    basis: vector,
    schema: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(0, -1, 1.5)),
    reason,
    originator,
    resolves: fc.constantFrom([], [bodyOf(1).id], [bodyOf(1).id, bodyOf(1).id]),
    choices: fc.array(
      fc.oneof(
        fc.record({ took: fc.constantFrom('new', 'before'), key: fc.string() }),
        fc.record({
          key: fc.string(),
          event: fc.constant(bodyOf(1).id),
          took: fc.constantFrom('head', 'before', 'new'),
        }),
      ),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ['payload'] },
);

/** The code that refuses the body, or its bytes. */
const clear = (body: EventBody): string | undefined => codeOf(() => encodeEvent(body));

describe('the text of an event', () => {
  it('is the canonical one, byte for byte, and what the clear version refuses is refused, for any body [FMT-09]', () => {
    fc.assert(
      fc.property(fc.array(loose, { minLength: 1, maxLength: 6 }), (all) => {
        for (const members of all) {
          const body = bodyOf(3, members);
          expect(codeOf(() => writeEvents([body]))).toBe(clear(body));
          if (clear(body) !== undefined) continue;
          const { bytes } = writeEvents([body]);
          expect(hex(bytes)).toBe(hex(encodeEvent(body).bytes));
        }
      }),
      { numRuns: 400 },
    );
  });

  it('is the same among others, of one byte for each character or of several [FMT-09]', () => {
    const plain = fc.record({ payload: fc.record({ b: fc.constantFrom('', 'ascii'), a: fc.nat(9) }) });
    fc.assert(
      fc.property(fc.array(fc.oneof(plain, loose), { maxLength: 6 }), (all) => {
        const bodies = all.map((members) => bodyOf(3, members)).filter((body) => clear(body) === undefined);
        const written = writeEvents(bodies);
        const expected = bodies.map((body) => hex(encodeEvent(body).bytes));
        expect(encodedEvents(written).map(({ bytes }) => hex(bytes))).toEqual(expected);
        expect(hex(written.bytes)).toBe(expected.join(''));
      }),
      { numRuns: 200 },
    );
  });

  it('keeps its order when objects of many shapes come between, more than are kept [FMT-09]', () => {
    const shapes = Array.from({ length: 1_000 }, (_, at) => ({
      b: at,
      [`n${at % 400}`]: 1,
      a: { z: at, [`k${at}`]: 2 },
    }));
    for (const payload of [...shapes, ...shapes]) {
      const body = bodyOf(1, { payload });
      expect(hex(writeEvents([body]).bytes)).toBe(hex(encodeEvent(body).bytes));
    }
  });

  it('refuses values that JSON has not, as the clear version does, wherever they stand [FMT-09]', () => {
    const bad: readonly unknown[] = [undefined, Number.NaN, -0, 1n, new Date(0), '\ud800', () => 0, new Map()];
    for (const value of bad) {
      for (const payload of [{ value }, { list: [value] }, { deep: { value } }]) {
        const empty: JsonObject = {};
        const body = bodyOf(1, { payload: Object.assign(empty, payload) });
        expect(codeOf(() => writeEvents([body]))).toBe('canonical.unsupported-value');
        expect(clear(body)).toBe('canonical.unsupported-value');
      }
    }
  });

  it('takes an event of the largest size and refuses one byte more, also where a character takes three [FMT-13]', () => {
    const empty = writeEvents([bodyOf(1, { payload: { text: '' } })]).bytes.length;
    const room = LIMITS.eventBytesMax - empty;
    const wide = '\u20ac'.repeat(Math.floor(room / 3)) + 'a'.repeat(room % 3);
    for (const filler of ['a'.repeat(room), wide]) {
      expect(writeEvents([bodyOf(1, { payload: { text: filler } })]).bytes.length).toBe(LIMITS.eventBytesMax);
      expect(codeOf(() => writeEvents([bodyOf(1, { payload: { text: `${filler}a` } })]))).toBe('append.too-large');
    }
  });
});
