/**
 * What the platform's cryptography has to answer, from published vectors: HKDF (RFC 5869, case 1), AES-256-GCM (the GCM
 * specification of McGrew and Viega, case 16) and Ed25519 (RFC 8032 section 7.1, test 2). Law: "refuses to go on where a
 * known answer is wrong".
 */
import { hexToBytes } from '@noble/hashes/utils.js';
import { isStoreError } from '../core/errors.ts';
import { publicKey32, signature64 } from '../core/ids.ts';
import { sameBytes } from './bytes.ts';
import { verifySignature } from './signer.ts';

const bytes = (hex: string): Uint8Array<ArrayBuffer> => Uint8Array.from(hexToBytes(hex));

const hkdfAnswers = async (): Promise<boolean> => {
  const base = await crypto.subtle.importKey('raw', new Uint8Array(22).fill(0x0b), 'HKDF', false, ['deriveBits']);
  const salt = bytes('000102030405060708090a0b0c');
  const info = bytes('f0f1f2f3f4f5f6f7f8f9');
  const found = await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, base, 336);
  const expected = '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865';
  return sameBytes(new Uint8Array(found), bytes(expected));
};

const GCM = {
  key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
  iv: 'cafebabefacedbaddecaf888',
  data: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
  text:
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
    '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
  sealed:
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
    '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
    '76fc6ece0f4e1768cddf8853bb2d551b',
};

const gcmAnswers = async (): Promise<boolean> => {
  const key = await crypto.subtle.importKey('raw', bytes(GCM.key), 'AES-GCM', false, ['encrypt', 'decrypt']);
  const algorithm = { name: 'AES-GCM', iv: bytes(GCM.iv), additionalData: bytes(GCM.data) };
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, bytes(GCM.text)));
  if (!sameBytes(sealed, bytes(GCM.sealed))) return false;
  if (!sameBytes(new Uint8Array(await crypto.subtle.decrypt(algorithm, key, sealed)), bytes(GCM.text))) return false;
  sealed[0] = (sealed[0] ?? 0) ^ 1;
  const isTaken = await crypto.subtle.decrypt(algorithm, key, sealed).then(
    () => true,
    () => false,
  );
  return !isTaken;
};

const ED25519 = {
  key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  signature:
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
    '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
};

const ed25519Answers = async (): Promise<boolean> => {
  const [key, signature] = [publicKey32(bytes(ED25519.key)), signature64(bytes(ED25519.signature))];
  const [right, wrong] = await Promise.all([
    verifySignature(key, signature, Uint8Array.of(0x72)),
    verifySignature(key, signature, Uint8Array.of(0x73)),
  ]);
  return right && !wrong;
};

/** True if all answer as published. @throws StoreError `store.part-missing`: not asked yet */
export const answersAreKnown = async (): Promise<boolean> => {
  try {
    return (await Promise.all([hkdfAnswers(), gcmAnswers(), ed25519Answers()])).every((holds) => holds);
  } catch (error) {
    if (isStoreError(error, 'store.part-missing')) throw error;
    return false;
  }
};
