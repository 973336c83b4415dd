/**
 * Wrapping keys and who gets them, as events: asking to be let in, granting, revoking, and the newer key that a revocation
 * leads to. Each step may be repeated: what was recorded is not recorded again, and what was cut off is taken up.
 */
import { userId } from '../core/ids.ts';
import { holderFingerprint } from '../crypto/holder.ts';
import type { KeySession } from '../keys/session.ts';
import { entryOf, grantsOwed, isEntitled, rotationsDue } from '../machines/clinical/index.ts';
import type { SendOutcome, Store } from '../store/types.ts';
import { accessOf } from './access.ts';

/** What an unlocked user brings. */
export type AccessKeys = Pick<KeySession, 'user' | 'holder' | 'wrappingKeys' | 'makeWrappingKey' | 'grant'>;

/** The fingerprint of this user on this device: what is compared before somebody lets it in. */
export const ownFingerprint = async (keys: Pick<AccessKeys, 'holder'>): Promise<string> =>
  holderFingerprint((await keys.holder()).sharingKey);

/** Asks that this user's device be let in; `undefined` if it had asked before. */
export const requestDevice = async (store: Store, keys: AccessKeys): Promise<SendOutcome | undefined> => {
  const { user, sharingKey } = await keys.holder();
  const access = accessOf(store);
  const request = { holder: holderFingerprint(sharingKey), user, sharingKey, replica: store.replica };
  const event = { type: 'DeviceRequested', ...request } as const;
  return access.can(event) ? access.send(event) : undefined;
};

type AccessOf = ReturnType<typeof accessOf>;
type Sent = Parameters<AccessOf['send']>[0];

/** Records what is legal now, and leaves out what is recorded already. */
const sendIfNew = async (access: AccessOf, event: Sent): Promise<void> => {
  if (access.can(event)) await access.send(event);
};

/** Records wrapping keys that this user made and that no event tells of yet. */
const announce = async (store: Store, keys: AccessKeys): Promise<void> => {
  const access = accessOf(store);
  const holder = await ownFingerprint(keys);
  for (const { id, name } of await keys.wrappingKeys())
    await sendIfNew(access, { type: 'WrappingKeyMade', wrapping: id, name, holder });
};

/** Records which of the known keys this holder has, however they came: shared where two people use one device, or recovered. */
export const recordHeld = async (store: Store, keys: Pick<AccessKeys, 'holder' | 'wrappingKeys'>): Promise<void> => {
  const access = accessOf(store);
  const holder = await ownFingerprint(keys);
  for (const { id } of await keys.wrappingKeys()) {
    const event = { type: 'KeyHeld', wrapping: id, holder } as const;
    const isNew = entryOf(access.state().context.held, id)?.includes(holder) !== true;
    if (isNew && access.can(event)) await access.send(event);
  }
};

/**
 * Begins a study, or goes on beginning it: whoever asks is its first user, on this device, with a wrapping key of each name.
 * Only where nobody was added before; otherwise it changes nothing.
 */
export const beginAccess = async (
  store: Store,
  keys: AccessKeys,
  first: { readonly role: string; readonly site: string | null; readonly names: readonly string[] },
): Promise<void> => {
  const access = accessOf(store);
  const { user } = keys;
  if (Object.keys(access.state().context.users).some((other) => other !== user)) return;
  await sendIfNew(access, { type: 'UserAdded', user, role: first.role, site: first.site });
  await requestDevice(store, keys);
  await sendIfNew(access, { type: 'DeviceEnrolled', holder: await ownFingerprint(keys) });
  for (const name of first.names) {
    await sendIfNew(access, { type: 'AccessGiven', user, name });
    if (!(await keys.wrappingKeys()).some((key) => key.name === name)) await keys.makeWrappingKey(name);
  }
  await announce(store, keys);
};

/** `refused`: nothing was granted. */
export type GrantOutcome =
  | { readonly kind: 'granted'; readonly keys: number }
  | {
      readonly kind: 'refused';
      /** `contested`: two events that did not know of each other disagree, and a person has to settle it first. */
      readonly why: 'not-enrolled' | 'revoked' | 'removed' | 'not-given' | 'contested' | 'not-held';
    };

type To = { readonly name: string; readonly holder: string };

const refusalOf = (access: AccessOf, { name, holder }: To): Extract<GrantOutcome, { kind: 'refused' }> | undefined => {
  const { context, conflicts } = access.state();
  const found = entryOf(context.holders, holder);
  const refused = (why: Extract<GrantOutcome, { kind: 'refused' }>['why']) => ({ kind: 'refused', why }) as const;
  if (found === undefined || found.state === 'requested') return refused('not-enrolled');
  const keys = [`holder/${holder}`, `user/${found.user}`, `access/${JSON.stringify([found.user, name])}`];
  if (conflicts.some(({ key }) => key === '*' || keys.includes(key))) return refused('contested');
  if (found.state === 'revoked') return refused('revoked');
  if (found.state === 'recovery') return undefined;
  if (entryOf(context.users, found.user)?.isActive !== true) return refused('removed');
  return isEntitled(context, holder, name) ? undefined : refused('not-given');
};

