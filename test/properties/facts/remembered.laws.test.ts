/** What is remembered of bytes, where somebody asked for it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { utf8 } from '../../../src/crypto/bytes.ts';
import { remember, remembered } from '../../../src/crypto/remembered.ts';

const texts = remembered<{ readonly text: string; readonly parts: readonly string[] }>();
const read = (bytes: Uint8Array) => texts.once(bytes, () => ({ text: bytes.join(), parts: [...bytes].map(String) }));

it('the same bytes give the same reading, other bytes another, also where the first ones were altered since [SIM-15]', () => {
  const forget = remember();
  try {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(319), (bytes, bit) => {
        const first = read(bytes);
        expect(read(bytes.slice())).toBe(first);
        const at = (bit >> 3) % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
        expect(read(bytes).text).toBe(bytes.join());
      }),
    );
  } finally {
    forget();
  }
});

it('nothing is remembered unless somebody asks, nor after the last one who asked, nor of a failure [SIM-15]', async () => {
  const bytes = utf8('some bytes');
  expect(read(bytes)).not.toBe(read(bytes));
  const [forget, forgetToo] = [remember(), remember()];
  const first = read(bytes);
  forget();
  forget();
  expect(read(bytes)).toBe(first);
  forgetToo();
  expect(read(bytes)).not.toBe(first);

  const forgetAll = remember();
  const answers = remembered<Promise<number>>();
  await expect(answers.once(bytes, () => Promise.reject(new RangeError('no')))).rejects.toThrow('no');
  expect(await answers.once(bytes, async () => 7)).toBe(7);
  const thrown = remembered<number>();
  const fail = (): number => {
    throw new RangeError('no');
  };
  expect(() => thrown.once(bytes, fail)).toThrow('no');
  expect(thrown.once(bytes, () => 8)).toBe(8);
  forgetAll();
});

it('what is shared so cannot be changed by one who has it [SIM-15]', () => {
  const forget = remember();
  try {
    const { parts } = read(utf8('shared'));
    expect(() => Reflect.apply(Array.prototype.push, parts, ['more'])).toThrow(TypeError);
  } finally {
    forget();
  }
});
