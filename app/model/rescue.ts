/** What a device holds that cannot be opened: its database as it is, exported whole. Nothing in it is changed. */
import { dexieStorage, type KnownMarker, openStore } from '../../src/index.ts';
import type { KeySession } from '../../src/keys.ts';
import { type DeviceSpec, TENANT } from './device.ts';

/** Nothing is remembered of a database that is only looked at. */
const NOT_REMEMBERED: KnownMarker = { read: async () => undefined, write: async () => undefined };

/** Failures after which there is no database here to export. */
const NOTHING_TO_EXPORT: readonly string[] = ['storage.unavailable', 'storage.lost'];

/** True if the database may be exported although it cannot be opened. */
export const mayRescue = (code: string): boolean => code.startsWith('storage.') && !NOTHING_TO_EXPORT.includes(code);

/** Everything that the device's database holds, of whatever layout it is. @throws StoreError */
export const exportRescued = async (spec: DeviceSpec, keys: KeySession | undefined): Promise<Blob> => {
  const unlocking = keys === undefined ? {} : { databaseKey: keys.databaseKey };
  const storage = await dexieStorage().rescue(spec.database, unlocking);
  const store = await openStore({
    name: spec.database,
    tenant: TENANT,
    aggregates: [],
    actor: () => spec.actor,
    storage: { open: async () => storage },
    known: NOT_REMEMBERED,
    upkeep: 'manual',
  });
  try {
    return await store.export();
  } finally {
    await store.close();
  }
};
