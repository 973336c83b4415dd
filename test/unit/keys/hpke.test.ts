import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/crypto/bytes.ts';
import { checkSharingKey, makeSharingKey, openWith, sealFor, sharingKeyFrom } from '../../../src/crypto/hpke.ts';
import { codeOfAsync, flipped, hex } from '../support.ts';

const PLACE = { purpose: 'wrapping-key', key: 'study-1', holder: 'ada' };
const SECRET = utf8('thirty-two bytes of a secret ...');

const fresh = async () => {
  const { publicKey, privateBytes } = await makeSharingKey();
  return sharingKeyFrom(publicKey, privateBytes);
};

describe('a secret sealed for somebody', () => {
  it('opens with their key alone, at its place alone, with no bit changed and nothing cut [KEY-04]', async () => {
    const [key, other] = [await fresh(), await fresh()];
    const sealed = await sealFor(key.publicKey, SECRET, PLACE);
    expect(hex(await openWith(key, sealed, PLACE))).toBe(hex(SECRET));
    const tries = [
      openWith(other, sealed, PLACE),
      openWith({ ...key, publicKey: other.publicKey }, sealed, PLACE),
      ...(['purpose', 'key', 'holder'] as const).map((part) => openWith(key, sealed, { ...PLACE, [part]: 'x' })),
      ...Array.from({ length: sealed.length }, (_, at) => openWith(key, flipped(sealed, 8 * at + (at % 8)), PLACE)),
      ...[0, 64, 65, 80, sealed.length - 1].map((length) => openWith(key, sealed.slice(0, length), PLACE)),
    ];
    const codes = await Promise.all(tries.map((attempt) => codeOfAsync(() => attempt)));
    expect(new Set(codes)).toEqual(new Set(['key.refused']));
  });

  it('is another text each time [KEY-04]', async () => {
    const { publicKey } = await fresh();
    const [one, other] = [await sealFor(publicKey, SECRET, PLACE), await sealFor(publicKey, SECRET, PLACE)];
    expect(hex(one)).not.toBe(hex(other));
  });

  it('is opened by a handle that cannot be exported [KEY-04]', async () => {
    expect((await fresh()).privateKey.extractable).toBe(false);
  });
});

describe('a public key', () => {
  it('that is no point of the curve, or in another form, is refused before anything is sealed for it [KEY-04]', async () => {
    const { publicKey } = await fresh();
    const off = publicKey.slice();
    off[64] = (off[64] ?? 0) ^ 1;
    const compressed = Uint8Array.of(2, ...publicKey.subarray(1, 33));
    const hybrid = Uint8Array.of(6, ...publicKey.subarray(1));
    for (const wrong of [off, compressed, hybrid, publicKey.slice(0, 64), new Uint8Array(65), Uint8Array.of(0)]) {
      expect(await codeOfAsync(() => checkSharingKey(wrong))).toBe('key.malformed');
      expect(await codeOfAsync(() => sealFor(wrong, SECRET, PLACE))).toBe('key.malformed');
    }
    expect(await codeOfAsync(() => sharingKeyFrom(publicKey, utf8('no key')))).toBe('key.malformed');
  });
});
