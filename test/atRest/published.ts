/** Published vectors of what the keys at rest are made of, for any platform's WebCrypto and for the keyed hash. */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { expect, it } from 'vitest';

const unhex = (hex: string): Uint8Array<ArrayBuffer> => Uint8Array.from(hexToBytes(hex));

/** AES-256-GCM with nonces of 96 bits: test cases 13 to 16 of the specification that was submitted to NIST. */
const GCM = [
  { key: '00'.repeat(32), iv: '00'.repeat(12), aad: '', plain: '', text: '530f8afbc74536b9a963b4f1c4cb738b' },
  {
    key: '00'.repeat(32),
    iv: '00'.repeat(12),
    aad: '',
    plain: '00'.repeat(16),
    text: 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
  },
  {
    key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
    iv: 'cafebabefacedbaddecaf888',
    aad: '',
    plain:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255',
    text: '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c',
  },
  {
    key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
    iv: 'cafebabefacedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plain:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    text: '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
  },
] as const;

const counting = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, at) => (from + at).toString(16).padStart(2, '0')).join('');

/** HKDF with SHA-256: RFC 5869, appendix A.1 to A.3. */
const HKDF = [
  {
    secret: '0b'.repeat(22),
    salt: counting(0x00, 0x0c),
    info: counting(0xf0, 0xf9),
    out: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  },
  {
    secret: counting(0x00, 0x4f),
    salt: counting(0x60, 0xaf),
    info: counting(0xb0, 0xff),
    out: 'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  },
  {
    secret: '0b'.repeat(22),
    salt: '',
    info: '',
    out: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  },
] as const;

/** HMAC-SHA-256: RFC 4231, test cases 1 and 2. */
const HMAC = [
  {
    key: '0b'.repeat(20),
    data: '4869205468657265',
    out: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  },
  {
    key: '4a656665',
    data: '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
    out: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  },
] as const;

export const publishedVectors = (): void => {
  it.each(GCM)('AES-256-GCM gives the published ciphertext and tag, and opens it: $text [RST-07]', async (vector) => {
    const [iv, additionalData, plain] = [unhex(vector.iv), unhex(vector.aad), unhex(vector.plain)];
    const key = await crypto.subtle.importKey('raw', unhex(vector.key), 'AES-GCM', false, ['encrypt', 'decrypt']);
    const text = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, plain);
    expect(bytesToHex(new Uint8Array(text))).toBe(vector.text);
    const opened = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, text);
    expect(bytesToHex(new Uint8Array(opened))).toBe(vector.plain);
    const other = { name: 'AES-GCM', iv, additionalData: Uint8Array.of(1) };
    await expect(crypto.subtle.decrypt(other, key, text)).rejects.toMatchObject({ name: 'OperationError' });
  });

  it.each(HKDF)('HKDF-SHA-256 gives the published key: $out [RST-07]', async ({ secret, salt, info, out }) => {
    const base = await crypto.subtle.importKey('raw', unhex(secret), 'HKDF', false, ['deriveBits']);
    const algorithm = { name: 'HKDF', hash: 'SHA-256', salt: unhex(salt), info: unhex(info) };
    const bits = await crypto.subtle.deriveBits(algorithm, base, 4 * out.length);
    expect(bytesToHex(new Uint8Array(bits))).toBe(out);
  });

  it.each(HMAC)('HMAC-SHA-256 gives the published code: $out [RST-07]', ({ key, data, out }) => {
    expect(bytesToHex(hmac(sha256, unhex(key), unhex(data)))).toBe(out);
  });
};
