/**
 * A user's unlocked keys, until they are locked: by the user, by idle time, or by the next user's unlocking, in this tab or in
 * another one of the same vault.
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
import type { RewrapOptions, Rewrapping } from './rewrapping.ts';
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
  /**
   * The user's passphrase was renewed on another device: from the next unlocking on, the one of here opens only together with a new one,
   * and neither signs nor adds a way by itself. @throws StoreError `key.locked`
   */
  readonly renewedElsewhere: () => Promise<void>;
  /** HKDF base key from which keys at rest are derived; it cannot be exported. @throws StoreError `key.locked` */
  readonly databaseKey: CryptoKey;
  /** The key by which secrets reach this user. @throws StoreError `key.locked` */
  readonly sharingKey: () => Promise<SharingKey>;
  /** This user, to whom others may grant keys. @throws StoreError `key.locked` */
  readonly holder: () => Promise<Holder>;
  /** Id of the key with which this user signs here (`vault.signingKey`): it takes no secret to know which. @throws StoreError `key.locked` */
  readonly signingKeyId: () => Promise<string>;
  /** What protected fields are sealed and opened with. */
  readonly source: KeyRing;
  /** What carries data keys to the user's other devices and to colleagues; a store that syncs does it by itself. */
  readonly sheet: KeyExchange;
  /**
   * Puts data keys that lie under older wrapping keys under the newest of their name. Repeat it until nothing is left: it
   * goes on where it was ended. `followAccess` does it by itself, in the background.
   * @throws StoreError `key.locked`, `key.data-malformed`, `storage.*`; what was done stays
   */
  readonly rewrap: (options?: RewrapOptions) => Promise<Rewrapping>;
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
  /** Says that the user is there: idle time begins anew, in every tab. */
  readonly touch: () => void;
  /**
   * Drops the keys, then tells everybody who holds something open by them, and waits until they have closed it. Other tabs
   * of the vault lock too, as they hear of it.
   */
  readonly lock: () => Promise<void>;
  readonly isLocked: () => boolean;
  /** Called once, when the keys are gone. Returns what takes the listener away. */
  readonly onLock: (listener: () => Promise<void> | void) => () => void;
};

/** The secrets of a session, in the one place where they are. */
export type Unlocked = { readonly databaseKey: CryptoKey; readonly userKey: CryptoKey };

/** What the tabs of one vault tell each other. `tag`: of the user who has unlocked. */
export type TabMessage =
  | { readonly kind: 'locked' }
  | { readonly kind: 'seen' }
  | { readonly kind: 'unlocked'; readonly tag: string };

/** A line between the tabs of one vault: hears what the others post, and nothing of its own. */
export type TabLine = { readonly post: (message: TabMessage) => void; readonly close: () => void };

export type Idle = {
  readonly idleMs: number;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Opens a line to the other tabs; absent where there are none. */
  readonly line?: ((hear: (message: TabMessage) => void) => TabLine) | undefined;
};

/** How often, at most, a tab tells the others that the user is there. */
const tellMs = (idleMs: number): number => Math.min(1_000, idleMs / 10);

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

/** Tells the other tabs, and hears them: what locks one locks all, and a user in one is there in all. */
const besideOthers = (
  { line, idleMs, clock }: Idle,
  tag: string,
  on: { readonly lock: () => void; readonly seen: () => void },
) => {
  let toldAt = Number.NEGATIVE_INFINITY;
  const own = line?.((message) => {
    if (message.kind === 'seen') on.seen();
    else if (message.kind === 'locked' || message.tag !== tag) on.lock();
  });
  own?.post({ kind: 'unlocked', tag });
  return {
    locked: () => own?.post({ kind: 'locked' }),
    seen: (): void => {
      const now = clock.uptimeMs();
      if (now - toldAt < tellMs(idleMs)) return;
      toldAt = now;
      own?.post({ kind: 'seen' });
    },
    close: () => own?.close(),
  };
};

/** What locks, and what is told. Keys are gone before anybody hears of it. `tag`: of the user. */
export const lockable = (secrets: Unlocked, idle: Idle, tag: string) => {
  let held: Unlocked | undefined = secrets;
  let ended: Promise<void> | undefined;
  const listeners = new Set<() => Promise<void> | void>();
  /** Undefined until the line is open: whoever talks before it is heard by nobody. */
  let others: ReturnType<typeof besideOthers> | undefined;
  const end = (tell: boolean): Promise<void> => {
    if (ended !== undefined) return ended;
    held = undefined;
    watch.stop();
    if (tell) others?.locked();
    others?.close();
    const told = [...listeners];
    listeners.clear();
    ended = Promise.allSettled(told.map(async (listener) => listener())).then(() => undefined);
    return ended;
  };
  const lock = (): Promise<void> => end(true);
  const watch = watchIdle(idle, () => void lock());
  const seen = (): boolean => {
    if (held !== undefined) watch.touch();
    return held !== undefined;
  };
  others = besideOthers(idle, tag, { lock: () => void end(false), seen });
  return {
    lock,
    touch: () => {
      if (seen()) others?.seen();
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
