/**
 * A user's unlocked keys, until they are locked: by the user, by idle time, or by the next user's unlocking.
 *
 * Invariants: what is secret stands in one place, here, and is dropped there at once when the session locks; from then on
 * every call throws `key.locked`; whoever holds something open by these keys hears of it before `lock` resolves. Time that
 * a sleeping device let pass counts as idle. Laws: `session.laws`, `lock.chromium.browser`.
 */
import { StoreError } from '../core/errors.ts';
import type { KeyId, UserId } from '../core/ids.ts';
import type { Clock, Scheduler } from '../core/ports.ts';
import type { SharingKey } from '../crypto/hpke.ts';
import type { KeyExchange } from '../crypto/keyRows.ts';
import type { WayKind } from './format.ts';
import type { Grant, Holder } from './held.ts';
import type { KeyRing } from './ring.ts';

/** An attempt to unlock that failed, or that was cut off. `user`: undefined where nobody has that name. */
export type FailedAttempt = {
  readonly id: string;
  /** Device time, RFC 3339 UTC. */
  readonly at: string;
  readonly user: UserId | undefined;
  readonly kind: WayKind;
};

export type KeySession = {
  readonly user: UserId;
  /** How it was unlocked, and since when that secret is the user's (RFC 3339 UTC). */
  readonly unlockedBy: { readonly kind: WayKind; readonly since: string };
  /** HKDF base key from which keys at rest are derived; it cannot be exported. @throws StoreError `key.locked` */
  readonly databaseKey: CryptoKey;
  /** The key by which secrets reach this user. @throws StoreError `key.locked` */
  readonly sharingKey: () => Promise<SharingKey>;
  /** This user, to whom others may grant keys. @throws StoreError `key.locked` */
  readonly holder: () => Promise<Holder>;
  /** What protected fields are sealed and opened with. */
  readonly source: KeyRing;
  /** What carries data keys to the user's other devices and to colleagues; a store that syncs does it by itself. */
  readonly sheet: KeyExchange;
  /** The wrapping keys that this user holds, oldest first. @throws StoreError `key.locked` */
  readonly wrappingKeys: () => Promise<readonly { readonly id: KeyId; readonly name: string }[]>;
  /**
   * Makes a wrapping key; the newest of a name is the one under which new data keys lie. Made once, where a study or a site
   * begins, and again where somebody's access ends: then it is granted to those who stay.
   * @throws StoreError `key.locked`, `vault.full`
   */
  readonly makeWrappingKey: (name: string) => Promise<KeyId>;
  /** Seals every wrapping key of a name for somebody. Empty if none is held. @throws StoreError `key.locked`, `key.malformed` */
  readonly grant: (name: string, holder: Holder) => Promise<readonly Grant[]>;
  /** Takes keys that were granted to this user: all or none. @throws StoreError `key.refused`, `key.locked`, `vault.full` */
  readonly accept: (grants: readonly Grant[]) => Promise<void>;
  /** Names of everybody who can unlock this vault. @throws StoreError `key.locked` */
  readonly users: () => Promise<readonly UserId[]>;
  /** Attempts that failed since they were last recorded, and how many more there were. @throws StoreError `key.locked` */
  readonly failures: () => Promise<{ readonly attempts: readonly FailedAttempt[]; readonly more: number }>;
  /** Forgets failed attempts once they are recorded elsewhere, durably. @throws StoreError `key.locked` */
  readonly failuresRecorded: (recorded: { readonly ids: readonly string[]; readonly more: number }) => Promise<void>;
  /** Checks platform and keys against what they have to answer. @throws StoreError `key.self-test-failed`, `key.locked` */
  readonly selfTest: () => Promise<void>;
  /** Says that the user is there: idle time begins anew. */
  readonly touch: () => void;
  /** Drops the keys, then tells everybody who holds something open by them, and waits until they have closed it. */
  readonly lock: () => Promise<void>;
  readonly isLocked: () => boolean;
  /** Called once, when the keys are gone. Returns what takes the listener away. */
  readonly onLock: (listener: () => Promise<void> | void) => () => void;
};

/** The secrets of a session, in the one place where they are. */
export type Unlocked = { readonly databaseKey: CryptoKey; readonly userKey: CryptoKey };

export type Idle = { readonly idleMs: number; readonly clock: Clock; readonly scheduler: Scheduler };

/** Locks after idle time, also where the device slept through it. */
const watchIdle = ({ idleMs, clock, scheduler }: Idle, lock: () => void) => {
  let seen = { wall: clock.nowMs(), uptime: clock.uptimeMs() };
  let stop: () => void = () => undefined;
  const idle = () => Math.max(clock.nowMs() - seen.wall, clock.uptimeMs() - seen.uptime);
  const wait = (): void => {
    stop = scheduler.after(Math.max(1, idleMs - idle()), () => (idle() >= idleMs ? lock() : wait()));
  };
  wait();
  return {
    touch: (): void => {
      if (idle() >= idleMs) lock();
      else seen = { wall: clock.nowMs(), uptime: clock.uptimeMs() };
    },
    stop: () => stop(),
  };
};

/** What locks, and what is told. Keys are gone before anybody hears of it. */
export const lockable = (secrets: Unlocked, idle: Idle) => {
  let held: Unlocked | undefined = secrets;
  let ended: Promise<void> | undefined;
  const listeners = new Set<() => Promise<void> | void>();
  const lock = (): Promise<void> => {
    if (ended !== undefined) return ended;
    held = undefined;
    watch.stop();
    const told = [...listeners];
    listeners.clear();
    ended = Promise.allSettled(told.map(async (listener) => listener())).then(() => undefined);
    return ended;
  };
  const watch = watchIdle(idle, () => void lock());
  return {
    lock,
    touch: () => {
      if (held !== undefined) watch.touch();
    },
    isLocked: () => held === undefined,
    onLock: (listener: () => Promise<void> | void) => {
      if (held === undefined) void Promise.resolve().then(listener);
      else listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    /** @throws StoreError `key.locked` */
    held: (): Unlocked => {
      if (held === undefined) throw new StoreError('key.locked');
      return held;
    },
  };
};
