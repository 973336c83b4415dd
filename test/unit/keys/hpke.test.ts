import { Aes128Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/crypto/bytes.ts';
import { checkSharingKey, makeSharingKey, openWith, sealFor, sharingKeyFrom } from '../../../src/crypto/hpke.ts';
import { codeOfAsync, flipped, hex, unhex } from '../support.ts';

const PLACE = { purpose: 'wrapping-key', key: 'study-1', holder: 'ada' };
const SECRET = utf8('thirty-two bytes of a secret ...');

const fresh = async () => {
  const { publicKey, privateBytes } = await makeSharingKey();
  return sharingKeyFrom(publicKey, privateBytes);
};

describe('the library under it', () => {
  it('opens the published ciphertext of RFC 9180 appendix A.3.1 [KEY-04]', async () => {
    const suite = new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes128Gcm() });
    const recipientKey = await suite.kem.importKey(
      'raw',
      unhex('f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2').buffer,
      false,
    );
    const enc = unhex(
      '04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4',
    );
    const recipient = await suite.createRecipientContext({ recipientKey, enc, info: utf8('Ode on a Grecian Urn') });
    const text = unhex('5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434');
    const opened = await recipient.open(text, utf8('Count-0'));
    expect(new TextDecoder().decode(opened)).toBe('Beauty is truth, truth beauty');
  });
});

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
