/** Arbitraries made from schemas: what is drawn satisfies its schema, is recorded as it is, and shows the schema's width. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { isJson } from '../../../src/core/json.ts';
import { isShownWhole, protect } from '../../../src/core/protect.ts';
import { defineEvent, openPayload, parsePayload } from '../../../src/core/schema.ts';
import { arbitraryOf, openedArbitraryOf } from '../../../src/testing/index.ts';
import { codeOf } from '../../unit/support.ts';

const Tree: z.ZodType<{ name: string; below: unknown[]; beside?: unknown }> = z.strictObject({
  name: z.string().min(1),
  below: z.array(z.lazy(() => Tree)),
  beside: z.lazy(() => Tree).optional(),
});

const SCHEMAS: Readonly<Record<string, z.ZodType<object>>> = {
  texts: z.strictObject({
    plain: z.string(),
    bounded: z.string().min(3).max(5),
    exact: z.string().length(7),
    pattern: z.string().regex(/^[A-Z]{2}-\d{3}$/),
    refined: z.string().refine((text) => !text.includes('x')),
  }),
  formats: z.strictObject({
    ...{ on: z.iso.date(), at: z.iso.datetime(), id: z.uuid(), mail: z.email(), link: z.url() },
    ...{ hash: z.hex().length(64), bytes: z.base64().length(44), time: z.iso.time() },
  }),
  numbers: z.strictObject({
    ...{ any: z.number(), whole: z.int(), positive: z.number().positive(), range: z.number().gt(-1).lt(1) },
    ...{ grade: z.int().min(1).max(5), open: z.int().gt(1).lt(3), step: z.number().min(0).max(10).multipleOf(0.5) },
  }),
  structures: z.strictObject({
    choice: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('a'), value: z.boolean() }),
      z.strictObject({
        kind: z.literal('b'),
        list: z
          .array(z.enum(['x', 'y']))
          .min(2)
          .max(3),
      }),
    ]),
    either: z.union([z.string(), z.null()]),
    pair: z.tuple([z.int(), z.literal(['l', 'r'])]),
    scores: z.record(z.string(), z.number().nullable()),
    arms: z.record(z.enum(['left', 'right']), z.int()),
    maybe: z.string().optional(),
    free: z.json(),
  }),
  recursive: Tree,
  across: z
    .strictObject({ from: z.int().min(0).max(9), upTo: z.int().min(0).max(9) })
    .refine(({ from, upTo }) => from <= upTo),
};

it.each(Object.entries(SCHEMAS))(
  'what is drawn of %s satisfies the schema, and is recorded as it is [TKT-02]',
  (_, schema) => {
    const definition = defineEvent({ version: 1, schema });
    fc.assert(
      fc.property(arbitraryOf(fc, schema), (payload) => {
        expect(isJson(payload)).toBe(true);
        expect(parsePayload('Drawn', definition, payload)).toBe(payload);
      }),
      { numRuns: 60 },
    );
  },
);

it('draws reach both ends of ranges and every branch [TKT-02]', () => {
  const drawn = <S extends z.ZodType>(schema: S) => fc.sample(arbitraryOf(fc, schema), { numRuns: 300, seed: 7 });
  expect(new Set(drawn(z.int().min(1).max(5)))).toEqual(new Set([1, 2, 3, 4, 5]));
  expect(new Set(drawn(z.string().min(2).max(4)).map((text) => [...text].length))).toEqual(new Set([2, 3, 4]));
  expect(new Set(drawn(z.union([z.boolean(), z.null()])))).toEqual(new Set([true, false, null]));
  const optional = drawn(z.strictObject({ a: z.int().optional() }));
  expect(new Set(optional.map((value) => Object.hasOwn(value, 'a')))).toEqual(new Set([true, false]));
  const depths = drawn(Tree).map((tree) => JSON.stringify(tree).split('"name"').length - 1);
  expect(Math.max(...depths)).toBeGreaterThan(3);
});

it('a schema of which nothing can be drawn says so, and draws what is given for it [TKT-02]', () => {
  const even = z.string().refine((text) => text === 'the one');
  const schema = z.strictObject({ word: even, name: z.string().transform((text) => text.length) });
  expect(codeOf(() => arbitraryOf(fc, schema))).toBe('schema.undrawable');
  expect(codeOf(() => fc.sample(arbitraryOf(fc, z.strictObject({ word: even })), 1))).toBe('schema.undrawable');
  const given = [[even, fc.constant('the one')]] as const;
  expect(fc.sample(arbitraryOf(fc, z.strictObject({ word: even }), given), 1)).toEqual([{ word: 'the one' }]);
});

it('opened payloads have placeholders at protected places only, and are read like others [TKT-02, FLD-02]', () => {
  const subject = { key: 'subject' } as const;
  const schema = z.strictObject({
    site: z.string(),
    name: protect(z.string(), subject),
    born: protect(z.iso.date(), subject).optional(),
    phones: z.array(protect(z.string(), subject)),
  });
  const definition = defineEvent({ version: 1, schema });
  const whole = new Set<boolean>();
  fc.assert(
    fc.property(openedArbitraryOf(fc, schema), (payload) => {
      expect(typeof payload.site).toBe('string');
      whole.add(isShownWhole(payload));
      const { kind } = openPayload(definition, {
        schema: 1,
        payload: JSON.parse(JSON.stringify(payload)),
        trusted: false,
      });
      expect(kind).toBe('opened');
    }),
    { numRuns: 80, seed: 3 },
  );
  expect(whole).toEqual(new Set([true, false]));
  expect(fc.sample(arbitraryOf(fc, schema), 20).every(isShownWhole)).toBe(true);
});
