/** One device: a store with a database of its own, whoever has unlocked it, its network switch, its sync. */
import {
  Access,
  DiaryEntry,
  ElectronicSignature,
  Erasure,
  ErasureIndex,
  FailedUnlock,
  followAccess,
  followErasures,
  Query,
  SignatureIndex,
  Signer,
  SignerIndex,
  type SigningSession,
  Subject,
  Visit,
} from '../../src/clinical.ts';
import { type CurrentActor, loadParts, openStore, type Store, type Sync } from '../../src/index.ts';
import type { FailedAttempt, KeySession, Vault } from '../../src/keys.ts';
import { type ActingRole, actingRole } from './acting.ts';
import { casebook } from './casebook.ts';
import { POLICY } from './erasing.ts';
import { Form } from './form.ts';
import { type Entrant, type Presence, roleSetting, watchPresence } from './gate.ts';
import { Person } from './person.ts';
import { queries, queriesByForm } from './queryView.ts';
import { type Setting, setting } from './settings.ts';
import { openSigning } from './signing.ts';
import { Study, studies } from './study.ts';
import { askToEnter } from './studyKey.ts';
import { diary, visits } from './subjectViews.ts';
import { token } from './token.ts';

export const TENANT = 'indelible-demo';
const APP_VERSION = 'indelible-app/0.1.0';

export type DeviceSpec = { readonly database: string; readonly title: string; readonly actor: CurrentActor };

export const DEVICES: readonly [DeviceSpec, DeviceSpec] = [
  { database: 'device-a', title: 'Device A', actor: { userId: 'ada.nurse', role: 'site nurse' } },
  { database: 'device-b', title: 'Device B', actor: { userId: 'ben.monitor', role: 'data manager' } },
];

export type Device = {
  readonly spec: DeviceSpec;
  readonly store: Store;
  readonly sync: Sync;
  readonly vault: Vault;
  readonly keys: KeySession;
  readonly presence: Presence;
  /** What the user's signatures are made in: all components first, the secret only after that. */
  readonly signing: SigningSession<string>;
  /** Attempts to unlock that had failed before this one. */
  readonly failures: { readonly attempts: readonly FailedAttempt[]; readonly more: number };
  /** The role in which the user acts. */
  readonly role: ActingRole;
  /** The person's switch: off means that nothing is tried. */
  readonly online: Setting<boolean>;
  /** Replicas whose loss a person has read of. */
  readonly readLosses: Setting<readonly string[]>;
};

const parseNames = (text: string): readonly string[] => text.split(' ').filter((name) => /^[0-9a-f]{32}$/.test(name));

/** Tells the sync whether it may try, until the returned function is called. */
const followSwitch = (sync: Sync, online: Setting<boolean>): (() => void) => {
  const tell = () => sync.setOnline(online.value() && navigator.onLine);
  const switched = online.value$.subscribe(tell);
  const signedIn = token.value$.subscribe(() => void sync.now());
  addEventListener('online', tell);
  addEventListener('offline', tell);
  return () => {
    switched.unsubscribe();
    signedIn.unsubscribe();
    removeEventListener('online', tell);
    removeEventListener('offline', tell);
  };
};

const settingsOf = (spec: DeviceSpec) => ({
  online: setting<boolean>(`${spec.database}.online`, true, {
    parse: (text) => text !== 'off',
    print: (value) => (value ? 'on' : 'off'),
  }),
  readLosses: setting<readonly string[]>(`${spec.database}.read-losses`, [], {
    parse: parseNames,
    print: (names) => names.join(' '),
  }),
});

/** Opens a device for somebody whose keys are unlocked, and starts its sync; it closes when they are locked. @throws StoreError as `openStore` */
export const openDevice = async (spec: DeviceSpec, entrant: Entrant): Promise<Device> => {
  const { vault, keys } = entrant;
  const role = actingRole(roleSetting(spec, keys.user), keys.user);
  const { online, readLosses } = settingsOf(spec);
  const store = await openStore({
    name: spec.database,
    tenant: TENANT,
    aggregates: [
      Study,
      Form,
      Query,
      Subject,
      Visit,
      DiaryEntry,
      Person,
      Signer,
      ElectronicSignature,
      Access,
      FailedUnlock,
      Erasure,
    ],
    views: [queries, queriesByForm, casebook, visits, diary, studies, SignatureIndex, SignerIndex, ErasureIndex],
    actor: () => ({ userId: keys.user, role: role.value() }),
    app: APP_VERSION,
    keys,
  });
  keys.onLock(role.follow(store));
  loadParts().catch(() => undefined); // for when the network is gone; what is missing then is asked for again
  const sync = store.sync({
    url: location.origin,
    token: async () => token.value(),
    network: 'offline',
    intervalMs: 2_000,
    backoffMs: 500,
    backoffMsMax: 8_000,
  });
  keys.onLock(followSwitch(sync, online));
  const failures = await keys.failures(); // before they are recorded and forgotten
  followAccess(store, keys);
  await askToEnter(store, keys);
  followErasures(store, keys.source, POLICY);
  const signing = openSigning(entrant);
  const presence = watchPresence(entrant, signing);
  return { spec, store, sync, vault, keys, presence, signing, failures, role, online, readLosses };
};
