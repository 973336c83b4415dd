/** The study's key: made once, asked for by other devices, and granted after two people have compared a fingerprint. */
import {
  type AccessEntry,
  accessNow,
  accessOf,
  beginAccess,
  entryOf,
  type GrantOutcome,
  grantKeys,
  ownFingerprint,
  requestDevice,
} from '../../src/clinical.ts';
import type { Store } from '../../src/index.ts';
import type { KeySession } from '../../src/keys.ts';
import type { Device } from './device.ts';

/** Name of the study's wrapping keys. */
export const STUDY = 'study';

/** A device that waits to be let in. */
export type Asking = {
  readonly holder: string;
  readonly user: string;
  readonly replica: string;
  /** In the study, if the user is in it already. */
  readonly role: string | undefined;
};

export type StudyKey = {
  /** `none`: no device has begun the study's key. `asked`: this one waits to be let in. */
  readonly state: 'none' | 'not-asked' | 'asked' | 'held';
  /** Of this user on this device. */
  readonly fingerprint: string;
  readonly asking: readonly Asking[];
  readonly people: readonly AccessEntry[];
};

/** @throws StoreError `key.locked` */
export const readStudyKey = async ({ store, keys }: Device): Promise<StudyKey> => {
  const fingerprint = await ownFingerprint(keys);
  const isHeld = (await keys.wrappingKeys()).some(({ name }) => name === STUDY);
  const { holders, users } = accessOf(store).state().context;
  const asking = Object.entries(holders).flatMap(([holder, { user, replica, state }]) =>
    state === 'requested' ? [{ holder, user, replica, role: entryOf(users, user)?.role }] : [],
  );
  const isBegun = Object.keys(users).length > 0;
  const hasAsked = asking.some(({ holder }) => holder === fingerprint);
  const state = isHeld ? 'held' : hasAsked ? 'asked' : isBegun ? 'not-asked' : 'none';
  return { state, fingerprint, asking, people: accessNow(store) };
};

/** Makes the study's key, and this user the first who holds it. */
export const beginStudyKey = ({ store, keys, role }: Device): Promise<void> =>
  beginAccess(store, keys, { role: role.value(), site: null, names: [STUDY] });

export const askForKey = async ({ store, keys }: Device): Promise<void> => {
  await requestDevice(store, keys);
};

/** Asks by itself where somebody took this user into the study already, as by enrolling them on this device. */
export const askToEnter = async (store: Store, keys: KeySession): Promise<void> => {
  if (entryOf(accessOf(store).state().context.users, keys.user)?.isActive === true) await requestDevice(store, keys);
};

/** Lets a device in whose fingerprint was compared, and grants it the key. */
export const letIn = async ({ store, keys }: Device, who: Asking, role: string): Promise<GrantOutcome> => {
  const access = accessOf(store);
  const steps = [
    { type: 'UserAdded', user: who.user, role, site: null },
    { type: 'DeviceEnrolled', holder: who.holder },
    { type: 'AccessGiven', user: who.user, name: STUDY },
  ] as const;
  for (const step of steps) if (access.can(step)) await access.send(step);
  return grantKeys(store, keys, { name: STUDY, holder: who.holder });
};

const REFUSED: Readonly<Record<Extract<GrantOutcome, { kind: 'refused' }>['why'], string>> = {
  'not-enrolled': 'the device is not enrolled',
  revoked: 'the device was revoked',
  removed: 'the user was removed from the study',
  'not-given': 'the user was not given access',
  contested: 'two people decided about it without knowing of each other',
  'not-held': 'you do not hold the key yourself',
};

/** What became of letting somebody in. */
export const grantText = (outcome: GrantOutcome, user: string): { readonly text: string; readonly isGood: boolean } =>
  outcome.kind === 'granted'
    ? { text: `${user} gets the study’s key at the next sync.`, isGood: true }
    : { text: `The key was not granted: ${REFUSED[outcome.why]}.`, isGood: false };

/** A fingerprint as two people read it to each other: the first 128 bits, in eight groups of four. */
export const spelled = (fingerprint: string): string => (fingerprint.slice(0, 32).match(/.{1,4}/g) ?? []).join(' ');
