/**
 * The signing platform of a simulated world. Its keys are Ed25519 keys of the real platform, made from numbers: one seed gives the
 * same keys again. Signatures are the platform's own, or simulated: made at once by a scheme that has a secret for each of its keys.
 *
 * Invariants: a simulated signature has the form that the product takes for canonical; without the key's secret nobody makes one;
 * what the scheme has not signed gets the platform's verdict; both kinds of signatures give the same history. Laws: `signingPlatform.test`.
 */
import { sameBytes, utf8 } from '../../crypto/bytes.ts';
import { sha256 } from '../../crypto/sha256.ts';
import { loadCurve, softKey, softKeyBytes } from '../../crypto/softKey.ts';
import { type Answer, cryptoInOrder } from './cryptoInOrder.ts';

/** Who signs in a world: a scheme of its own, many times as fast, or the platform with its Ed25519. */
export type Signatures = 'simulated' | 'platform';

const ALGORITHM = 'Ed25519';

/** A process makes so many keys for its worlds, and takes them again: each costs some milliseconds, also those who check it. */
const KEYS = 256;
/** Worlds of seeds that follow each other begin so many keys apart. */
const KEYS_APART = 37;

type Bytes = Uint8Array<ArrayBuffer>;
type Secret = { readonly publicKey: Bytes; readonly secret: Bytes };

/** Calls of the platform as it is, past the order in which a world has them. */
const platform = {
  importKey: (form: 'raw' | 'pkcs8', bytes: Bytes, extractable: boolean, usages: KeyUsage[]): Promise<CryptoKey> =>
    SubtleCrypto.prototype.importKey.call(crypto.subtle, form, bytes, ALGORITHM, extractable, usages),
  exportRaw: async (key: CryptoKey): Promise<Bytes> => {
    const bytes = await SubtleCrypto.prototype.exportKey.call(crypto.subtle, 'raw', key);
    return bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : new Uint8Array();
  },
  call: (name: 'generateKey' | 'sign' | 'verify' | 'digest', words: readonly unknown[]): unknown =>
    Reflect.apply(SubtleCrypto.prototype[name], crypto.subtle, words),
};

const pairs = new Map<string, Promise<CryptoKeyPair>>();
/** The secrets of the scheme: by the handle that signs, and by the public key in hex. */
const secretOf = new WeakMap<object, Secret>();
const secretsByKey = new Map<string, Secret>();
const publicBytes = new WeakMap<object, Bytes>();

const nameOf = (bytes: Uint8Array): string => bytes.join();

const makePair = async (number: number, extractable: boolean): Promise<CryptoKeyPair> => {
  const seed = Uint8Array.from(sha256(utf8(`key ${number} of simulated worlds`)));
  const pkcs8 = softKeyBytes(softKey(seed, true)) ?? seed;
  const publicKey = Uint8Array.from((await loadCurve()).publicKeyOf(seed));
  const secret = { publicKey, secret: Uint8Array.from(sha256(utf8('signs in simulated worlds'), seed)) };
  const pair = {
    privateKey: await platform.importKey('pkcs8', pkcs8, extractable, ['sign']),
    publicKey: await platform.importKey('raw', publicKey, true, ['verify']),
  };
  secretOf.set(pair.privateKey, secret);
  secretsByKey.set(nameOf(publicKey), secret);
  return pair;
};

const pairOf = (number: number, extractable: boolean): Promise<CryptoKeyPair> => {
  const name = `${number} ${extractable}`;
  const pair = pairs.get(name) ?? makePair(number, extractable);
  pairs.set(name, pair);
  return pair;
};

/** Half of a signature: 32 bytes that nobody knows who lacks the secret, below 2^252 as they are read. */
const half = ({ secret }: Secret, part: number, message: Uint8Array): Uint8Array => {
  const bytes = sha256(Uint8Array.of(part, ...secret), message);
  bytes[31] = (bytes[31] ?? 0) & 0x0f;
  return bytes;
};

const signed = (secret: Secret, message: Uint8Array): Bytes => {
  const signature = new Uint8Array(64);
  signature.set(half(secret, 1, message));
  signature.set(half(secret, 2, message), 32);
  return signature;
};

const publicBytesOf = async (handle: CryptoKey): Promise<Bytes> => {
  const known = publicBytes.get(handle);
  if (known !== undefined) return known;
  const bytes = await platform.exportRaw(handle);
  publicBytes.set(handle, bytes);
  return bytes;
};

const sign: Answer = (words) => {
  const [, handle, message] = words;
  const secret = handle instanceof CryptoKey ? secretOf.get(handle) : undefined;
  if (secret === undefined || !(message instanceof Uint8Array)) return platform.call('sign', words);
  return signed(secret, message).buffer;
};

const isSigned = async ([algorithm, handle, signature, message]: readonly unknown[]): Promise<boolean> => {
  if (algorithm !== ALGORITHM || !(handle instanceof CryptoKey) || !handle.extractable) return false;
  if (!(signature instanceof Uint8Array && message instanceof Uint8Array)) return false;
  const secret = secretsByKey.get(nameOf(await publicBytesOf(handle)));
  return secret !== undefined && sameBytes(signature, signed(secret, message));
};

const verify: Answer = async (words) => (await isSigned(words)) || platform.call('verify', words);

const digest: Answer = (words) => {
  const [algorithm, bytes] = words;
  const isOurs = algorithm === 'SHA-256' && bytes instanceof Uint8Array;
  return isOurs ? Uint8Array.from(sha256(bytes)).buffer : platform.call('digest', words);
};

/** Keys by their numbers, where the platform has the curve. */
const generator = (seed: number): Answer => {
  let made = 0;
  return (words) => {
    const [algorithm, extractable] = words;
    if (algorithm !== ALGORITHM) return platform.call('generateKey', words);
    const number = made++;
    return pairOf(number < KEYS ? (seed * KEYS_APART + number) % KEYS : number, extractable === true);
  };
};

let living: { readonly signatures: Signatures; count: number } | undefined;

/**
 * Puts the platform of a world in the place of WebCrypto's, until what it gives is called. Worlds that live at once share that of the first.
 * @throws RangeError if another world lives, and signs otherwise
 */
export const signingPlatform = (signatures: Signatures, seed: number): (() => void) => {
  if (living !== undefined && living.signatures !== signatures)
    throw new RangeError('worlds that live at once have to sign alike');
  living ??= { signatures, count: 0 };
  living.count += 1;
  const generateKey = generator(seed);
  const free = cryptoInOrder(
    new Map(Object.entries(signatures === 'platform' ? { generateKey } : { generateKey, sign, verify, digest })),
  );
  return () => {
    free();
    if (living !== undefined && --living.count === 0) living = undefined;
  };
};
