import { describe, expect, it } from 'vitest';
import { ERROR_TEXT, invariant, isErrorCode, isStoreError, StoreError } from '../../../src/core/errors.ts';
import { codeOf } from '../support.ts';

describe('StoreError', () => {
  it('has a code of the closed list, each with a sentence for a person [FMT-12]', () => {
    for (const [code, text] of Object.entries(ERROR_TEXT)) {
      expect(code).toMatch(/^[a-z]+\.[a-z]+(-[a-z]+)*$/);
      expect(text).toMatch(/^[A-Z].*[.]$/s);
      expect(isErrorCode(code)).toBe(true);
    }
    for (const other of ['', 'chain', 'toString', '__proto__', 'chain.other']) expect(isErrorCode(other)).toBe(false);
  });

  it('says its code, sentence and details, and keeps its cause [FMT-12]', () => {
    const cause = new Error('why');
    const error = new StoreError('chain.gap', { sequence: 7, what: 'a' }, { cause });
    expect(error.message).toBe(`chain.gap: ${ERROR_TEXT['chain.gap']} (sequence=7, what=a)`);
    expect(error).toMatchObject({ name: 'StoreError', code: 'chain.gap', cause });
  });

  it('is known by its form, so that one of another copy of the library is known too [FMT-12]', () => {
    const foreign = Object.assign(new Error('x'), { name: 'StoreError', code: 'chain.gap' });
    expect([isStoreError(foreign), isStoreError(foreign, 'chain.gap')]).toEqual([true, true]);
    expect(isStoreError(foreign, 'chain.fork')).toBe(false);
    expect(isStoreError(Object.assign(new Error('x'), { name: 'StoreError', code: 'other' }))).toBe(false);
    for (const other of [undefined, null, 'chain.gap', { name: 'StoreError', code: 'chain.gap' }, new Error('x')]) {
      expect(isStoreError(other)).toBe(false);
    }
  });

  it('is what a broken rule ends in [FMT-12]', () => {
    expect(codeOf(() => invariant(true, 'holds'))).toBeUndefined();
    expect(codeOf(() => invariant(false, 'does not hold'))).toBe('invariant.broken');
  });
});
