/** A small application for tests of the store: visits with items that are recorded, corrected, locked and unlocked. */
import { firstValueFrom, type Observable, take, toArray } from 'rxjs';
import {
  type AggregateSnapshot,
  defineView,
  isStoreError,
  memoryStorage,
  openStore,
  type StorageAdapter,
  type Store,
  type StoreOptions,
} from '../../../src/index.ts';
import { type SimulatedTime, seededEntropy, simulatedTime } from '../../../src/testing/index.ts';
import { Visit, type VisitContext } from '../../../src/testing/world/visit.ts';

export { Visit, type VisitContext };

export type VisitRow = {
  readonly id: string;
  readonly state: string;
  readonly sum: number;
  readonly count: number;
  readonly conflicts: number;
};

/** One line for each visit that has an item; none for the others. */
export const casebook = defineView({
  name: 'casebook',
  of: Visit,
  row: ({ id, value, context, conflicts }: AggregateSnapshot<VisitContext>): VisitRow | undefined => {
    const values = Object.values(context.items);
    if (values.length === 0) return undefined;
    const sum = values.reduce((total, each) => total + each, 0);
    return { id, state: String(value), sum, count: values.length, conflicts: conflicts.length };
  },
});

export const item = (name: string, value: number) => ({ type: 'ItemRecorded', item: name, value }) as const;
export const LOCK = { type: 'VisitLocked' } as const;
export const UNLOCK = { type: 'VisitUnlocked' } as const;

export type Device = { readonly store: Store; readonly time: SimulatedTime };

let devices = 0;

/** Opens a store over a database of its own, or over that of `storage` and `name`. */
export const openDevice = async (
  options: Partial<StoreOptions> & { readonly storage?: StorageAdapter } = {},
): Promise<Device> => {
  devices += 1;
  const time = simulatedTime();
  const store = await openStore({
    name: `device-${devices}`,
    tenant: 'acme-042',
    aggregates: [Visit],
    views: [casebook],
    actor: () => ({ userId: 'nurse-1', role: 'site' }),
    storage: memoryStorage(),
    clock: time.clock,
    entropy: seededEntropy(devices),
    scheduler: time.scheduler,
    ...options,
  });
  return { store, time };
};

/** The first `count` values of a stream that emits by itself. */
export const firstOf = <T>(stream: Observable<T>, count: number): Promise<readonly T[]> =>
  firstValueFrom(stream.pipe(take(count), toArray()));

/** Everything that a stream gives until `stop` is called. */
export const collect = <T>(stream: Observable<T>): { readonly seen: T[]; readonly stop: () => void } => {
  const seen: T[] = [];
  const subscription = stream.subscribe((value) => seen.push(value));
  return { seen, stop: () => subscription.unsubscribe() };
};

/** What a promise came to: its value, or the code it failed with. */
export const outcomeOf = async <T>(work: Promise<T>): Promise<T | string> => {
  try {
    return await work;
  } catch (error) {
    if (isStoreError(error)) return error.code;
    throw error;
  }
};
