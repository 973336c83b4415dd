import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  isSealed,
  isUnderSealed,
  protect,
  protectedParts,
  replaced,
  sealedFor,
  valuesOf,
} from '../../../src/core/protect.ts';
import { defineEvent, openPayload } from '../../../src/core/schema.ts';
import { codeOf } from '../../unit/support.ts';
import { json } from '../facts/arbitraries.ts';

const subject = { key: 'subject' } as const;
const secret = () => protect(z.string(), subject);

describe('marking', () => {
  it('is found through objects, arrays, records and wrappers, wherever it stands [FLD-07]', () => {
    const schema = z.strictObject({
      plain: z.string(),
      name: secret(),
      maybe: secret().optional(),
      within: z.strictObject({ deep: z.array(z.strictObject({ note: secret().nullable() })) }).readonly(),
      by: z.record(z.string(), protect(z.number(), { key: 'group', name: 'arm' })),
      whole: protect(z.strictObject({ a: z.string(), b: z.array(z.number()) }), subject),
      outer: protect(z.string().optional(), subject),
    });
    expect(protectedParts(schema)).toEqual([
      { path: ['name'], marking: subject },
      { path: ['maybe'], marking: subject },
      { path: ['within', 'deep', '*', 'note'], marking: subject },
      { path: ['by', '*'], marking: { key: 'group', name: 'arm' } },
      { path: ['whole'], marking: subject },
      { path: ['outer'], marking: subject },
    ]);
  });

  it('is refused where it cannot be found without a value [FLD-07]', () => {
    const refused: z.ZodType<object>[] = [
      z.strictObject({ a: z.union([secret(), z.number()]) }),
      z.strictObject({ a: secret().transform((text) => text) }),
      z.strictObject({ a: z.lazy(() => secret()) }),
      z.strictObject({ a: z.tuple([z.string(), secret()]) }),
      z.strictObject({ a: z.intersection(z.strictObject({ b: secret() }), z.strictObject({})) }),
      z.strictObject({ a: z.string().default('x'), b: secret().default('y') }),
      z.strictObject({ a: z.discriminatedUnion('k', [z.strictObject({ k: z.literal('x'), s: secret() })]) }),
      z.strictObject({ a: z.string() }).catchall(secret()),
      protect(z.strictObject({ a: z.string() }), subject),
    ];
    for (const schema of refused)
      expect(codeOf(() => defineEvent({ version: 1, schema }))).toBe('schema.unprotectable');
  });

  it('leaves a shared schema as it is, and shows in the registered schema [FLD-07]', () => {
    const shared = z.string().meta({ title: 'A name' });
    const schema = z.strictObject({ clear: shared, sealed: protect(shared, subject) });
    expect(protectedParts(schema)).toEqual([{ path: ['sealed'], marking: subject }]);
    expect(z.toJSONSchema(schema).properties).toMatchObject({
      clear: { title: 'A name' },
      sealed: { title: 'A name', protected: { key: 'subject' } },
    });
    expect(z.toJSONSchema(schema).properties?.['clear']).not.toHaveProperty('protected');
  });

  it('stays on a schema that is refined further [FLD-07]', () => {
    expect(protectedParts(z.strictObject({ a: secret().min(2).max(9) }))).toHaveLength(1);
  });
});

describe('values of a payload', () => {
  it('are found at their ways and put back in place, and nothing else changes [FLD-08]', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), fc.array(json, { maxLength: 4 }), (members, items) => {
        const payload = { by: members, list: items.map((each) => ({ each, other: 1 })) };
        const parts = [
          { path: ['by', '*'], marking: subject },
          { path: ['list', '*', 'each'], marking: subject },
        ];
        const found = parts.flatMap((part) => valuesOf(payload, part));
        expect(found).toHaveLength(Object.keys(members).length + items.length);
        const away = replaced(
          payload,
          found.map(({ way }) => ({ way, instead: 'gone' })),
        );
        expect(away).toEqual({
          by: Object.fromEntries(Object.keys(members).map((name) => [name, 'gone'])),
          list: items.map(() => ({ each: 'gone', other: 1 })),
        });
        const back = found.map(({ way, value }) => ({ way, instead: value as never }));
        expect(replaced(away, back)).toEqual(payload);
      }),
    );
  });

  it('that are not shown keep their event readable, and nothing else does [FLD-08]', () => {
    const definition = defineEvent({
      version: 1,
      schema: z.strictObject({ name: secret(), list: z.array(z.strictObject({ note: secret() })), clear: z.number() }),
    });
    const hidden = sealedFor('not-held');
    const open = (payload: Record<string, unknown>) =>
      openPayload(definition, { schema: 1, payload: payload as never, trusted: false }).kind;
    expect(open({ name: hidden, list: [{ note: hidden }, { note: 'x' }], clear: 1 })).toBe('opened');
    expect(open({ name: hidden, list: [], clear: 'x' })).toBe('unreadable');
    expect(open({ name: 7, list: [], clear: 1 })).toBe('unreadable');
    expect(open({ name: { $sealed: 'other' }, list: [], clear: 1 })).toBe('unreadable');
    expect(isUnderSealed({ a: [hidden] }, ['a', 0, 'b'])).toBe(true);
    expect(isSealed({ ...hidden, more: 1 })).toBe(false);
  });
});
