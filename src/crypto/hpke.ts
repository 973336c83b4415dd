/**
 * Secrets for the holder of an enrolled public key: HPKE (RFC 9180) in base mode with DHKEM(P-256, HKDF-SHA256),
 * HKDF-SHA256 and AES-256-GCM. P-256, because every platform that this library runs on has it with keys that cannot be
 * exported; X25519 is missing from some.
 *
 * Base mode says for whom a secret is, not from whom: a grant is an event, and its commit's signature says who granted.
 * Laws: `hpke.laws`.
 */
import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core';
import { StoreError } from '../core/errors.ts';
import type { WrapPlace } from './secretKey.ts';
import { placeBytes } from './secretKey.ts';

const CURVE = { name: 'ECDH', namedCurve: 'P-256' };
const ENCAPSULATED_BYTES = 65;
const TAG_BYTES = 16;
const USAGES: KeyUsage[] = ['deriveBits'];

/** The key by which secrets reach its holder: 65 bytes (SEC 1, uncompressed), and a handle that cannot be exported. */
export type SharingKey = { readonly publicKey: Uint8Array<ArrayBuffer>; readonly privateKey: CryptoKey };

const suite = () => new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

const publicHandle = (bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', bytes, CURVE, true, []);

/** Checks that the bytes are a point of the curve. @throws StoreError `key.malformed` */
export const checkSharingKey = async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
  try {
    if (bytes.length === ENCAPSULATED_BYTES && bytes[0] === 4) return void (await publicHandle(bytes));
  } catch {
    // told below
  }
  throw new StoreError('key.malformed', { bytes: bytes.length });
};

/** A fresh key: its public half, and the private half as PKCS #8, to be wrapped and then wiped. */
export const makeSharingKey = async (): Promise<{
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly privateBytes: Uint8Array<ArrayBuffer>;
}> => {
  const pair = await crypto.subtle.generateKey(CURVE, true, USAGES);
  const [publicKey, privateBytes] = await Promise.all([
    crypto.subtle.exportKey('raw', pair.publicKey),
    crypto.subtle.exportKey('pkcs8', pair.privateKey),
  ]);
  return { publicKey: new Uint8Array(publicKey), privateBytes: new Uint8Array(privateBytes) };
};

/** A handle that opens and cannot be exported. @throws StoreError `key.malformed` */
export const sharingKeyFrom = async (
  publicKey: Uint8Array<ArrayBuffer>,
  privateBytes: Uint8Array<ArrayBuffer>,
): Promise<SharingKey> => {
  await checkSharingKey(publicKey);
  try {
    return { publicKey, privateKey: await crypto.subtle.importKey('pkcs8', privateBytes, CURVE, false, USAGES) };
  } catch (cause) {
    throw new StoreError('key.malformed', {}, { cause });
  }
};

/**
 * Seals a secret for whoever holds the private half of `publicKey`.
 * @returns the encapsulated key of 65 bytes, then ciphertext and tag   @throws StoreError `key.malformed`
 */
export const sealFor = async (
  publicKey: Uint8Array<ArrayBuffer>,
  secret: Uint8Array<ArrayBuffer>,
  place: WrapPlace,
): Promise<Uint8Array<ArrayBuffer>> => {
  await checkSharingKey(publicKey);
  const sender = await suite().createSenderContext({
    recipientPublicKey: await publicHandle(publicKey),
    info: placeBytes(place),
  });
  const text = await sender.seal(secret);
  const sealed = new Uint8Array(ENCAPSULATED_BYTES + text.byteLength);
  sealed.set(new Uint8Array(sender.enc));
  sealed.set(new Uint8Array(text), ENCAPSULATED_BYTES);
  return sealed;
};

/** Opens what `sealFor` sealed for this key at this place. @throws StoreError `key.refused`; why is not told */
export const openWith = async (
  key: SharingKey,
  sealed: Uint8Array<ArrayBuffer>,
  place: WrapPlace,
): Promise<Uint8Array<ArrayBuffer>> => {
  try {
    if (sealed.length < ENCAPSULATED_BYTES + TAG_BYTES) throw new StoreError('key.refused');
    const recipient = await suite().createRecipientContext({
      recipientKey: { publicKey: await publicHandle(key.publicKey), privateKey: key.privateKey },
      enc: sealed.slice(0, ENCAPSULATED_BYTES),
      info: placeBytes(place),
    });
    return new Uint8Array(await recipient.open(sealed.slice(ENCAPSULATED_BYTES)));
  } catch {
    throw new StoreError('key.refused');
  }
};
