/** Event types: what may be registered, what may be recorded, and what is read. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { z } from 'zod';
import type { JsonObject } from '../../../src/core/json.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import {
  defineEvent,
  EVERYTHING,
  keysTouched,
  openPayload,
  parsePayload,
  type Upcaster,
} from '../../../src/core/schema.ts';
import { codeOf } from '../../unit/support.ts';

const schema = z.strictObject({ value: z.number() });
const plusOne: Upcaster = (payload) => ({ value: Number(payload['value']) + 1 });

it('an event type with a gap in its upcasters, or a version that counts nothing, is refused, and so is an upcaster that leads beyond the newest [EVO-01, FMT-11]', () => {
  for (let version = 1; version <= 5; version++) {
    const all = Array.from({ length: version - 1 }, (_, at) => at + 1);
    const upcast = (steps: readonly number[]) => Object.fromEntries(steps.map((step) => [step, plusOne]));
    expect(codeOf(() => defineEvent({ version, schema, upcast: upcast(all) }))).toBeUndefined();
    for (const missing of all) {
      const rest = all.filter((step) => step !== missing);
      expect(
        codeOf(() => defineEvent({ version, schema, upcast: upcast(rest) })),
        `${missing} of ${version}`,
      ).toBe('schema.gap');
    }
  }
  for (const from of ['2', '3', '0', '-1', '1.5', 'first'])
    expect(
      codeOf(() => defineEvent({ version: 2, schema, upcast: { 1: plusOne, [from]: plusOne } })),
      from,
    ).toBe('schema.gap');
  for (const version of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(codeOf(() => defineEvent({ version, schema, upcast: { 1: plusOne } }))).toBe('schema.gap');
  }
});

it('a payload goes through every upcaster from its version on, once and in order [FMT-11]', () => {
  const trail = z.strictObject({ steps: z.array(z.number()) });
  const step =
    (n: number): Upcaster =>
    (payload) => ({ steps: [...z.array(z.number()).parse(payload['steps']), n] });
  const definition = defineEvent({ version: 4, schema: trail, upcast: { 1: step(1), 2: step(2), 3: step(3) } });
  const opened = (version: number) =>
    openPayload(definition, { schema: version, payload: { steps: [] }, trusted: false });
  const steps = [1, 2, 3, 4].map((version) => {
    const read = opened(version);
    return read.kind === 'opened' ? read.payload['steps'] : read.kind;
  });
  expect(steps).toEqual([[1, 2, 3], [2, 3], [3], []]);
});

/** The event type as version `version` of an application has it: each step renames the one member and recounts it. */
const chainOf = (version: number, factors: readonly number[]) =>
  defineEvent<object>({
    version,
    schema: z.strictObject({ [`m${version}`]: z.number() }),
    upcast: Object.fromEntries(
      factors
        .slice(0, version - 1)
        .map((factor, at) => [
          at + 1,
          (payload: JsonObject) => ({ [`m${at + 2}`]: Number(payload[`m${at + 1}`]) * factor + at }),
        ]),
    ),
  });

it('an update read after another gives what both at once give, and what is newer waits for its update [EVO-01, FMT-11]', () => {
  const versions = fc.integer({ min: 1, max: 7 });
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 6, maxLength: 6 }),
      ...[versions, versions, versions],
      fc.integer({ min: -99, max: 99 }),
      (factors, written, before, after, value) => {
        const read = (version: number, from: number, payload: JsonObject) =>
          openPayload(chainOf(version, factors), { schema: from, payload, trusted: false });
        const stored = { [`m${written}`]: value };
        const now = read(before, written, stored);
        if (written > before) {
          expect(now).toEqual({ kind: 'newer' });
          return;
        }
        const expected = factors
          .slice(written - 1, before - 1)
          .reduce((sum, factor, at) => sum * factor + written - 1 + at, value);
        expect(now).toEqual({ kind: 'opened', payload: { [`m${before}`]: expected } });
        expect(stored).toEqual({ [`m${written}`]: value });
        if (now.kind === 'opened' && before <= after)
          expect(read(after, before, now.payload)).toEqual(read(after, written, stored));
      },
    ),
    { numRuns: 200 },
  );
});

