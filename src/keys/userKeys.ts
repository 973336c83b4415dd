/**
 * One user's keys: made once, kept as wraps, opened by the user's key. Under it lie the database key, the key by which
 * secrets reach the user, and the key by which the user signs. None of them can be had without a secret of that user:
 * neither another user nor whoever administers the device can make a signature in the user's name.
 */
import { StoreError } from '../core/errors.ts';
import { publicKey32, type UserId, userId } from '../core/ids.ts';
import type { Entropy } from '../core/ports.ts';
import { fromUtf8, toBase64, utf8 } from '../crypto/bytes.ts';
import { makeSharingKey, openWith, type SharingKey, sealFor, sharingKeyFrom } from '../crypto/hpke.ts';
import { privateKeyBytes, privateKeyFrom } from '../crypto/keyBytes.ts';
import { baseKey, unwrapSecret, type WrapPlace, wipe, wrappingKey, wrapSecret } from '../crypto/secretKey.ts';
import { checkPublicKey, makeSigningKey, type SigningKey, sign, verifySignature } from '../crypto/signer.ts';
import type { VaultUser, Way } from './format.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A user of one vault. */
export type UserPlace = { readonly vault: string; readonly tag: string };

const holderOf = ({ vault, tag }: UserPlace): string => `${vault}/${tag}`;
const place = (purpose: string, key: string, user: UserPlace): WrapPlace => ({ purpose, key, holder: holderOf(user) });

/** Where the user's key lies under one way. */
export const wayPlace = (way: Pick<Way, 'id' | 'kind'>, user: UserPlace): WrapPlace =>
  place(`user-key/${way.kind}`, way.id, user);
const databasePlace = (user: UserPlace) => place('database-key', user.vault, user);
const pairPlace = (purpose: 'sharing-key' | 'signing-key', publicKey: Bytes, user: UserPlace) =>
  place(purpose, toBase64(publicKey), user);
const namePlace = (user: UserPlace) => place('user-name', user.tag, user);

/** The key that opens a user's wraps. The bytes are left as they are. */
export const userKeyOf = async (secret: Bytes): Promise<CryptoKey> => wrappingKey(await baseKey(secret), 'user');
const rosterKey = (databaseKey: CryptoKey): Promise<CryptoKey> => wrappingKey(databaseKey, 'vault-roster');

/** The database key's bytes, for the moment in which another user gets them. Whoever asked wipes them. */
export const databaseSecret = (user: VaultUser, at: UserPlace, userKey: CryptoKey): Promise<Bytes> =>
  unwrapSecret(userKey, user.database, databasePlace(at));

/** A new user, but for the ways to unlock and the wrapping keys held. `secret` and `database` stay the caller's to wipe. */
export const makeUser = async (
  name: UserId,
  at: UserPlace,
  { secret, database, entropy }: { readonly secret: Bytes; readonly database: Bytes; readonly entropy: Entropy },
): Promise<Omit<VaultUser, 'ways' | 'held'>> => {
  const userKey = await userKeyOf(secret);
  const roster = await rosterKey(await baseKey(database));
  const sharing = await makeSharingKey();
  const signing = await makeSigningKey({ extractable: true });
  const signingPublic = Uint8Array.from(signing.publicKey);
  const signingBytes = await privateKeyBytes(signing.privateKey);
  try {
    return {
      tag: at.tag,
      name: await wrapSecret(roster, utf8(name), namePlace(at), entropy),
      database: await wrapSecret(userKey, database, databasePlace(at), entropy),
      sharing: {
        publicKey: sharing.publicKey,
        wrap: await wrapSecret(userKey, sharing.privateBytes, pairPlace('sharing-key', sharing.publicKey, at), entropy),
      },
      signing: {
        publicKey: signingPublic,
        wrap: await wrapSecret(userKey, signingBytes, pairPlace('signing-key', signingPublic, at), entropy),
      },
    };
  } finally {
    wipe(sharing.privateBytes, signingBytes);
  }
};

export const sharingKeyOf = async (user: VaultUser, at: UserPlace, userKey: CryptoKey): Promise<SharingKey> => {
  const { publicKey, wrap } = user.sharing;
  const bytes = await unwrapSecret(userKey, wrap, pairPlace('sharing-key', publicKey, at));
  return sharingKeyFrom(publicKey, bytes).finally(() => wipe(bytes));
};

export const signingKeyOf = async (user: VaultUser, at: UserPlace, userKey: CryptoKey): Promise<SigningKey> => {
  const { publicKey, wrap } = user.signing;
  const bytes = await unwrapSecret(userKey, wrap, pairPlace('signing-key', publicKey, at));
  try {
    return { publicKey: checkPublicKey(publicKey32(publicKey)), privateKey: await privateKeyFrom(bytes) };
  } finally {
    wipe(bytes);
  }
};

/** The names of a vault's users, by tag: for those who have the database key. One that was changed is left out. */
export const rosterOf = async (
  users: readonly VaultUser[],
  vault: string,
  databaseKey: CryptoKey,
): Promise<ReadonlyMap<string, UserId>> => {
  const key = await rosterKey(databaseKey);
  const names = new Map<string, UserId>();
  for (const { tag, name } of users) {
    const bytes = await unwrapSecret(key, name, namePlace({ vault, tag })).catch(() => undefined);
    if (bytes !== undefined) names.set(tag, userId(fromUtf8(bytes)));
  }
  return names;
};

const TRIAL = utf8('indelible/v1/self-test\0');

/**
 * Signs and verifies, seals and opens, with the user's own keys as they are stored.
 * @throws StoreError `key.self-test-failed`
 */
export const tryUserKeys = async (user: VaultUser, at: UserPlace, userKey: CryptoKey): Promise<void> => {
  const failed = (what: string) => new StoreError('key.self-test-failed', { what });
  const where = place('self-test', at.tag, at);
  const sharing = await sharingKeyOf(user, at, userKey).catch(() => Promise.reject(failed('sharing')));
  const opened = await sealFor(sharing.publicKey, TRIAL, where)
    .then((sealed) => openWith(sharing, sealed, where))
    .catch(() => Promise.reject(failed('sharing')));
  if (fromUtf8(opened) !== fromUtf8(TRIAL)) throw failed('sharing');
  const signing = await signingKeyOf(user, at, userKey).catch(() => Promise.reject(failed('signing')));
  const signature = await sign(signing, TRIAL).catch(() => Promise.reject(failed('signing')));
  if (!(await verifySignature(signing.publicKey, signature, TRIAL))) throw failed('signing');
};
