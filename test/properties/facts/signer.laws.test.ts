import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { publicKey32, signature64 } from '../../../src/core/ids.ts';
import { toBase64 } from '../../../src/crypto/bytes.ts';
import { remember } from '../../../src/crypto/remembered.ts';
import { checkPublicKey, makeSigningKey, SMALL_ORDER_Y, sign, verifySignature } from '../../../src/crypto/signer.ts';
import {
  add,
  BASE,
  D,
  encodePoint,
  expand,
  fromLittleEndian,
  IDENTITY,
  L,
  littleEndian,
  P,
  pointsAt,
  roots,
  times,
  twistedSignature,
} from '../../unit/crypto/ed25519.ts';
import { codeOf, codeOfAsync, flipped, hex, keyOf, RFC_8032, unhex } from '../../unit/support.ts';

const [FIRST] = RFC_8032;
const SECRET = unhex(FIRST.secret);
const KEY = publicKey32(unhex(FIRST.publicKey));
const SIGNATURE = unhex(FIRST.signature);
const NOTHING = new Uint8Array(0);

const verifies = (signature: Uint8Array, key: Uint8Array = KEY, message: Uint8Array<ArrayBuffer> = NOTHING) =>
  verifySignature(publicKey32(key), signature64(signature), message);

/** All points P with 8P = identity: found by halving three times, from the curve equation alone. */
const smallOrderPoints = () => {
  // 2Q = identity: x = 0. 4Q = identity: y = 0. 8Q = identity: 2Q has y = 0, so y² = -x², and so d·y⁴ + 2·y² - 1 = 0.
  const ofOrder8 = roots(1n + D)
    .flatMap((root) => roots(((root - 1n + P) * inverseOfD) % P))
    .flatMap(pointsAt);
  return [IDENTITY, { x: 0n, y: P - 1n }, ...pointsAt(0n), ...ofOrder8];
};
const inverseOfD = (() => {
  let [result, square] = [1n, D];
  for (let rest = P - 2n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
})();
const SMALL = smallOrderPoints();

describe('the arithmetic of these tests', () => {
  it('is that of RFC 8032: it derives the published public keys and signatures [FMT-07]', () => {
    for (const { secret, publicKey, message, signature } of RFC_8032) {
      expect(hex(encodePoint(times(expand(unhex(secret)).scalar, BASE)))).toBe(publicKey);
      expect(hex(twistedSignature(unhex(secret), unhex(message), IDENTITY))).toBe(signature);
    }
  });

  it('finds exactly eight points whose order divides 8 [FMT-07]', () => {
    expect(new Set(SMALL.map((point) => hex(encodePoint(point)))).size).toBe(8);
    for (const point of SMALL) expect(times(8n, point)).toEqual(IDENTITY);
    expect(times(L, BASE)).toEqual(IDENTITY);
  });
});

describe('signatures', () => {
  it.each(RFC_8032)('are those of RFC 8032 section 7.1, message "$message" [FMT-07]', async (vector) => {
    const key = await keyOf(vector);
    const message = unhex(vector.message);
    expect(hex(await sign(key, message))).toBe(vector.signature);
    expect(await verifies(unhex(vector.signature), key.publicKey, message)).toBe(true);
  });

  it('verify under their own key and message only, with no bit changed [FMT-07]', async () => {
    for (let bit = 0; bit < 512; bit++) expect(await verifies(flipped(SIGNATURE, bit))).toBe(false);
    for (let bit = 0; bit < 256; bit++) expect(await verifies(SIGNATURE, flipped(KEY, bit))).toBe(false);
    expect(await verifies(SIGNATURE, KEY, Uint8Array.of(0))).toBe(false);
    expect(await verifies(SIGNATURE, unhex(RFC_8032[1].publicKey))).toBe(false);
  });

  it('that were looked at before keep their verdict where it is remembered, and lend it to no other [FMT-07, SIM-04]', async () => {
    const ask = vi.spyOn(crypto.subtle, 'verify');
    const forget = remember();
    try {
      for (let times = 0; times < 3; times++) {
        expect(await verifies(SIGNATURE)).toBe(true);
        for (let bit = 0; bit < 512; bit += 37) expect(await verifies(flipped(SIGNATURE, bit))).toBe(false);
        expect(await verifies(SIGNATURE, KEY, new Uint8Array(1))).toBe(false);
      }
      const asked = ask.mock.calls.length;
      forget();
      expect(await verifies(SIGNATURE)).toBe(true);
      expect(ask.mock.calls.length).toBe(asked + 1);
      await verifies(SIGNATURE);
      expect(ask.mock.calls.length).toBe(asked + 2);
      expect(asked).toBeLessThanOrEqual(16);
    } finally {
      forget();
      ask.mockRestore();
    }
  });

  it('are refused when S is not below the group order, though the equation holds [FMT-07]', async () => {
    const s = fromLittleEndian(SIGNATURE.subarray(32));
    for (let times = 1n; s + times * L < 2n ** 256n; times++) {
      const signature = Uint8Array.of(...SIGNATURE.subarray(0, 32), ...littleEndian(s + times * L));
      expect(await verifies(signature)).toBe(false);
    }
    expect(await verifies(Uint8Array.of(...SIGNATURE.subarray(0, 32), ...littleEndian(L)))).toBe(false);
  });

  it('are refused when their holder adds a point of small order to R: the cofactor is not multiplied away [FMT-07]', async () => {
    for (const point of SMALL.slice(1)) expect(await verifies(twistedSignature(SECRET, NOTHING, point))).toBe(false);
    expect(await verifies(twistedSignature(SECRET, NOTHING, IDENTITY))).toBe(true);
  });

  it('are refused when R is a point of small order or not in its range [FMT-07]', async () => {
    for (const point of SMALL) {
      const signature = Uint8Array.of(...encodePoint(point), ...littleEndian(0n));
      expect(await verifies(signature)).toBe(false);
    }
    expect(await verifies(Uint8Array.of(...littleEndian(P + 1n), ...littleEndian(0n)))).toBe(false);
  });

  it('are refused by these rules before the platform is asked, whatever it would say [FMT-07]', async () => {
    const lenient = vi.spyOn(crypto.subtle, 'verify').mockResolvedValue(true);
    try {
      const r = SIGNATURE.subarray(0, 32);
      const small = SMALL.map((point) => Uint8Array.of(...encodePoint(point), ...littleEndian(1n)));
      const large = [L, L + 1n, 2n ** 256n - 1n].map((s) => Uint8Array.of(...r, ...littleEndian(s)));
      const wide = Uint8Array.of(...littleEndian(P + 5n), ...littleEndian(1n));
      for (const signature of [...small, ...large, wide]) expect(await verifies(signature)).toBe(false);
      for (const point of SMALL) expect(await verifies(SIGNATURE, encodePoint(point))).toBe(false);
      expect(lenient).not.toHaveBeenCalled();
      expect(await verifies(Uint8Array.of(...r, ...littleEndian(L - 1n)))).toBe(true);
    } finally {
      lenient.mockRestore();
    }
  });

  it('never fail otherwise on random keys, signatures and messages [FMT-07]', async () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    await fc.assert(
      fc.asyncProperty(bytes(64), bytes(32), bytes(8), async (signature, key, message) => {
        expect(await verifies(signature, key, Uint8Array.from(message))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe('public keys', () => {
  it('of small order are the listed ones, derived from the curve equation [FMT-07]', () => {
    const listed = new Set(SMALL.map(({ y }) => hex(littleEndian(y))));
    expect([...SMALL_ORDER_Y].sort()).toEqual([...listed].sort());
  });

  it('of small order are refused in every encoding, and verify nothing [FMT-07]', async () => {
    for (const point of SMALL) {
      for (const sign of [0n, 1n]) {
        for (const y of [point.y, point.y + P]) {
          if (y >= 2n ** 255n) continue;
          const key = littleEndian(y | (sign << 255n));
          expect(codeOf(() => checkPublicKey(key))).toBe('key.malformed');
          expect(await verifies(SIGNATURE, key)).toBe(false);
        }
      }
    }
  });

  it('with a coordinate that is not in its range are refused, all nineteen [FMT-07]', () => {
    for (let excess = 0n; excess < 19n; excess++) {
      for (const sign of [0n, 1n]) {
        expect(codeOf(() => checkPublicKey(littleEndian((P + excess) | (sign << 255n))))).toBe('key.malformed');
      }
    }
  });

  it('of another length are refused [FMT-01]', () => {
    for (const length of [0, 31, 33, 64])
      expect(codeOf(() => checkPublicKey(new Uint8Array(length)))).toBe('id.malformed');
  });

  it('with a part of small order do not turn an honest signature into one of theirs [FMT-07]', async () => {
    const mixed = add(times(expand(SECRET).scalar, BASE), SMALL[5] ?? IDENTITY);
    expect(await verifies(SIGNATURE, encodePoint(mixed))).toBe(false);
  });
});

describe('fresh keys', () => {
  it('are asked for again where the platform has discarded one, and not for ever [FMT-07]', async () => {
    const real = crypto.subtle.generateKey.bind(crypto.subtle);
    const discarding = vi.spyOn(crypto.subtle, 'generateKey');
    const discard = () => Promise.reject(new DOMException('', 'OperationError'));
    try {
      for (let times = 0; times < 3; times++) discarding.mockImplementationOnce(discard);
      discarding.mockImplementation(real);
      expect((await sign(await makeSigningKey(), NOTHING)).length).toBe(64);
      discarding.mockClear().mockImplementation(discard);
      expect(await codeOfAsync(makeSigningKey)).toBe('key.unavailable');
      expect(discarding).toHaveBeenCalledTimes(8);
      discarding.mockClear().mockRejectedValue(new DOMException('', 'NotSupportedError'));
      expect((await sign(await makeSigningKey(), NOTHING)).length).toBe(64); // done without the platform's
      expect(discarding).toHaveBeenCalledTimes(1);
    } finally {
      discarding.mockRestore();
    }
  });

  it('sign, differ from each other, and do not leave the platform [FMT-07]', async () => {
    const [one, other] = await Promise.all([makeSigningKey(), makeSigningKey()]);
    const message = Uint8Array.of(1, 2, 3);
    expect(await verifies(await sign(one, message), one.publicKey, message)).toBe(true);
    expect(toBase64(one.publicKey)).not.toBe(toBase64(other.publicKey));
    expect(one.privateKey.extractable).toBe(false);
    expect(await codeOfAsync(async () => checkPublicKey(one.publicKey))).toBeUndefined();
  });
});
