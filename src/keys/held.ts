/**
 * Wrapping keys: of a study, a site, or a group of fields. Each user who holds one has it in a wrap of the vault; it reaches
 * another user as a grant, sealed for that user's sharing key. Revoking goes forward: a newer key of the same name, granted
 * to those who stay. Laws: `held.laws`.
 */
import { StoreError } from '../core/errors.ts';
import { type KeyId, keyId, type UserId } from '../core/ids.ts';
import type { Entropy } from '../core/ports.ts';
import { fromBase64, fromUtf8, toBase64, toBase64Url, utf8 } from '../crypto/bytes.ts';
import { openWith, type SharingKey, sealFor } from '../crypto/hpke.ts';
import { baseKey, unwrapSecret, type WrapPlace, wipe, wrapSecret } from '../crypto/secretKey.ts';
import { sha256 } from '../crypto/sha256.ts';
import type { HeldKey, VaultUser } from './format.ts';
import type { WrappingKey } from './rows.ts';
import type { UserPlace } from './userKeys.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const KEY_BYTES = 32;
const ID_DOMAIN = utf8('indelible/v1/wrapping-key\0');

/** Somebody who may be granted a key: their name, and the public half of their sharing key in base64, as enrolled. */
export type Holder = { readonly user: UserId; readonly sharingKey: string };

/** A wrapping key on its way to another user. Not secret: it opens with that user's sharing key alone. */
export type Grant = {
  readonly wrapping: KeyId;
  readonly name: string;
  readonly holder: Holder;
  /** Base64. */
  readonly sealed: string;
};

const idOf = (key: Bytes): KeyId => keyId(toBase64Url(sha256(ID_DOMAIN, key)));

const heldPlace = (id: KeyId, { vault, tag }: UserPlace): WrapPlace => ({
  purpose: 'wrapping-key',
  key: id,
  holder: `${vault}/${tag}`,
});
/** Where a grant is sealed: for one holder, of one key. */
export const grantPlace = ({ wrapping, name, holder }: Omit<Grant, 'sealed'>): WrapPlace => ({
  purpose: 'grant',
  key: `${wrapping}/${name}`,
  holder: `${holder.sharingKey}/${holder.user}`,
});

const wrapHeld = async (
  key: Bytes,
  name: string,
  at: UserPlace,
  userKey: CryptoKey,
  entropy: Entropy,
): Promise<HeldKey> => {
  const label = utf8(name);
  const bytes = new Uint8Array(KEY_BYTES + label.length);
  bytes.set(key);
  bytes.set(label, KEY_BYTES);
  const id = idOf(key);
  return { id, wrap: await wrapSecret(userKey, bytes, heldPlace(id, at), entropy).finally(() => wipe(bytes)) };
};

/** A fresh wrapping key for a user. */
export const makeHeld = async (name: string, at: UserPlace, userKey: CryptoKey, entropy: Entropy): Promise<HeldKey> => {
  const key = Uint8Array.from(entropy.bytes(KEY_BYTES));
  return wrapHeld(key, name, at, userKey, entropy).finally(() => wipe(key));
};

/** The bytes of a held key, for the one who wipes them, and its name. @throws StoreError `key.refused` */
const openHeld = async ({ id, wrap }: HeldKey, at: UserPlace, userKey: CryptoKey) => {
  const bytes = await unwrapSecret(userKey, wrap, heldPlace(id, at));
  const key = bytes.slice(0, KEY_BYTES);
  const name = fromUtf8(bytes.subarray(KEY_BYTES));
  wipe(bytes);
  return { id, key, name };
};

/** The wrapping keys of a user, to derive from. @throws StoreError `key.refused` if one was altered */
export const wrappingKeysOf = (user: VaultUser, at: UserPlace, userKey: CryptoKey): Promise<readonly WrappingKey[]> =>
  Promise.all(
    user.held.map(async (each) => {
      const { id, key, name } = await openHeld(each, at, userKey);
      return { id, name, base: await baseKey(key).finally(() => wipe(key)) };
    }),
  );

/** Every key of a name, also the older ones, for somebody else. Empty if the user holds none. @throws StoreError `key.malformed` */
export const grantsOf = async (
  user: VaultUser,
  at: UserPlace,
  userKey: CryptoKey,
  to: { readonly name: string; readonly holder: Holder },
): Promise<readonly Grant[]> => {
  const grants: Grant[] = [];
  for (const each of user.held) {
    const { id, key, name } = await openHeld(each, at, userKey);
    const grant = { wrapping: id, ...to };
    if (name === to.name) {
      const sealed = await sealFor(fromBase64(to.holder.sharingKey), key, grantPlace(grant)).finally(() => wipe(key));
      grants.push({ ...grant, sealed: toBase64(sealed) });
    }
    wipe(key);
  }
  return grants;
};

/**
 * A granted key as one that the user holds.
 * @throws StoreError `key.refused`: for somebody else, altered, or not the key it says
 */
export const acceptGrant = async (
  grant: Grant,
  sharing: SharingKey,
  by: { readonly at: UserPlace; readonly userKey: CryptoKey; readonly entropy: Entropy },
): Promise<HeldKey> => {
  const key = await openWith(sharing, fromBase64(grant.sealed), grantPlace(grant));
  try {
    if (key.length !== KEY_BYTES || idOf(key) !== grant.wrapping) throw new StoreError('key.refused');
    return await wrapHeld(key, grant.name, by.at, by.userKey, by.entropy);
  } finally {
    wipe(key);
  }
};

/** Keys of these names, wrapped for a user who is just being made in the same vault. */
export const passedOn = async (
  from: { readonly user: VaultUser; readonly at: UserPlace; readonly userKey: CryptoKey },
  names: readonly string[],
  to: { readonly at: UserPlace; readonly userKey: CryptoKey; readonly entropy: Entropy },
): Promise<readonly HeldKey[]> => {
  const passed: HeldKey[] = [];
  for (const each of from.user.held) {
    const { key, name } = await openHeld(each, from.at, from.userKey);
    if (names.includes(name)) passed.push(await wrapHeld(key, name, to.at, to.userKey, to.entropy));
    wipe(key);
  }
  return passed;
};
