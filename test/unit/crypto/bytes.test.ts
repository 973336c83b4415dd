import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash32 } from '../../../src/core/ids.ts';
import { fromBase64, fromHex32, fromUtf8, sameBytes, toBase64, toHex32, utf8 } from '../../../src/crypto/bytes.ts';
import { codeOf } from '../support.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

describe('base64', () => {
  it('has the spellings of RFC 4648 section 10 [FMT-09]', () => {
    const spellings = ['', 'Zg==', 'Zm8=', 'Zm9v', 'Zm9vYg==', 'Zm9vYmE=', 'Zm9vYmFy'];
    expect(spellings.map((_, length) => toBase64(utf8('foobar'.slice(0, length))))).toEqual(spellings);
  });

  it('gives back all bytes, also beyond one chunk [FMT-09]', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => sameBytes(fromBase64(toBase64(bytes)), bytes)));
    const long = Uint8Array.from({ length: 20_001 }, (_, at) => (at * 7) & 0xff);
    expect(sameBytes(fromBase64(toBase64(long)), long)).toBe(true);
  });

  it('has one spelling for each value: a text is refused or written so again [FMT-09]', () => {
    const text = fc.string({ unit: fc.constantFrom(...ALPHABET, '=', '-', '_', ' ', '\n', 'é'), maxLength: 12 });
    fc.assert(
      fc.property(text, (value) => {
        const code = codeOf(() => fromBase64(value));
        return code === undefined ? toBase64(fromBase64(value)) === value : code === 'id.malformed';
      }),
      { numRuns: 5_000 },
    );
  });

  it.each(['Zg', 'Zg=', 'Zh==', 'Zg==\n', ' Zg==', 'Z g==', 'Zm9v=', 'Zm9-', '====', 'Zm9v\u0000'])(
    'refuses %j [FMT-09]',
    (value) => {
      expect(codeOf(() => fromBase64(value))).toBe('id.malformed');
    },
  );
});

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
