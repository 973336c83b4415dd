/** Base64 as RFC 4648 spells it: held by the platform's own reader and writer where there are any, and without them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isStoreError } from '../../../src/core/errors.ts';
import { fromBase64, sameBytes, toBase64, utf8 } from '../../../src/crypto/bytes.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The code that refuses the text; undefined where it is read. */
const refusal = (text: string): string | undefined => {
  try {
    fromBase64(text);
    return undefined;
  } catch (error) {
    if (isStoreError(error)) return error.code;
    throw error;
  }
};

export const base64Laws = (): void => {
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
        const code = refusal(value);
        return code === undefined ? toBase64(fromBase64(value)) === value : code === 'id.malformed';
      }),
      { numRuns: 5_000 },
    );
  });

  it.each(['Zg', 'Zg=', 'Zh==', 'Zg==\n', ' Zg==', 'Z g==', 'Zm9v=', 'Zm9-', '====', 'Zm9v\u0000'])(
    'refuses %j [FMT-09]',
    (value) => {
      expect(refusal(value)).toBe('id.malformed');
    },
  );
};