/**
 * Grants every wrapping key of a name, as far as this user holds them, to an enrolled holder whose user was given the name.
 * @param to.holder  fingerprint, as it was compared   @throws StoreError `key.locked`, `storage.*`
 */
export const grantKeys = async (store: Store, keys: AccessKeys, to: To): Promise<GrantOutcome> => {
  await announce(store, keys);
  const access = accessOf(store);
  const refused = refusalOf(access, to);
  if (refused !== undefined) return refused;
  return { kind: 'granted', keys: await sendGrants(access, keys, to) };
};

/** Keys of a name, sealed for one holder, recorded as far as the holder does not have them. */
const sendGrants = async (access: AccessOf, keys: AccessKeys, { name, holder }: To): Promise<number> => {
  const { context } = access.state();
  const found = entryOf(context.holders, holder);
  if (found === undefined) return 0;
  const wanted = context.keys.filter(({ id }) => entryOf(context.held, id)?.includes(holder) !== true);
  const known = new Set(wanted.map(({ id }) => id));
  let sent = 0;
  for (const { wrapping, sealed } of await keys.grant(name, {
    user: userId(found.user),
    sharingKey: found.sharingKey,
  })) {
    if (!known.has(wrapping)) continue;
    const outcome = await access.send({ type: 'KeyGranted', wrapping, name, holder, sealed });
    if (outcome.kind === 'committed') sent += 1;
  }
  return sent;
};

/** What a rotation came to: names that have a newer key now, and those whose keys this user does not hold. */
export type Rotation = { readonly rotated: readonly string[]; readonly left: readonly string[] };

/**
 * Makes a newer wrapping key of every name of which somebody has the newest who may not have it any more, and grants it to
 * those who stay. Whoever holds a name may do it, again too: it goes on where it was cut off.
 * @throws StoreError `key.locked`, `vault.full`, `storage.*`
 */
export const rotateKeys = async (store: Store, keys: AccessKeys): Promise<Rotation> => {
  const access = accessOf(store);
  const own = await ownFingerprint(keys);
  await announce(store, keys);
  const rotated: string[] = [];
  const left: string[] = [];
  for (const name of rotationsDue(access.state().context)) {
    const isHeld = (await keys.wrappingKeys()).some((key) => key.name === name);
    if (!isHeld || !isEntitled(access.state().context, own, name)) {
      left.push(name);
      continue;
    }
    await keys.makeWrappingKey(name);
    rotated.push(name);
  }
  await announce(store, keys);
  await forwardGrants(store, keys);
  return { rotated, left };
};

/** Grants newer keys to those who have an older one of the same name and stay. */
export const forwardGrants = async (store: Store, keys: AccessKeys): Promise<void> => {
  const access = accessOf(store);
  const held = new Set<string>((await keys.wrappingKeys()).map(({ id }) => id));
  const owed = grantsOwed(access.state().context).filter(({ wrapping }) => held.has(wrapping));
  const pairs = new Map(owed.map(({ name, holder }) => [JSON.stringify([name, holder]), { name, holder }]));
  for (const to of pairs.values()) if (refusalOf(access, to) === undefined) await sendGrants(access, keys, to);
};

/** `not-recorded`: the revocation is not legal now, such as of a name that the user was not given; nothing changed. */
export type RevocationOutcome =
  | ({ readonly kind: 'revoked' } & Rotation)
  | { readonly kind: 'not-recorded'; readonly outcome: SendOutcome };

/** What is taken away: a name from a user, a device since a time (RFC 3339 UTC, milliseconds), or a user altogether. */
export type Revocation =
  | { readonly type: 'AccessRevoked'; readonly user: string; readonly name: string }
  | { readonly type: 'DeviceRevoked'; readonly holder: string; readonly from: string }
  | { readonly type: 'UserRemoved'; readonly user: string };

/**
 * Takes access away and rotates forward: from here on nothing new is sealed under a key that was lost. What had been seen
 * cannot be taken back. A rotation that is cut off stays due (`rotationsDue`); `rotateKeys` takes it up.
 * @throws StoreError `key.locked`, `vault.full`, `append.invalid`, `storage.*`
 */
export const revokeAccess = async (
  store: Store,
  keys: AccessKeys,
  revocation: Revocation & { readonly reason: string },
): Promise<RevocationOutcome> => {
  const { reason, ...event } = revocation;
  const outcome = await accessOf(store).send(event, { reason });
  if (outcome.kind !== 'committed') return { kind: 'not-recorded', outcome };
  return { kind: 'revoked', ...(await rotateKeys(store, keys)) };
};
