import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aggregateId } from '../../../src/core/ids.ts';
import type { FormKey } from '../../../src/odm/index.ts';
import { formId, parseFormId } from '../../../src/odm/index.ts';

const part = fc.oneof(
  fc.string(),
  fc.string({ unit: fc.constantFrom('/', '[', ']', '%', '2', 'F', '\n', 'a', 'é', '😀') }),
);
const keys: fc.Arbitrary<FormKey> = fc.record(
  { subjectKey: part, studyEventOid: part, formOid: part, studyEventRepeatKey: part, formRepeatKey: part },
  { requiredKeys: ['subjectKey', 'studyEventOid', 'formOid'] },
);

describe('form id', () => {
  it('reads as subject, event and form [IMP-01]', () => {
    expect(formId({ subjectKey: '01', studyEventOid: 'SE.1', formOid: 'F.1' })).toBe('01/SE.1/F.1');
    expect(
      formId({ subjectKey: 'a/b', studyEventOid: 'E', studyEventRepeatKey: '2', formOid: 'F%', formRepeatKey: '[x]' }),
    ).toBe('a%2Fb/E[2]/F%25[%5Bx%5D]');
  });

  it('gives back every key from its id [IMP-01]', () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(parseFormId(formId(key))).toEqual(key);
      }),
    );
  });

  it('never gives two keys one id [IMP-01]', () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        expect(formId(a) === formId(b)).toBe(
          Object.entries({ ...a, ...b }).every(([name]) => Reflect.get(a, name) === Reflect.get(b, name)),
        );
      }),
    );
  });

  it('refuses every other spelling [IMP-01]', () => {
    for (const id of [
      '',
      'a',
      'a/b',
      'a/b/c/d',
      'a/b]/c',
      'a/b[/c',
      'a/b[1]x/c',
      'a%2fb/e/f',
      'a%41/e/f',
      'a%/e/f',
      'a/b/c[1][2]',
    ]) {
      expect(parseFormId(id), id).toBeNull();
    }
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('/', '[', ']', '%', '2', 'F', 'a') }), (id) => {
        const key = parseFormId(id);
        expect(key === null || formId(key) === id).toBe(true);
      }),
    );
  });

  it('is an aggregate id as the store takes it [IMP-01]', () => {
    expect(aggregateId(formId({ subjectKey: 'a\n', studyEventOid: '\u0085', formOid: '\t' }))).toBe('a%0A/%85/%09');
  });
});
