import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/core/limits.ts';
import { fromUtf8, utf8 } from '../../../src/crypto/bytes.ts';
import { canonicalBytes, canonicalText, readCanonical } from '../../../src/crypto/canonical.ts';
import { codeOf, hex, unhex } from '../support.ts';

const ofBits = (bits: string): number => new DataView(unhex(bits).buffer).getFloat64(0);

/** RFC 8785, appendix B, without minus zero, NaN and infinity. */
const NUMBERS: readonly (readonly [bits: string, text: string])[] = [
  ['0000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
];

/** RFC 8785, section 3.2.2: the sample, as JSON text; its canonical bytes are in section 3.2.4. */
const SAMPLE = String.raw`{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}`;
const SAMPLE_HEX =
  '7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333332e333333333333332c' +
  '31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d';

/** RFC 8785, section 3.2.3: names in the order that the RFC gives for them. */
const SORTED = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];

const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};

describe('canonicalText', () => {
  it.each(NUMBERS)('writes the number %s as RFC 8785 appendix B does: %s [FMT-03]', (bits, text) => {
    expect(canonicalText(ofBits(bits))).toBe(text);
    expect(readCanonical(utf8(text))).toBe(ofBits(bits));
  });

  it('writes the sample of RFC 8785 section 3.2.2 as section 3.2.4 spells it [FMT-03]', () => {
    expect(hex(canonicalBytes(JSON.parse(SAMPLE)))).toBe(SAMPLE_HEX);
  });

  it('sorts names by UTF-16 code units as RFC 8785 section 3.2.3 does [FMT-03]', () => {
    const shuffled = Object.fromEntries([...SORTED].reverse().map((name) => [name, 0]));
    expect(canonicalText(shuffled)).toBe(`{${SORTED.map((name) => `${JSON.stringify(name)}:0`).join(',')}}`);
    expect(canonicalText({ 10: 0, 9: 0, a: 0 })).toBe('{"10":0,"9":0,"a":0}');
  });

  it.each([
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['negative zero', -0],
    ['undefined', undefined],
    ['an undefined member', { a: undefined }],
    ['a hole in an array', Array(1)],
    ['a lone high surrogate', '\ud800'],
    ['a lone low surrogate in a name', { '\udc00': 1 }],
    ['a big integer', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['bytes', new Uint8Array(1)],
  ])('refuses %s [FMT-03]', (_, value) => {
    expect(codeOf(() => canonicalBytes(value))).toBe('canonical.unsupported-value');
  });

  it('writes and reads nesting up to the limit, and refuses one level more on both sides [FMT-03]', () => {
    const most = canonicalBytes(nested(LIMITS.jsonDepthMax));
    expect(readCanonical(most)).toEqual(nested(LIMITS.jsonDepthMax));
    expect(codeOf(() => canonicalBytes(nested(LIMITS.jsonDepthMax + 1)))).toBe('canonical.unsupported-value');
    expect(codeOf(() => readCanonical(utf8(JSON.stringify(nested(LIMITS.jsonDepthMax + 1)))))).toBe(
      'canonical.malformed',
    );
    const hostile = utf8('['.repeat(200_000) + ']'.repeat(200_000));
    expect(codeOf(() => readCanonical(hostile))).toBe('canonical.malformed');
  });
});

describe('readCanonical', () => {
  it.each([
    ['a duplicate name', '{"a":1,"a":1}'],
    ['a duplicate name in another spelling', '{"a":1,"\\u0061":1}'],
    ['another order of names', '{"b":1,"a":1}'],
    ['white space', '{"a": 1}'],
    ['a trailing newline', '{"a":1}\n'],
    ['an escape that is not needed', '"\\u0041"'],
    ['an escaped slash', '"\\/"'],
    ['an escape in upper case', '"\\u000F"'],
    ['a long escape where a short one exists', '"\\u000a"'],
    ['a control character as it is', '"\u0001"'],
    ['an escaped lone surrogate', '"\\ud800"'],
    ['minus zero', '-0'],
    ['a number with a needless fraction', '1.0'],
    ['a number in another exponent form', '1E30'],
    ['a number that does not round-trip', '333333333.33333329'],
    ['an integer beyond what a double holds', '9007199254740993'],
    ['a number that overflows', '1e400'],
    ['NaN', 'NaN'],
    ['a byte order mark', '\ufeff{}'],
    ['a comment', '{}//'],
    ['nothing', ''],
    ['two values', '{}{}'],
  ])('refuses %s [FMT-03]', (_, text) => {
    expect(codeOf(() => readCanonical(utf8(text)))).toBe('canonical.malformed');
  });

  it.each([
    ['an overlong form', '22c0af22'],
    ['a surrogate in UTF-8', '22eda08022'],
    ['a cut sequence', '22e282'],
    ['a stray continuation byte', '228022'],
  ])('refuses malformed UTF-8: %s [FMT-03]', (_, bytes) => {
    expect(codeOf(() => readCanonical(unhex(bytes)))).toBe('canonical.malformed');
  });

  it('reads a member named __proto__ as any other member [FMT-03]', () => {
    const text = '{"__proto__":{"a":1},"constructor":2}';
    const value = readCanonical(utf8(text));
    expect(Object.keys(Object(value))).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(fromUtf8(canonicalBytes(value))).toBe(text);
  });
});
