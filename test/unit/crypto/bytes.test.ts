import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash32 } from '../../../src/core/ids.ts';
import { fromHex32, fromUtf8, sameBytes, toHex32, utf8 } from '../../../src/crypto/bytes.ts';
import { codeOf } from '../support.ts';
import { base64Laws } from './base64Laws.ts';

describe('base64', base64Laws);

describe('hexadecimal', () => {
  it('gives back each 32 bytes [FMT-09]', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) =>
        sameBytes(fromHex32(toHex32(hash32(bytes))), bytes),
      ),
    );
  });

  it.each([
    ['upper case', 'A'.repeat(64)],
    ['a digit short', 'a'.repeat(63)],
    ['a digit more', 'a'.repeat(65)],
    ['a prefix', `0x${'a'.repeat(62)}`],
    ['white space', `${'a'.repeat(63)} `],
    ['another letter', `${'a'.repeat(63)}g`],
    ['a digit of another script', `${'a'.repeat(63)}\u0661`],
  ])('refuses %s [FMT-09]', (_, text) => {
    expect(codeOf(() => fromHex32(text))).toBe('id.malformed');
  });
});

describe('UTF-8', () => {
  it('gives back all well-formed text and keeps a byte order mark [FMT-09]', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => fromUtf8(utf8(text)) === text));
    expect(fromUtf8(utf8('\ufeffa'))).toBe('\ufeffa');
  });
});

describe('sameBytes', () => {
  it('says whether length and all bytes are equal [FMT-09]', () => {
    const bytes = fc.uint8Array({ maxLength: 3, max: 2 });
    fc.assert(fc.property(bytes, bytes, (a, b) => sameBytes(a, b) === (a.join() === b.join())));
  });
});
