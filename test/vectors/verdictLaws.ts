/** One verdict everywhere: run in Node and in each browser, with the platform's Ed25519 and without it. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { isStoreError } from '../../src/core/errors.ts';
import { publicKey32, signature64 } from '../../src/core/ids.ts';
import { privateKeyFrom } from '../../src/crypto/keyBytes.ts';
import { checkEnrolledKey, sign, verifySignature } from '../../src/crypto/signer.ts';
import { withoutEd25519 } from '../support/withoutEd25519.ts';
import {
  add,
  BASE,
  encodePoint,
  expand,
  hashToScalar,
  IDENTITY,
  L,
  littleEndian,
  type Point,
  pointsAt,
  times,
} from '../unit/crypto/ed25519.ts';
import { SIGNATURES, SPECCHECK_KEYS } from './ed25519.ts';

const unhex = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(hexToBytes(text));

/** RFC 8032, section 7.1: secret, public key, message, signature. */
const RFC_8032: readonly (readonly [string, string, string, string])[] = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
];

const PKCS8_HEAD = unhex('302e020100300506032b657004220420');

/** A point of order 8 and its multiples: every point whose order divides 8. */
const smallPoints = (): readonly Point[] => {
  const order8 = pointsAt(0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n)[0] ?? IDENTITY;
  return Array.from({ length: 8 }, (_, at) => times(BigInt(at), order8));
};

type Made = { readonly name: string; readonly key: Uint8Array; readonly signature: Uint8Array };
const MESSAGE = unhex('696e64656c69626c65');

/** Signatures of a dishonest holder: parts of small order added to the key and to R, in all 64 ways. */
const twisted = (): readonly Made[] => {
  const { scalar, prefix } = expand(unhex(RFC_8032[0]?.[0] ?? ''));
  const nonce = hashToScalar(prefix, MESSAGE);
  const [honestKey, honestR, small] = [times(scalar, BASE), times(nonce, BASE), smallPoints()];
  return small.flatMap((a, atA) =>
    small.map((b, atR) => {
      const [key, r] = [encodePoint(add(honestKey, a)), encodePoint(add(honestR, b))];
      const challenge = hashToScalar(r, key, MESSAGE);
      const s = littleEndian((nonce + challenge * scalar) % L);
      return { name: `${atA} ${atR}`, key, signature: Uint8Array.from([...r, ...s]) };
    }),
  );
};

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'none';
  } catch (error) {
    return isStoreError(error) ? error.code : String(error);
  }
};

const verifies = (key: Uint8Array, signature: Uint8Array, message: Uint8Array<ArrayBuffer>): Promise<boolean> =>
  verifySignature(publicKey32(key), signature64(signature), message);

const publishedHolds = async (): Promise<void> => {
  for (const [secret, publicKey, message, signature] of RFC_8032) {
    const privateKey = await privateKeyFrom(Uint8Array.from([...PKCS8_HEAD, ...unhex(secret)]));
    const key = { publicKey: publicKey32(unhex(publicKey)), privateKey };
    expect(bytesToHex(await sign(key, unhex(message)))).toBe(signature);
    expect(await verifies(unhex(publicKey), unhex(signature), unhex(message))).toBe(true);
  }
  for (const { source, about, key, message, signature, holds } of SIGNATURES)
    expect(await verifies(unhex(key), unhex(signature), unhex(message)), `${source}: ${about}`).toBe(holds);
};

const keysAreJudged = async (): Promise<void> => {
  for (const [key, mayBeEnrolled] of SPECCHECK_KEYS)
    expect(await codeOf(checkEnrolledKey(unhex(key))), key).toBe(mayBeEnrolled ? 'none' : 'key.malformed');
  for (const { name, key } of twisted())
    expect(await codeOf(checkEnrolledKey(key)), name).toBe(name.startsWith('0') ? 'none' : 'key.malformed');
  const notOnCurve = littleEndian(2n);
  expect(await codeOf(checkEnrolledKey(notOnCurve))).toBe('key.malformed');
};

const twistsAreRefused = async (): Promise<void> => {
  for (const { name, key, signature } of twisted())
    expect(await verifies(key, signature, MESSAGE), name).toBe(name === '0 0');
};

const CASES = [
  ['gives the published signatures, and the published verdicts or stricter ones [FMT-15]', publishedHolds],
  ['takes up no key of small order or with a part of small order, and no other point twice [FMT-15]', keysAreJudged],
  ['accepts nothing to which a part of small order was added, of the key or of R, in all 64 ways [FMT-15]', twistsAreRefused],
] as const;

export const verdictLaws = (where: string): void => {
  describe(`one verdict, ${where}, by the platform`, () => {
    for (const [name, law] of CASES) it(name, law);
  });
  describe(`one verdict, ${where}, without the platform's Ed25519`, () => {
    for (const [name, law] of CASES) it(name, () => withoutEd25519(law));
  });
};
