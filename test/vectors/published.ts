/** Published vectors of what protected fields rest on, asked of the platform that runs the tests. Bytes in hex. */
import { hexToBytes } from '@noble/hashes/utils.js';
import { bytesOfWords, deriveWords, wordsOf } from '../../src/crypto/keyTree.ts';

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

const hkdf = async (): Promise<string> => {
  const key = await crypto.subtle.importKey('raw', unhex('0b'.repeat(22)), 'HKDF', false, ['deriveBits']);
  const [salt, info] = [unhex('000102030405060708090a0b0c'), unhex('f0f1f2f3f4f5f6f7f8f9')];
  return hex(await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, key, 336));
};

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
    made: hkdf,
  },
  {
    name: 'HChaCha20, draft-irtf-cfrg-xchacha, section 2.2.1',
    expected: '82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc',
    made: async () => hchacha(),
  },
];
