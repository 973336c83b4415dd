/** Who may do what in the study, as of now or of any time, and what somebody who administers it may change. */
import {
  type AccessEntry,
  ADMINISTRATION,
  accessAt,
  accessNow,
  accessOf,
  grantKeys,
  isAdministrator,
  ownFingerprint,
  type RevocationOutcome,
  revokeAccess,
  rotateKeys,
  rotationsDue,
} from '../../src/clinical.ts';
import type { SendOutcome, Store } from '../../src/index.ts';
import type { Device } from './device.ts';
import type { OutcomeText } from './outcome.ts';
import { grantText, holdsStudyKey, STUDY } from './studyKey.ts';

export type AccessList = {
  readonly entries: readonly AccessEntry[];
  /** Of this user on this device. */
  readonly fingerprint: string;
  /** True if this user administers it, on this device. */
  readonly mayChange: boolean;
  /** True if this user holds the study's key. */
  readonly isHolder: boolean;
  /** True if somebody has the newest key who may not have it any more. */
  readonly isDue: boolean;
};

/** True if whoever acts on this device may let people in and take them off. */
export const mayAdminister = ({ store, keys }: Pick<Device, 'store' | 'keys'>): boolean =>
  isAdministrator(accessOf(store).state().context, { user: keys.user, replica: store.replica });

/** @param instant  RFC 3339 UTC with milliseconds; now if absent   @throws StoreError `key.locked`, `storage.*` */
export const readAccess = async (device: Device, instant: string | undefined): Promise<AccessList> => {
  const { store, keys } = device;
  const isHeld = await holdsStudyKey(device);
  return {
    entries: instant === undefined ? accessNow(store) : await accessAt(store, { instant }),
    fingerprint: await ownFingerprint(keys),
    mayChange: instant === undefined && mayAdminister(device),
    isHolder: instant === undefined && isHeld,
    isDue: rotationsDue(accessOf(store).state().context).includes(STUDY),
  };
};

/** `device`: what it is called. */
type DeviceOf = { readonly holder: string; readonly user: string; readonly device: string };

/** What is about to be changed. `holder`: fingerprint of a device, or of a recovery key. */
export type AccessAct =
  | { readonly kind: 'remove' | 'readmit' | 'role' | 'administer' | 'retire'; readonly entry: AccessEntry }
  | ({ readonly kind: 'grant' } & DeviceOf)
  | ({ readonly kind: 'revoke' } & DeviceOf)
  | { readonly kind: 'rotate' };

export type ActDetails = {
  readonly reason: string;
  /** The new one. */
  readonly role: string;
  /** Since when a revoked device does not count, RFC 3339 UTC with milliseconds. */
  readonly from: string;
};

/** What is said where a step was not recorded. */
export const CHANGED =
  'Nothing was recorded: you may not do it, or the list has changed meanwhile. Look at it, and decide again.';

const sentText = (outcome: SendOutcome | undefined, done: string): OutcomeText =>
  outcome?.kind === 'committed' ? { text: done, isGood: true } : { text: CHANGED, isGood: false };

const revokedText = (outcome: RevocationOutcome, done: string): OutcomeText => {
  if (outcome.kind === 'not-recorded') return sentText(outcome.outcome, done);
  if (outcome.left.length > 0)
    return { text: `${done} A newer key is due: somebody who holds the present one has to make it.`, isGood: true };
  return { text: outcome.rotated.length > 0 ? `${done} Who stays has a newer key.` : done, isGood: true };
};

/** Removes a user from the study, and from this device if they can unlock it. */
const removeUser = async ({ store, keys, vault }: Device, user: string, reason: string): Promise<OutcomeText> => {
  const outcome = await revokeAccess(store, keys, { type: 'UserRemoved', user, reason });
  const isLocal = outcome.kind === 'revoked' && (await vault.remove(keys, user)).kind === 'removed';
  const done = `${user} is removed${isLocal ? ', and cannot unlock this device any more' : ''}.`;
  return revokedText(outcome, done);
};

/** A newer key for everybody who has the present one, though nobody lost it. */
const rotateNow = async ({ store, keys }: Device, reason: string): Promise<OutcomeText> => {
  const wrapping = await keys.makeWrappingKey(STUDY);
  const event = { type: 'WrappingKeyMade', wrapping, name: STUDY, holder: await ownFingerprint(keys) } as const;
  const outcome = await accessOf(store).send(event, { reason });
  await rotateKeys(store, keys);
  return sentText(outcome, 'The study has a newer key, and everybody in it gets it at the next sync.');
};

/** Grants the key to a device that was let in without it. */
const grantTo = async ({ store, keys }: Device, to: DeviceOf, reason: string): Promise<OutcomeText> => {
  const access = accessOf(store);
  const given = { type: 'AccessGiven', user: to.user, name: STUDY } as const;
  if (access.can(given)) await access.send(given, { reason });
  return grantText(await grantKeys(store, keys, { name: STUDY, holder: to.holder }), to.user);
};

type Changed = Parameters<ReturnType<typeof accessOf>['send']>[0];

/** Records a change of the list. Where two administrators changed the same apart, it ends that, too. */
const decide = async (store: Store, event: Changed, reason: string): Promise<SendOutcome | undefined> => {
  const access = accessOf(store);
  const [outcome] = await access.resolve(access.state().conflicts, [event], { reason });
  return outcome;
};

/** @throws StoreError as `revokeAccess` */
export const changeAccess = async (device: Device, act: AccessAct, details: ActDetails): Promise<OutcomeText> => {
  const { store, keys } = device;
  const { reason, from } = details;
  if (act.kind === 'rotate') return rotateNow(device, reason);
  if (act.kind === 'revoke') {
    const outcome = await revokeAccess(store, keys, { type: 'DeviceRevoked', holder: act.holder, from, reason });
    return revokedText(outcome, `The ${act.device} is revoked.`);
  }
  if (act.kind === 'grant') return grantTo(device, act, reason);
  const { user, site } = act.entry;
  if (act.kind === 'remove') return removeUser(device, user, reason);
  if (act.kind === 'administer' || act.kind === 'retire') {
    const type = act.kind === 'administer' ? 'AccessGiven' : 'AccessRevoked';
    const outcome = await decide(store, { type, user, name: ADMINISTRATION }, reason);
    return sentText(
      outcome,
      act.kind === 'administer' ? `${user} administers the study.` : `${user} administers no more.`,
    );
  }
  const type = act.kind === 'role' ? 'UserChanged' : 'UserReadmitted';
  const outcome = await decide(store, { type, user, role: details.role, site }, reason);
  return sentText(outcome, `${user} is ${details.role} from now on.`);
};

/** Takes somebody into the study who was enrolled on this device; their device asks by itself when they first unlock it. */
export const admitUser = async (device: Device, { user, role }: { user: string; role: string }): Promise<void> => {
  if (!mayAdminister(device)) return;
  const access = accessOf(device.store);
  const steps = [
    { type: 'UserAdded', user, role, site: null },
    { type: 'AccessGiven', user, name: STUDY },
  ] as const;
  for (const step of steps) if (access.can(step)) await access.send(step);
};
