/** Devices of a study with a vault each, whose stores meet at one server. */
import { filter, firstValueFrom } from 'rxjs';
import { Access, FailedUnlock, FailedUnlocks } from '../../../src/clinical.ts';
import type { Store, Sync } from '../../../src/index.ts';
import type { KeySession } from '../../../src/keys.ts';
import { type SimulatedServer, type SimulatedTime, simulatedNetwork } from '../../../src/testing/index.ts';
import { world } from '../keys/world.ts';
import { openDevice } from '../store/trial.ts';

export type Place = {
  readonly store: Store;
  readonly session: KeySession;
  readonly sync: Sync | undefined;
  readonly time: SimulatedTime;
  readonly vault: ReturnType<typeof world>['vault'];
};

export const passphraseOf = (user: string): string => `passphrase of ${user}`;

/** A user's device: a vault and a store. */
export const openPlace = async (user: string, server?: SimulatedServer): Promise<Place> => {
  const { vault, time } = world();
  const session = await vault.create({ user, passphrase: passphraseOf(user) });
  const { store } = await openDevice({
    ...{ aggregates: [Access, FailedUnlock], views: [FailedUnlocks] },
    ...{ clock: time.clock, scheduler: time.scheduler, actor: () => ({ userId: user, role: 'admin' }) },
  });
  const transport = server === undefined ? undefined : simulatedNetwork(server);
  const sync =
    transport === undefined ? undefined : store.sync({ url: 'https://server.invalid', transport, network: 'offline' });
  return { store, session, sync, time, vault };
};

/** Everybody tells everybody, twice around. */
export const meet = async (...places: readonly Place[]): Promise<void> => {
  for (const { sync } of [...places, ...places]) {
    if (sync === undefined) continue;
    sync.setOnline(true);
    await firstValueFrom(sync.status$.pipe(filter(({ state }) => state === 'live')));
    sync.setOnline(false);
    await firstValueFrom(sync.status$.pipe(filter(({ state }) => state === 'offline')));
  }
};
