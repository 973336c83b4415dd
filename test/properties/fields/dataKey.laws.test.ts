import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventId } from '../../../src/core/ids.ts';
import { type DataKey, makeDataKey, readDataKey, type SealedPlace } from '../../../src/crypto/dataKey.ts';
import { seededEntropy } from '../../../src/testing/entropy.ts';
import { codeOf, hex } from '../../unit/support.ts';

const EVENT = eventId('01890a5d-ac96-774b-bcce-b302099a8057');
const placeAt = (number: number): SealedPlace => ({ event: EVENT, path: `/field/${number}` });
const fresh = (seed = 1): DataKey => makeDataKey(seededEntropy(seed));
const leafText = (key: DataKey, number: number): string => [...(key.leaf(placeAt(number)) ?? [])].join();
/** What AES-GCM makes of zeros under a subkey: equal exactly for equal subkeys. */
const subkeyText = async (key: DataKey, salt: Uint8Array): Promise<string> =>
  hex(
    new Uint8Array(
      await crypto.subtle.encrypt(
        { name: 'AES-GCM', iv: new Uint8Array(12) },
        await key.subkey(salt),
        new Uint8Array(32),
      ),
    ),
  );

describe('a data key', () => {
  it('is the same after it was written and read, whole or punctured [FLD-02]', async () => {
    const salt = new Uint8Array(8).fill(9);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(30), { maxLength: 5 }), async (gone) => {
        const key = fresh().puncture(gone.map(placeAt));
        const read = readDataKey(key.encode());
        expect(read.id).toBe(key.id);
        expect(hex(read.encode())).toBe(hex(key.encode()));
        expect(await subkeyText(read, salt)).toBe(await subkeyText(key, salt));
        for (let number = 0; number < 31; number++) {
          expect(leafText(read, number)).toBe(gone.includes(number) ? '' : leafText(fresh(), number));
          expect(read.holds(placeAt(number))).toBe(!gone.includes(number));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('keeps its id when it is punctured, and holds its 32 bytes no more [FLD-02]', () => {
    const whole = fresh();
    const root = hex(whole.encode().subarray(1));
    const left = whole.puncture([placeAt(1)]);
    expect(left.id).toBe(whole.id);
    expect(hex(left.encode())).not.toContain(root);
    expect(hex(whole.encode())).toContain(root);
  });

  it('has an id that another key does not have [FLD-02]', () => {
    expect(fresh(1).id).not.toBe(fresh(2).id);
  });

  it('gives every salt an AES key of its own [FLD-02]', async () => {
    const key = fresh();
    const texts = await Promise.all([0, 1, 2].map((fill) => subkeyText(key, new Uint8Array(8).fill(fill))));
    expect(new Set(texts).size).toBe(3);
  });

  it('gives nothing any more after it was wiped, and leaves those that came from it as they are [FLD-02]', async () => {
    const key = fresh();
    const left = key.puncture([placeAt(3)]);
    const before = leafText(left, 4);
    key.wipe();
    expect(codeOf(() => key.leaf(placeAt(4)))).toBe('key.locked');
    expect(codeOf(() => key.encode())).toBe('key.locked');
    expect(codeOf(() => key.puncture([]))).toBe('key.locked');
    expect(leafText(left, 4)).toBe(before);
    expect(left.encode()).toHaveLength(1 + 32 + 32 + 39 * 15 * 12);
  });

  it('is read from nothing but what it wrote [FLD-02]', () => {
    const whole = fresh().encode();
    const punctured = fresh()
      .puncture([placeAt(1)])
      .encode();
    const refused = [
      new Uint8Array(0),
      whole.subarray(0, 32),
      new Uint8Array([...whole, 0]),
      Uint8Array.from(whole, (byte, at) => (at === 0 ? 3 : byte)),
      punctured.subarray(0, 60),
      punctured.subarray(0, punctured.length - 1),
    ];
    for (const bytes of refused) expect(codeOf(() => readDataKey(bytes))).toBe('key.data-malformed');
  });
});
