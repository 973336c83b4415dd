import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { answersAreKnown } from '../../../src/crypto/knownAnswers.ts';
import { baseKey, derivedBytes, unwrapSecret, wipe, wrappingKey, wrapSecret } from '../../../src/crypto/secretKey.ts';
import { seededEntropy } from '../../../src/testing/index.ts';
import { codeOfAsync, flipped, hex } from '../support.ts';

const PLACE = { purpose: 'database-key', key: 'k1', holder: 'ada' };
const ENTROPY = seededEntropy(7);
const keyFrom = async (byte: number, purpose = 'test') =>
  wrappingKey(await baseKey(new Uint8Array(32).fill(byte)), purpose);
const SECRET = Uint8Array.from({ length: 32 }, (_, at) => at);

describe('a wrapped secret', () => {
  it('comes out as it went in, whatever its length, and the secret given is left as it is [KEY-01]', async () => {
    const key = await keyFrom(1);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (secret) => {
        const before = hex(secret);
        const wrap = await wrapSecret(key, secret, PLACE, ENTROPY);
        expect(hex(await unwrapSecret(key, wrap, PLACE))).toBe(before);
        expect(hex(secret)).toBe(before);
      }),
      { numRuns: 50 },
    );
  });

  it('does not open under another key, for another purpose, key or holder, nor with any bit changed or cut [KEY-01]', async () => {
    const key = await keyFrom(1);
    const wrap = await wrapSecret(key, SECRET, PLACE, ENTROPY);
    const [other, elsewhere] = await Promise.all([keyFrom(2), keyFrom(1, 'other')]);
    const tries = [
      unwrapSecret(other, wrap, PLACE),
      unwrapSecret(elsewhere, wrap, PLACE),
      ...(['purpose', 'key', 'holder'] as const).map((part) => unwrapSecret(key, wrap, { ...PLACE, [part]: 'x' })),
      ...Array.from({ length: 8 * wrap.length }, (_, bit) => unwrapSecret(key, flipped(wrap, bit), PLACE)),
      ...Array.from({ length: wrap.length }, (_, length) => unwrapSecret(key, wrap.slice(0, length), PLACE)),
    ];
    const codes = await Promise.all(tries.map((attempt) => codeOfAsync(() => attempt)));
    expect(new Set(codes)).toEqual(new Set(['key.refused']));
  });

  it('is refused where its text opens and what stands before the secret is not zero [KEY-01]', async () => {
    const key = await keyFrom(1);
    const real = crypto.subtle.decrypt.bind(crypto.subtle);
    const wrap = await wrapSecret(key, SECRET, PLACE, ENTROPY);
    const twisted = vi.spyOn(crypto.subtle, 'decrypt').mockImplementation(async (...given) => {
      const bytes = new Uint8Array(await real(...given));
      bytes[31] = 1;
      return bytes.buffer;
    });
    try {
      expect(await codeOfAsync(() => unwrapSecret(key, wrap, PLACE))).toBe('key.refused');
    } finally {
      twisted.mockRestore();
    }
  });

  it('never has the nonce of another one [KEY-01]', async () => {
    const key = await keyFrom(1);
    const wraps = await Promise.all(Array.from({ length: 200 }, () => wrapSecret(key, SECRET, PLACE, ENTROPY)));
    expect(new Set(wraps.map((wrap) => hex(wrap.subarray(1, 13)))).size).toBe(200);
  });
});

describe('derived keys', () => {
  it('differ by purpose and by base, agree otherwise, and cannot be exported [KEY-01]', async () => {
    const [one, other] = [await baseKey(new Uint8Array(32).fill(1)), await baseKey(new Uint8Array(32).fill(2))];
    const derived = await Promise.all([
      derivedBytes(one, 'a', 32),
      derivedBytes(one, 'b', 32),
      derivedBytes(other, 'a', 32),
    ]);
    expect(new Set(derived.map(hex)).size).toBe(3);
    expect(hex(await derivedBytes(one, 'a', 32))).toBe(hex(derived[0]));
    expect([one.extractable, (await wrappingKey(one, 'a')).extractable]).toEqual([false, false]);
  });

  it('are bytes that a wipe overwrites [KEY-01]', () => {
    const bytes = SECRET.slice();
    wipe(bytes);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
  });
});

describe('known answers', () => {
  it('are given by this platform, as published for HKDF, AES-GCM and Ed25519 [KEY-02]', async () => {
    expect(await answersAreKnown()).toBe(true);
  });

  const asked = async (method: 'deriveBits' | 'encrypt' | 'decrypt' | 'verify', fault: () => Promise<unknown>) => {
    const wrong = vi.spyOn(crypto.subtle, method).mockImplementation(fault as never);
    return answersAreKnown().finally(() => wrong.mockRestore());
  };
  const failing = () => Promise.reject(new DOMException('', 'OperationError'));

  it.each(['deriveBits', 'encrypt', 'decrypt', 'verify'] as const)(
    'are missed where %s answers otherwise [KEY-02]',
    async (method) => expect(await asked(method, async () => new ArrayBuffer(42))).toBe(false),
  );

  it.each(['deriveBits', 'encrypt', 'decrypt'] as const)('are missed where %s fails [KEY-02]', async (method) =>
    expect(await asked(method, failing)).toBe(false),
  );

  it('of Ed25519 are given by the other implementation where verify fails [KEY-02]', async () =>
    expect(await asked('verify', failing)).toBe(true));
});