it('a newer version is not understood, whoever wrote it [AGG-05]', () => {
  const definition = defineEvent({ version: 1, schema });
  for (const trusted of [true, false])
    expect(openPayload(definition, { schema: 2, payload: { value: 1 }, trusted })).toEqual({ kind: 'newer' });
});

it('a payload that does not satisfy the schema it claims is unreadable, and so is one that its upcaster cannot take [AGG-05]', () => {
  const definition = defineEvent({
    version: 2,
    schema,
    upcast: {
      1: (payload) => {
        if (payload['value'] === 'impossible') throw new Error('an upcaster met what it did not expect');
        return { value: payload['value'] ?? null };
      },
    },
  });
  const read = (version: number, payload: JsonObject) =>
    openPayload(definition, { schema: version, payload, trusted: false }).kind;
  expect(read(2, { value: 1 })).toBe('opened');
  for (const payload of [{ value: '1' }, {}, { value: 1, more: 1 }, { value: null }])
    expect(read(2, payload)).toBe('unreadable');
  expect(read(1, { value: 5 })).toBe('opened');
  for (const value of ['5', 'impossible', null]) expect(read(1, { value })).toBe('unreadable');
});

it('what is stored is what was given: any payload is taken as it is or refused [AGG-04, FMT-09]', () => {
  const loose = z.looseObject({ value: z.union([z.number(), z.string(), z.null()]) });
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('value', 'a', 'b', 'type'), fc.jsonValue()), (payload) => {
      const definition = defineEvent({ version: 1, schema: loose });
      let taken: unknown;
      const code = codeOf(() => {
        taken = parsePayload('Noted', definition, payload);
      });
      if (code === undefined) expect(taken).toBe(payload);
      else expect(code).toBe('append.invalid');
    }),
  );
});

it.each([
  ['a default', z.strictObject({ value: z.number().default(1) }), {}],
  ['a transform', z.strictObject({ value: z.string().trim() }), { value: ' a' }],
  ['a coercion', z.strictObject({ value: z.coerce.number() }), { value: '1' }],
  ['a stripped member', z.object({ value: z.number() }), { value: 1, more: 2 }],
  ['an unknown member', z.strictObject({ value: z.number() }), { value: 1, more: 2 }],
  ['a fallback', z.strictObject({ value: z.number().catch(0) }), { value: 'x' }],
  ['a member named type', z.strictObject({ type: z.string() }), { type: 'x' }],
  ['an array', z.array(z.number()), [1]],
])('a payload that its schema would change is refused: %s [AGG-04]', (_, given, payload) => {
  const definition = defineEvent<object>({ version: 1, schema: given });
  expect(codeOf(() => parsePayload('Noted', definition, payload))).toBe('append.invalid');
});

it('a refusal names the place and never the value [FMT-12]', () => {
  const definition = defineEvent({ version: 1, schema: z.strictObject({ at: z.strictObject({ value: z.number() }) }) });
  try {
    parsePayload('Noted', definition, { at: { value: 'secret-17' } });
    expect.unreachable();
  } catch (error) {
    expect(String(error)).toContain('at.value');
    expect(String(error)).not.toContain('secret');
  }
});

it('an event touches the keys it names, and everything if it names none, too many, or cannot be read [CNF-01]', () => {
  const keyed = defineEvent({
    version: 1,
    schema,
    touches: ({ value }) => Array.from({ length: value }, (_, at) => `k${at}`),
  });
  expect(keysTouched(defineEvent({ version: 1, schema }), { value: 1 })).toEqual([EVERYTHING]);
  expect(keysTouched(keyed, { value: 2 })).toEqual(['k0', 'k1']);
  expect(keysTouched(keyed, { value: LIMITS.touchesMax })).toHaveLength(LIMITS.touchesMax);
  expect(keysTouched(keyed, { value: LIMITS.touchesMax + 1 })).toEqual([EVERYTHING]);
  expect(keysTouched(keyed, { value: 'x' })).toEqual([EVERYTHING]);
});
