/**
 * Published vectors of the ciphers, hashes and derivations in use, asked of the platform that runs the tests. Bytes in hex. Those of
 * signatures are in `ed25519.ts`; the table of all is in `docs/platforms.md`.
 */
import { Aes128Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core';
import { argon2id } from '@noble/hashes/argon2.js';
import { hexToBytes } from '@noble/hashes/utils.js';
import { bytesOfWords, deriveWords, wordsOf } from '../../src/crypto/keyTree.ts';
import { argon2id as argon2idInWasm } from '../../src/crypto/wasmArgon2.ts';

const unhex = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(hexToBytes(text));
const hex = (bytes: ArrayBuffer | Uint8Array): string =>
  [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');

export type Published = { readonly name: string; readonly expected: string; readonly made: () => Promise<string> };

type GcmCase = Readonly<Record<'key' | 'iv' | 'plain' | 'associated', string>>;

const gcm = async ({ key, iv, plain, associated }: GcmCase): Promise<string> => {
  const imported = await crypto.subtle.importKey('raw', unhex(key), 'AES-GCM', false, ['encrypt', 'decrypt']);
  const parameters = { name: 'AES-GCM', iv: unhex(iv), additionalData: unhex(associated) };
  const text = await crypto.subtle.encrypt(parameters, imported, unhex(plain));
  const again = await crypto.subtle.decrypt(parameters, imported, text);
  if (hex(again) !== plain) throw new Error('what was encrypted does not decrypt');
  return hex(text);
};

const hmac = async (key: string, message: string): Promise<string> => {
  const imported = await crypto.subtle.importKey('raw', unhex(key), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return hex(await crypto.subtle.sign('HMAC', imported, new TextEncoder().encode(message)));
};

type HkdfCase = Readonly<Record<'secret' | 'salt' | 'info', string>> & { readonly bytes: number };

const hkdf = async ({ secret, salt, info, bytes }: HkdfCase): Promise<string> => {
  const key = await crypto.subtle.importKey('raw', unhex(secret), 'HKDF', false, ['deriveBits']);
  const parameters = { name: 'HKDF', hash: 'SHA-256', salt: unhex(salt), info: unhex(info) };
  return hex(await crypto.subtle.deriveBits(parameters, key, 8 * bytes));
};

/** Hex of the bytes from one to another, both included. */
const range = (from: number, to: number): string => hex(Uint8Array.from({ length: to - from + 1 }, (_, at) => from + at));

const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value);
const same = (length: number, byte: number): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(byte);

/** Opens the first ciphertext of the appendix with its recipient's key. */
const hpke = async (): Promise<string> => {
  const suite = new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes128Gcm() });
  const secret = unhex('f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2');
  const recipientKey = await suite.kem.importKey('raw', secret.buffer, false);
  const enc = unhex(
    '04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4',
  );
  const recipient = await suite.createRecipientContext({ recipientKey, enc, info: text('Ode on a Grecian Urn') });
  const sealed = unhex('5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434');
  return hex(await recipient.open(sealed, text('Count-0')));
};

const REFERENCE_ARGON2 = '9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe';

const hchacha = (): string => {
  const key = wordsOf(Uint8Array.from({ length: 32 }, (_, at) => at));
  return hex(bytesOfWords(deriveWords(key, wordsOf(unhex('000000090000004a0000000031415927')))));
};

const KEY = 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308';
const PLAIN =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39';

export const PUBLISHED: readonly Published[] = [
  {
    name: 'AES-256-GCM, McGrew and Viega, test case 13',
    expected: '530f8afbc74536b9a963b4f1c4cb738b',
    made: () => gcm({ key: '00'.repeat(32), iv: '00'.repeat(12), plain: '', associated: '' }),
  },
  {
    name: 'AES-256-GCM, McGrew and Viega, test case 14',
    expected: 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
    made: () => gcm({ key: '00'.repeat(32), iv: '00'.repeat(12), plain: '00'.repeat(16), associated: '' }),
  },
  {
    name: 'AES-256-GCM, McGrew and Viega, test case 16',
    expected:
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
    made: () =>
      gcm({
        key: KEY,
        iv: 'cafebabefacedbaddecaf888',
        plain: PLAIN,
        associated: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
      }),
  },
  {
    name: 'HMAC-SHA-256, RFC 4231, test case 1',
    expected: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    made: () => hmac('0b'.repeat(20), 'Hi There'),
  },
  {
    name: 'HMAC-SHA-256, RFC 4231, test case 2',
    expected: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    made: () => hmac('4a656665', 'what do ya want for nothing?'),
  },
  {
    name: 'HKDF-SHA-256, RFC 5869, test case 1',
    expected: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    made: () => hkdf({ secret: '0b'.repeat(22), salt: range(0x00, 0x0c), info: range(0xf0, 0xf9), bytes: 42 }),
  },
  {
    name: 'HKDF-SHA-256, RFC 5869, test case 2',
    expected:
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    made: () => hkdf({ secret: range(0x00, 0x4f), salt: range(0x60, 0xaf), info: range(0xb0, 0xff), bytes: 82 }),
  },
  {
    name: 'HKDF-SHA-256, RFC 5869, test case 3',
    expected: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    made: () => hkdf({ secret: '0b'.repeat(22), salt: '', info: '', bytes: 42 }),
  },
  {
    name: 'HPKE, RFC 9180, appendix A.3.1, first ciphertext',
    expected: hex(text('Beauty is truth, truth beauty')),
    made: hpke,
  },
  {
    name: 'Argon2id, RFC 9106, section 5.3, in JavaScript',
    expected: '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659',
    made: async () => {
      const options = { t: 3, m: 32, p: 4, dkLen: 32, key: same(8, 3), personalization: same(12, 4) };
      return hex(argon2id(same(32, 1), same(16, 2), options));
    },
  },
  {
    name: 'Argon2id, reference implementation, 2 passes over 256 KiB, in WebAssembly',
    expected: REFERENCE_ARGON2,
    made: async () => {
      const input = { passphrase: text('password'), salt: text('somesalt'), memoryKib: 256, passes: 2, length: 32 };
      return hex(Uint8Array.from(await argon2idInWasm(input)));
    },
  },
  {
    name: 'Argon2id, reference implementation, 2 passes over 256 KiB, in JavaScript',
    expected: REFERENCE_ARGON2,
    made: async () => hex(argon2id(text('password'), text('somesalt'), { t: 2, m: 256, p: 1, dkLen: 32 })),
  },
  {
    name: 'HChaCha20, draft-irtf-cfrg-xchacha, section 2.2.1',
    expected: '82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc',
    made: async () => hchacha(),
  },
];
