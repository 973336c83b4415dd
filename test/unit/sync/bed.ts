/** One device and a simulated server, with the messages between them in the hands of the test. */
import { filter, firstValueFrom } from 'rxjs';
import {
  memoryStorage,
  type Store,
  type StoreOptions,
  type Sync,
  type SyncState,
  type SyncStatus,
} from '../../../src/index.ts';
import {
  type Disturbance,
  type SimulatedRequest,
  type SimulatedServer,
  type SimulatedTime,
  simulatedNetwork,
  simulatedServer,
  UNDISTURBED,
} from '../../../src/testing/index.ts';
import { item, openDevice, Visit } from '../store/trial.ts';

export type Bed = {
  readonly server: SimulatedServer;
  readonly store: Store;
  readonly time: SimulatedTime;
  readonly sync: Sync;
  /** Decides what becomes of each message from now on. */
  readonly meet: (disturbance: (request: SimulatedRequest) => Disturbance) => void;
  /** The kinds of the messages so far. */
  readonly messages: string[];
  /** Records items of one visit, one commit each. */
  readonly record: (...names: readonly string[]) => Promise<void>;
};

let beds = 0;

export const makeBed = async (
  options: Partial<Pick<StoreOptions, 'storage' | 'name' | 'known' | 'space' | 'aggregates' | 'views' | 'actor'>> & {
    readonly server?: SimulatedServer;
  } = {},
): Promise<Bed> => {
  beds += 1;
  const server = options.server ?? (await simulatedServer({ tenant: 'acme-042' }));
  const { server: _, ...opening } = options;
  const { store, time } = await openDevice({ storage: memoryStorage(), name: `bed-${beds}`, ...opening });
  let disturb: (request: SimulatedRequest) => Disturbance = () => UNDISTURBED;
  const messages: string[] = [];
  const transport = simulatedNetwork(server, (request) => {
    messages.push(request.kind);
    return disturb(request);
  });
  const sync = store.sync({
    url: 'https://server.invalid',
    transport,
    network: 'offline',
    backoffMs: 1_000,
    backoffMsMax: 8_000,
    intervalMs: 5_000,
  });
  return {
    server,
    store,
    time,
    sync,
    messages,
    meet: (next) => {
      disturb = next;
    },
    record: async (...names) => {
      for (const name of names) {
        const outcome = await store.aggregate(Visit, 'v').send(item(name, 1), { reason: 'r' });
        if (outcome.kind !== 'committed') throw new Error(outcome.kind);
      }
    },
  };
};

/** Online and synced as far as it goes. */
export const online = async ({ sync }: Bed): Promise<SyncStatus> => {
  sync.setOnline(true);
  return sync.now();
};

/** The next time that sync is in one of the states. */
export const until = (sync: Sync, ...states: readonly SyncState[]): Promise<SyncStatus> =>
  firstValueFrom(sync.status$.pipe(filter(({ state }) => states.includes(state))));
