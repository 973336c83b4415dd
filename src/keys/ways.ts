/** Users and their ways to unlock, as they are made and put into a vault. */
import { StoreError } from '../core/errors.ts';
import { userId } from '../core/ids.ts';
import { type PassphraseCost, tuneCost } from '../crypto/passphrase.ts';
import { wipe, wrapSecret } from '../crypto/secretKey.ts';
import type { HeldKey, VaultDocument, VaultUser, Way } from './format.ts';
import { newWay, type OwnSecret, type Secret } from './secrets.ts';
import { freshId, type Tools, tagOf } from './unlocking.ts';
import { makeUser, type UserPlace, userKeyOf, wayPlace } from './userKeys.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** The vault with one user changed. @throws StoreError `key.refused` if the user is gone */
export const withUser = (vault: VaultDocument, tag: string, next: (user: VaultUser) => VaultUser): VaultDocument => {
  if (!vault.users.some((user) => user.tag === tag)) throw new StoreError('key.refused');
  return { ...vault, users: vault.users.map((user) => (user.tag === tag ? next(user) : user)) };
};

/** Makes ways. What the device bears is measured once. */
export const wayMaker = (tools: Tools) => {
  let cost: Promise<PassphraseCost> | undefined;
  const tuned = () => {
    cost ??= tuneCost(tools.derive, tools.clock.uptimeMs);
    return cost;
  };
  /** `secret`: the user's key, wrapped here. */
  return async (name: string, at: UserPlace, present: VaultUser | undefined, with_: Secret, secret: Bytes) => {
    const { entropy, clock } = tools;
    const parts = {
      ...{
        id: freshId(entropy),
        salt: Uint8Array.from(entropy.bytes(32)),
        since: Math.max(0, Math.floor(clock.nowMs())),
      },
      ...{ cost: tuned, user: name, present },
    };
    const { way, key } = await newWay(tools, with_, parts);
    return { ...way, wrap: await wrapSecret(key, secret, wayPlace(way, at), entropy) };
  };
};

/** A way in the place of what it replaces. */
export const placed = (ways: readonly Way[], way: Way): readonly Way[] =>
  way.kind === 'passkey' ? [...ways, way] : [...ways.filter(({ kind }) => kind !== way.kind), way];

type MakeWay = ReturnType<typeof wayMaker>;

/** What a new user gets of wrapping keys. */
export type PassOn = (to: {
  readonly at: UserPlace;
  readonly userKey: CryptoKey;
  readonly entropy: Tools['entropy'];
}) => Promise<readonly HeldKey[]>;

export const enrolling = (tools: Tools, makeWay: MakeWay) => {
  /** A user with one way to unlock. `database` is the caller's to wipe. */
  return async (
    proof: { readonly user: string } & OwnSecret,
    vault: string,
    database: Bytes,
    passOn: PassOn,
  ): Promise<VaultUser> => {
    const { entropy } = tools;
    const name = userId(proof.user);
    const at = { vault, tag: tagOf(vault, name) };
    const secret = Uint8Array.from(entropy.bytes(32));
    try {
      const way = await makeWay(name, at, undefined, proof, secret);
      const held = await passOn({ at, userKey: await userKeyOf(secret), entropy });
      return { ...(await makeUser(name, at, { secret, database, entropy })), ways: [way], held };
    } finally {
      wipe(secret);
    }
  };
};
