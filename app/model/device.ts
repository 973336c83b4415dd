/** One device: a store with a database of its own, its person, its network switch, its sync. */
import { Form } from '../../src/clinical.ts';
import { type CurrentActor, loadParts, openStore, type Store, type Sync } from '../../src/index.ts';
import { casebook } from './casebook.ts';
import { type Setting, setting } from './settings.ts';
import { Study, studies } from './study.ts';
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
  readonly actor: Setting<CurrentActor>;
  /** The person's switch: off means that nothing is tried. */
  readonly online: Setting<boolean>;
  /** Replicas whose loss a person has read of. */
  readonly readLosses: Setting<readonly string[]>;
};

const isActor = (value: unknown): value is CurrentActor =>
  typeof value === 'object' &&
  value !== null &&
  'userId' in value &&
  typeof value.userId === 'string' &&
  'role' in value &&
  typeof value.role === 'string';

const parseActor = (text: string): CurrentActor | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isActor(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const parseNames = (text: string): readonly string[] => text.split(' ').filter((name) => /^[0-9a-f]{32}$/.test(name));

const followSwitch = (sync: Sync, online: Setting<boolean>): void => {
  const tell = () => sync.setOnline(online.value() && navigator.onLine);
  online.value$.subscribe(tell);
  addEventListener('online', tell);
  addEventListener('offline', tell);
};

/** Opens a device and starts its sync. @throws StoreError as `openStore` */
export const openDevice = async (spec: DeviceSpec): Promise<Device> => {
  const actor = setting<CurrentActor>(`${spec.database}.actor`, spec.actor, {
    parse: parseActor,
    print: (value) => JSON.stringify(value),
  });
  const online = setting<boolean>(`${spec.database}.online`, true, {
    parse: (text) => text !== 'off',
    print: (value) => (value ? 'on' : 'off'),
  });
  const readLosses = setting<readonly string[]>(`${spec.database}.read-losses`, [], {
    parse: parseNames,
    print: (names) => names.join(' '),
  });
  const store = await openStore({
    name: spec.database,
    tenant: TENANT,
    aggregates: [Study, Form],
    views: [casebook, studies],
    actor: actor.value,
    app: APP_VERSION,
  });
  loadParts().catch(() => undefined); // for when the network is gone; what is missing then is asked for again
  const sync = store.sync({
    url: location.origin,
    token: async () => token.value(),
    network: 'offline',
    intervalMs: 2_000,
    backoffMs: 500,
    backoffMsMax: 8_000,
  });
  followSwitch(sync, online);
  token.value$.subscribe(() => void sync.now());
  return { spec, store, sync, actor, online, readLosses };
};
