/**
 * Recovery: a key to which wrapping keys are granted, whose private half nobody has. Its shares lie with custodians, sealed for
 * their devices; as many as were configured release theirs to a device that was let in, which puts them together, takes the
 * wrapping keys, and forgets the rest. No signing key comes back this way: a device has one of its own, and signatures from
 * then on carry its id. Laws: `recovery.laws`.
 */
import { isStoreError } from '../core/errors.ts';
import { keyId, userId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { fromBase64, toBase64, utf8 } from '../crypto/bytes.ts';
import { holderFingerprint } from '../crypto/holder.ts';
import { makeSharingKey, openWith, type SharingKey, sealFor, sharingKeyFrom } from '../crypto/hpke.ts';
import { type WrapPlace, wipe } from '../crypto/secretKey.ts';
import { combineShares, splitSecret } from '../crypto/shares.ts';
import { type Grant, grantPlace } from '../keys/held.ts';
import type { KeySession } from '../keys/session.ts';
import { entryOf, RECOVERY_USER } from '../machines/clinical/index.ts';
import type { SendOutcome, Store } from '../store/types.ts';
import { accessOf } from './access.ts';
import { type AccessKeys, grantKeys, ownFingerprint, recordHeld } from './granting.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** What an unlocked custodian, or whoever recovers, brings. */
export type RecoveryKeys = Pick<KeySession, 'holder' | 'sharingKey' | 'accept' | 'wrappingKeys'>;

const sharePlace = (recovery: string, holder: string): WrapPlace => ({
  purpose: 'recovery-share',
  key: recovery,
  holder,
});
const releasePlace = (recovery: string, by: string, to: string): WrapPlace => ({
  ...{ purpose: 'recovery-release', key: recovery, holder: `${by}/${to}` },
});

/** `refused`: nothing was made. `same-person`: two of the devices are of one user, who would count for two. */
export type RecoveryMade =
  | { readonly kind: 'made'; readonly recovery: string }
  | { readonly kind: 'refused'; readonly why: 'not-enrolled' | 'same-person' | 'threshold' }
  | { readonly kind: 'not-recorded'; readonly outcome: SendOutcome };

/**
 * Makes a recovery key, shared among the custodians' devices (fingerprints), and grants it the wrapping keys of these names.
 * Newer keys of those names reach it as they reach everybody who stays.
 * @param plan.threshold  custodians who are needed: 2 for a two-person rule   @throws StoreError `key.locked`, `storage.*`
 */
export const makeRecoveryKey = async (
  store: Store,
  keys: AccessKeys,
  plan: { readonly custodians: readonly string[]; readonly threshold: number; readonly names: readonly string[] },
): Promise<RecoveryMade> => {
  const { custodians, threshold, names } = plan;
  const access = accessOf(store);
  const { holders } = access.state().context;
  const found = custodians.flatMap((holder) => {
    const device = entryOf(holders, holder);
    return device?.state === 'enrolled' ? [{ holder, ...device }] : [];
  });
  if (found.length !== custodians.length) return { kind: 'refused', why: 'not-enrolled' };
  if (new Set(found.map(({ user }) => user)).size !== found.length) return { kind: 'refused', why: 'same-person' };
  const isSound = Number.isSafeInteger(threshold) && threshold >= 1 && threshold <= found.length;
  if (!isSound || found.length > LIMITS.custodiansMax) return { kind: 'refused', why: 'threshold' };
  const { publicKey, privateBytes } = await makeSharingKey();
  const sharingKey = toBase64(publicKey);
  const recovery = holderFingerprint(sharingKey);
  const split = await splitSecret(privateBytes, { count: found.length, needed: threshold });
  wipe(privateBytes);
  const shares = await Promise.all(
    found.map(async ({ holder, sharingKey: theirs }, at) => {
      const share = split[at] ?? new Uint8Array();
      return { holder, sealed: toBase64(await sealFor(fromBase64(theirs), share, sharePlace(recovery, holder))) };
    }),
  ).finally(() => wipe(...split));
  const outcome = await access.send({ type: 'RecoveryKeyMade', holder: recovery, sharingKey, threshold, shares });
  if (outcome.kind !== 'committed') return { kind: 'not-recorded', outcome };
  for (const name of names) await grantKeys(store, keys, { name, holder: recovery });
  return { kind: 'made', recovery };
};

/** The share of this custodian; undefined if there is none. */
const ownShare = async (store: Store, recovery: string, own: string): Promise<string | undefined> => {
  const made = (await accessOf(store).history()).find(
    ({ type, payload, applied }) => applied && type === 'RecoveryKeyMade' && payload['holder'] === recovery,
  );
  const shares = Array.isArray(made?.payload['shares']) ? made.payload['shares'] : [];
  for (const share of shares) {
    const { holder, sealed } = typeof share === 'object' && share !== null ? { holder: '', sealed: '', ...share } : {};
    if (holder === own && typeof sealed === 'string') return sealed;
  }
  return undefined;
};

/**
 * A custodian releases their share to a device, which was let in and whose fingerprint was compared. With a reason.
 * @returns undefined if this user has no share   @throws StoreError `key.refused` (the share was altered), `key.locked`, `storage.*`
 */
export const releaseShare = async (
  store: Store,
  keys: RecoveryKeys,
  { recovery, to, reason }: { readonly recovery: string; readonly to: string; readonly reason: string },
): Promise<SendOutcome | undefined> => {
  const access = accessOf(store);
  const by = await ownFingerprint(keys);
  const sealed = await ownShare(store, recovery, by);
  const device = entryOf(access.state().context.holders, to);
  if (sealed === undefined || device === undefined) return undefined;
  const share = await openWith(await keys.sharingKey(), fromBase64(sealed), sharePlace(recovery, by));
  const forThem = await sealFor(fromBase64(device.sharingKey), share, releasePlace(recovery, by, to)).finally(() =>
    wipe(share),
  );
  const event = { type: 'RecoveryShareReleased', recovery, by, to, sealed: toBase64(forThem) } as const;
  return access.send(event, { reason });
};

/** Shares that were released to this device, each custodian's once. One that does not open is none. */
const releasedShares = async (
  store: Store,
  recovery: string,
  own: string,
  key: SharingKey,
): Promise<readonly Bytes[]> => {
  const shares = new Map<string, Bytes>();
  for (const { type, applied, payload } of await accessOf(store).history()) {
    const { recovery: of, by, to, sealed } = payload;
    if (type !== 'RecoveryShareReleased' || !applied || of !== recovery || to !== own) continue;
    if (typeof by !== 'string' || typeof sealed !== 'string') continue;
    const share = await openWith(key, fromBase64(sealed), releasePlace(recovery, by, own)).catch(() => undefined);
    if (share !== undefined) shares.set(by, share);
  }
  return [...shares.values()];
};

/** Every choice of `count` out of a list. */
function* choices<T>(list: readonly T[], count: number): Generator<readonly T[]> {
  if (count === 0) yield [];
  else
    for (const [at, first] of list.entries())
      for (const rest of choices(list.slice(at + 1), count - 1)) yield [first, ...rest];
}

const TRIAL = utf8('indelible/v1/recovery-trial\0');

/** The recovery key of these shares; undefined if they do not come to it. */
const keyOfShares = async (publicKey: Bytes, shares: readonly Bytes[]): Promise<SharingKey | undefined> => {
  const bytes = await combineShares(shares);
  try {
    const key = await sharingKeyFrom(publicKey, bytes);
    const place = sharePlace('', '');
    await openWith(key, await sealFor(publicKey, TRIAL, place), place);
    return key;
  } catch (error) {
    if (isStoreError(error)) return undefined;
    throw error;
  } finally {
    wipe(bytes);
  }
};

/** `waiting`: more custodians are needed. `unusable`: there are enough shares, but no choice of them is the key. */
export type Recovered =
  | { readonly kind: 'recovered'; readonly keys: number }
  | { readonly kind: 'waiting'; readonly released: number; readonly needed: number }
  | { readonly kind: 'unknown' | 'unusable' };

/** Takes every wrapping key that was granted to the recovery key, sealed anew for this holder. */
const takeAll = async (store: Store, keys: RecoveryKeys, recovery: string, key: SharingKey): Promise<number> => {
  const holder = await keys.holder();
  const theirs = { user: userId(RECOVERY_USER), sharingKey: toBase64(key.publicKey) };
  const grants: Grant[] = [];
  for (const { type, payload } of await accessOf(store).history()) {
    const { wrapping: id, name, sealed } = payload;
    if (type !== 'KeyGranted' || payload['holder'] !== recovery) continue;
    if (typeof id !== 'string' || typeof name !== 'string' || typeof sealed !== 'string') continue;
    const wrapping = keyId(id);
    const secret = await openWith(key, fromBase64(sealed), grantPlace({ wrapping, name, holder: theirs })).catch(
      () => undefined,
    );
    if (secret === undefined) continue; // forged or damaged: it is none
    const grant = { wrapping, name, holder };
    const own = await sealFor(fromBase64(holder.sharingKey), secret, grantPlace(grant)).finally(() => wipe(secret));
    grants.push({ ...grant, sealed: toBase64(own) });
  }
  await keys.accept(grants);
  await recordHeld(store, keys); // newer keys follow to who is known to have the older ones
  return grants.length;
};

/**
 * Puts released shares together and takes the wrapping keys. The recovery key is used once and not kept; make another one
 * afterwards, and revoke this one, if whoever recovered is not to be able to do it again.
 * @throws StoreError `key.locked`, `vault.full`, `storage.*`
 */
export const recoverKeys = async (store: Store, keys: RecoveryKeys, recovery: string): Promise<Recovered> => {
  const { holders, recoveries } = accessOf(store).state().context;
  const [plan, found] = [entryOf(recoveries, recovery), entryOf(holders, recovery)];
  if (plan === undefined || found === undefined) return { kind: 'unknown' };
  const shares = await releasedShares(store, recovery, await ownFingerprint(keys), await keys.sharingKey());
  try {
    const { threshold } = plan;
    if (shares.length < threshold) return { kind: 'waiting', released: shares.length, needed: threshold };
    for (const chosen of choices(shares, threshold)) {
      const key = await keyOfShares(fromBase64(found.sharingKey), chosen);
      if (key !== undefined) return { kind: 'recovered', keys: await takeAll(store, keys, recovery, key) };
    }
    return { kind: 'unusable' };
  } finally {
    wipe(...shares);
  }
};
