import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromBase64, utf8 } from '../../../src/crypto/bytes.ts';
import { guessBase64, readBase64 } from '../../../src/verify/base64.ts';
import { codeOf } from '../support.ts';

it('reads what base64 writes, and every prefix of it as far as it goes [VER-03]', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 63 }), (bytes, fill) => {
      const text = utf8(Buffer.from(bytes).toString('base64'));
      expect(readBase64(text)).toEqual(bytes);
      expect(guessBase64(text, fill)).toEqual({ bytes, filled: false });
      const cut = text.subarray(0, Math.floor(text.length / 2));
      expect(guessBase64(cut, fill).bytes).toEqual(bytes.slice(0, Math.floor((cut.length * 6) / 8)));
    }),
  );
});

it('accepts exactly the spellings that the facts accept [VER-04]', () => {
  const text = fc.string({ unit: fc.constantFrom('A', 'Q', 'x', '/', '+', '9', '=', '-', ' ', 'é'), maxLength: 8 });
  fc.assert(
    fc.property(text, (spelling) => {
      const accepted = codeOf(() => fromBase64(spelling)) === undefined;
      expect(readBase64(utf8(spelling)) !== undefined).toBe(accepted);
    }),
    { numRuns: 5_000 },
  );
});
