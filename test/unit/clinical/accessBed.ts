/** Devices of a study with a vault each, whose stores meet at one server. */
import { filter, firstValueFrom } from 'rxjs';
import {
  Access,
  accessOf,
  ElectronicSignature,
  FailedUnlock,
  FailedUnlocks,
  Form,
  ownFingerprint,
  requestDevice,
  SignatureIndex,
  Signer,
  SignerIndex,
} from '../../../src/clinical.ts';
import type { AggregateDefinition } from '../../../src/core/aggregate.ts';
import { memoryStorage, type StorageAdapter, type Store, type Sync } from '../../../src/index.ts';
import type { KeySession } from '../../../src/keys.ts';
import {
  type Disturbance,
  type SimulatedRequest,
  type SimulatedServer,
  type SimulatedTime,
  simulatedNetwork,
  UNDISTURBED,
} from '../../../src/testing/index.ts';
import { world } from '../keys/world.ts';
import { openDevice } from '../store/trial.ts';

export type Place = {
  /** Decides what becomes of each message from now on. */
  readonly disturb: (next: (request: SimulatedRequest) => Disturbance) => void;
  readonly store: Store;
  readonly session: KeySession;
  readonly sync: Sync | undefined;
  readonly time: SimulatedTime;
  readonly vault: ReturnType<typeof world>['vault'];
};

export const passphraseOf = (user: string): string => `passphrase of ${user}`;

/** A user's device: a vault and a store. */
export const openPlace = async (
  user: string,
  server?: SimulatedServer,
  access: AggregateDefinition = Access,
  storage: StorageAdapter = memoryStorage(),
): Promise<Place> => {
  const { vault, time } = world();
  const session = await vault.create({ user, passphrase: passphraseOf(user) });
  const { store } = await openDevice({
    ...{ aggregates: [access, FailedUnlock, Form, Signer, ElectronicSignature] },
    ...{ views: [FailedUnlocks, SignatureIndex, SignerIndex], storage },
    ...{ clock: time.clock, scheduler: time.scheduler, actor: () => ({ userId: user, role: 'admin' }) },
  });
  let met: (request: SimulatedRequest) => Disturbance = () => UNDISTURBED;
  const transport = server === undefined ? undefined : simulatedNetwork(server, (request) => met(request));
  const sync =
    transport === undefined ? undefined : store.sync({ url: 'https://server.invalid', transport, network: 'offline' });
  const disturb: Place['disturb'] = (next) => {
    met = next;
  };
  return { store, session, sync, time, vault, disturb };
};

/** One round of sync, however it ends: the code of what kept it from being done. */
export const attempt = async ({ sync }: Place): Promise<string | undefined> => {
  sync?.setOnline(true);
  const status = await sync?.now();
  sync?.setOnline(false);
  return status?.lastError;
};

/** What a device sends from now on, as it was last sent. */
export const sentBy = ({ disturb }: Place): (() => readonly string[]) => {
  let sent: readonly string[] = [];
  disturb((request) => {
    if (request.kind === 'push') sent = JSON.parse(request.body).commits;
    return UNDISTURBED;
  });
  return () => sent;
};

/** A server that adds commits which it never took to what a device pulls, before or after what it did take. */
export const slipIn = ({ disturb }: Place, commits: readonly string[], where: 'before' | 'after' = 'after'): void =>
  disturb(({ kind }) => {
    if (kind !== 'pull') return UNDISTURBED;
    const alter = (text: string): string => {
      const page = JSON.parse(text);
      const [first, then] = where === 'before' ? [commits, page.commits] : [page.commits, commits];
      return JSON.stringify({ ...page, commits: [...first, ...then] });
    };
    return { kind: 'alter-answer', alter };
  });

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

/** Lets a device and its user in. @returns the device's fingerprint */
export const joins = async (admin: Place, other: Place): Promise<string> => {
  await requestDevice(other.store, other.session);
  await meet(other, admin);
  const { user } = other.session;
  const holder = await ownFingerprint(other.session);
  const added = { type: 'UserAdded', user, role: 'nurse', site: null } as const;
  const access = accessOf(admin.store);
  if (access.can(added)) await access.send(added);
  await access.send({ type: 'DeviceEnrolled', holder });
  await meet(admin, other);
  return holder;
};
