/** The study's key: made once, asked for by other devices, and granted after two people have compared a fingerprint. */
import {
  accessOf,
  beginAccess,
  entryOf,
  type GrantOutcome,
  grantKeys,
  isAdministrator,
  ownFingerprint,
  requestDevice,
} from '../../src/clinical.ts';
import type { Store } from '../../src/index.ts';
import type { KeySession } from '../../src/keys.ts';
import type { Device } from './device.ts';
import type { OutcomeText } from './outcome.ts';

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
  /** `none`: no device has begun the study's key. `asked`: this one waits to be let in. `let-in`: without the key. */
  readonly state: 'none' | 'not-asked' | 'asked' | 'let-in' | 'held';
  /** Of this user on this device. */
  readonly fingerprint: string;
  readonly asking: readonly Asking[];
  /** True if this user administers the study, on this device. */
  readonly mayLetIn: boolean;
};

/** @throws StoreError `key.locked` */
export const holdsStudyKey = async ({ keys }: Pick<Device, 'keys'>): Promise<boolean> =>
  (await keys.wrappingKeys()).some(({ name }) => name === STUDY);

/** @throws StoreError `key.locked` */
export const readStudyKey = async (device: Device): Promise<StudyKey> => {
  const { store, keys } = device;
  const fingerprint = await ownFingerprint(keys);
  const isHeld = await holdsStudyKey(device);
  const { context } = accessOf(store).state();
  const { holders, users } = context;
  const asking = Object.entries(holders).flatMap(([holder, { user, replica, state }]) =>
    state === 'requested' ? [{ holder, user, replica, role: entryOf(users, user)?.role }] : [],
  );
  const isBegun = Object.keys(users).length > 0;
  const hasAsked = asking.some(({ holder }) => holder === fingerprint);
  const isIn = entryOf(holders, fingerprint)?.state === 'enrolled';
  const waits = hasAsked ? 'asked' : isIn ? 'let-in' : isBegun ? 'not-asked' : 'none';
  const state = isHeld ? 'held' : waits;
  const mayLetIn = isAdministrator(context, { user: keys.user, replica: store.replica });
  return { state, fingerprint, asking, mayLetIn };
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

export type Entry = { readonly role: string; readonly getsKey: boolean };

/** Lets a device in whose fingerprint was compared, and grants it the key if it is to have it. */
export const letIn = async ({ store, keys }: Device, who: Asking, { role, getsKey }: Entry): Promise<OutcomeText> => {
  const access = accessOf(store);
  const steps = [
    { type: 'UserAdded', user: who.user, role, site: null },
    { type: 'DeviceEnrolled', holder: who.holder },
    ...(getsKey ? ([{ type: 'AccessGiven', user: who.user, name: STUDY }] as const) : []),
  ] as const;
  for (const step of steps) if (access.can(step)) await access.send(step);
  const isIn = entryOf(access.state().context.holders, who.holder)?.state === 'enrolled';
  if (isIn && !getsKey) return { text: `${who.user} is let in, without the study’s key.`, isGood: true };
  return grantText(await grantKeys(store, keys, { name: STUDY, holder: who.holder }), who.user);
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
export const grantText = (outcome: GrantOutcome, user: string): OutcomeText =>
  outcome.kind === 'granted'
    ? { text: `${user} gets the study’s key at the next sync.`, isGood: true }
    : { text: `The key was not granted: ${REFUSED[outcome.why]}.`, isGood: false };

/** A fingerprint as two people read it to each other: the first 128 bits, in eight groups of four. */
export const spelled = (fingerprint: string): string => (fingerprint.slice(0, 32).match(/.{1,4}/g) ?? []).join(' ');
