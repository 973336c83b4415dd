/**
 * One simulated device: a disk, a clock, a way to the server, and a program with tabs over them. The program is the product's
 * own code; it can be killed at any call to its disk, and be started again.
 */
import { filter, firstValueFrom } from 'rxjs';
import { isStoreError } from '../../core/errors.ts';
import type { KnownMarker } from '../../core/ports.ts';
import type { AggregateDefinition } from '../../machines/aggregate.ts';
import { Access } from '../../machines/clinical/index.ts';
import type { MemoryStorage } from '../../storage/memory.ts';
import type { Store } from '../../store/types.ts';
import { openStore } from '../../store.ts';
import type { Sync, SyncStatus } from '../../sync/runner.ts';
import type { Transport } from '../../sync/transport.ts';
import { seededEntropy } from '../entropy.ts';
import { type SimulatedTime, simulatedTime } from '../time.ts';
import { copyOf, makeDisk, type Trouble, throughTrouble } from './disk.ts';
import { newestOf, type WorldModel } from './model.ts';

export const TABS = 2;
export const TENANT = 'acme-042';

type Tab = { readonly store: Store; readonly sync: Sync };

/** One life of the program, from its start until it is killed. */
type Life = { readonly time: SimulatedTime; readonly trouble: Trouble; tabs: readonly Tab[] };

export type Device = {
  readonly name: string;
  readonly database: string;
  disk: MemoryStorage;
  marker: KnownMarker & { text: string | undefined };
  /** A copy of its disk that was put aside. */
  backup: MemoryStorage | undefined;
  isOnline: boolean;
  /** True if it runs the next version of the application. */
  isUpdated: boolean;
  life: Life;
  /** Programs started on it. */
  lives: number;
};

export type Surroundings = {
  readonly model: WorldModel;
  readonly transport: (device: string) => Transport;
  readonly seed: number;
};

/** What is registered with every store: who may do what, unless that is what the world is about. */
const aggregatesOf = ({ aggregate }: WorldModel): readonly AggregateDefinition[] =>
  aggregate.type === Access.type ? [aggregate] : [aggregate, Access];

/** The application that a device runs. */
export const modelOn = ({ isUpdated }: Pick<Device, 'isUpdated'>, model: WorldModel): WorldModel =>
  isUpdated ? newestOf(model) : model;

const makeMarker = (): Device['marker'] => {
  const marker: Device['marker'] = {
    text: undefined,
    read: async () => marker.text,
    write: async (text) => {
      marker.text = text;
    },
  };
  return marker;
};

/** As short as retries may be: a world has its own time, and moves it when it wants to. */
const TIMING = { intervalMs: 600_000, backoffMs: 1_000, backoffMsMax: 60_000 };

const openTab = async (device: Omit<Device, 'life'>, around: Surroundings, life: Life, tab: number): Promise<Tab> => {
  const { transport, seed } = around;
  const model = modelOn(device, around.model);
  const store = await openStore({
    name: device.database,
    tenant: TENANT,
    aggregates: aggregatesOf(model),
    views: model.views,
    actor: () => ({ userId: `user-${device.name}${tab}`, role: 'site' }),
    storage: throughTrouble(device.disk, life.trouble),
    known: device.marker,
    clock: life.time.clock,
    scheduler: life.time.scheduler,
    entropy: seededEntropy(seed * 524_287 + device.name.charCodeAt(0) * 8_191 + device.lives * 31 + tab),
    upkeep: 'manual',
  });
  const sync = store.sync({
    url: 'https://server.invalid',
    transport: transport(device.name),
    network: 'offline',
    ...TIMING,
  });
  if (device.isOnline) sync.setOnline(true);
  return { store, sync };
};

type Crash = Trouble['crash'];

/** Starts the program on a device. @throws StoreError `storage.closed` if it was killed while it started */
const begin = async (
  device: Omit<Device, 'life'>,
  around: Surroundings,
  { startMs, crash }: { readonly startMs: number; readonly crash?: Crash },
): Promise<Life> => {
  const trouble: Trouble = { isDead: false, isFull: false, isCut: false, crash };
  const life: Life = { time: simulatedTime({ startMs }), trouble, tabs: [] };
  device.lives += 1;
  for (let tab = 0; tab < TABS; tab++) life.tabs = [...life.tabs, await openTab(device, around, life, tab)];
  return life;
};

export const START_MS = Date.UTC(2026, 0, 5, 9);

export const makeDevice = async (name: string, database: string, around: Surroundings): Promise<Device> => {
  const still = {
    ...{ name, database, disk: makeDisk(), marker: makeMarker(), backup: undefined },
    ...{ isOnline: true, isUpdated: false, lives: 0 },
  };
  return Object.assign(still, { life: await begin(still, around, { startMs: START_MS }) });
};

/** Another device with a copy of the disk: a clone, or a tablet set up from another one's backup. */
export const cloneDevice = async (
  of: Device,
  { name, database }: Pick<Device, 'name' | 'database'>,
  around: Surroundings,
): Promise<Device> => {
  const still = {
    ...{ name, database, disk: await copyOf(of.disk, of.database, database), marker: makeMarker() },
    ...{ backup: undefined, isOnline: true, isUpdated: of.isUpdated, lives: 0 },
  };
  still.marker.text = of.marker.text;
  return Object.assign(still, { life: await begin(still, around, { startMs: of.life.time.clock.nowMs() }) });
};

/** The program is gone, whatever it was about to do: nothing of it reaches the disk or the network any more. */
export const killProgram = (device: Device): void => {
  device.life.trouble.isDead = true;
  for (const { sync } of device.life.tabs) sync.stop();
};

/** Starts the program anew, on the disk as it is; killed while it starts, it is started once more. */
export const restart = async (device: Device, around: Surroundings, crash?: Crash): Promise<void> => {
  killProgram(device);
  const startMs = device.life.time.clock.nowMs();
  try {
    device.life = await begin(device, around, { startMs, crash });
  } catch (error) {
    if (crash === undefined || !isStoreError(error)) throw error;
    device.life = await begin(device, around, { startMs });
  }
  if (device.life.trouble.isDead) device.life = await begin(device, around, { startMs });
};

export const tabOf = ({ life: { tabs } }: Device, at: number): Tab => {
  const tab = tabs[at % TABS];
  if (tab === undefined) throw new RangeError('no such tab');
  return tab;
};

/** Syncs until nothing is under way. */
export const syncNow = (device: Device, tab: number): Promise<SyncStatus> => tabOf(device, tab).sync.now();

export const setOnline = (device: Device, isOnline: boolean): void => {
  device.isOnline = isOnline;
  for (const { sync } of device.life.tabs) sync.setOnline(isOnline);
};

const BUSY: readonly SyncStatus['state'][] = ['connecting', 'pulling', 'pushing'];

/** Waits until no sync is under way on a device. */
export const settled = async ({ life: { tabs } }: Device): Promise<void> => {
  for (const { sync } of tabs) await firstValueFrom(sync.status$.pipe(filter(({ state }) => !BUSY.includes(state))));
};
