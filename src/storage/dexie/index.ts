/**
 * The storage port on IndexedDB through Dexie: packed commits, strictly durable appends, append-only tables, all of it sealed
 * (`docs/at-rest.md`).
 * Laws: `test/conformance`, in Node and in a real browser; `test/browser/storage` for what only a browser has.
 */

import { isStoreError, StoreError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { loadPart } from '../../core/part.ts';
import type { Clock, Entropy, Scheduler } from '../../core/ports.ts';
import { systemScheduler } from '../../timers.ts';
import type { EventStorage, StorageAdapter, Unlocking } from '../port.ts';
import { mendingOf, NO_MENDING } from '../tornLog.ts';
import { type Connection, openConnection } from './connection.ts';
import { type Channel, hintsOver } from './hints.ts';
import { type OpenedDatabase, type OpeningParts, openKeys } from './opening.ts';
import { ownPage, type Page } from './page.ts';
import { presenceOver } from './presence.ts';
import { eventStorage, type ReadBack } from './storage.ts';
import { type Locks, NO_TURNS, turnsOver } from './turns.ts';
import type { OnUpgrade } from './upgrade.ts';
import { watchdog } from './watchdog.ts';

export type { Channel } from './hints.ts';
export type { Page } from './page.ts';
export type { ReadBack } from './storage.ts';
export type { Locks } from './turns.ts';
export type { OnUpgrade, UpgradeProgress } from './upgrade.ts';

export type DexieStorageOptions = {
  /** `relaxed` lets the operating system keep an append in its buffers: faster, and lost in a power cut. */
  readonly durability?: 'strict' | 'relaxed';
  /** Instead of the browser's own. */
  readonly indexedDB?: IDBFactory;
  readonly IDBKeyRange?: typeof IDBKeyRange;
  /** Opens the channel on which connections tell each other of commits. */
  readonly channel?: (name: string) => Channel | undefined;
  /** Instead of the browser's own Web Locks; undefined for a place without any. */
  readonly locks?: Locks | undefined;
  /**
   * Which appends are read back before they are reported. `always` where the engine is WebKit, which was seen to acknowledge
   * writes on a dead connection; elsewhere after a pause, unless named.
   */
  readonly readBack?: ReadBack;
  /** Milliseconds in which the database has to answer one call; `LIMITS.storageAnswerMs` if absent. */
  readonly answerMs?: number;
  /** Instead of the platform's own timers. */
  readonly scheduler?: Scheduler;
  /** Instead of the platform's own clock. */
  readonly clock?: Pick<Clock, 'uptimeMs'> & Partial<Pick<Clock, 'nowMs'>>;
  /** Instead of the platform's own randomness: of keys, salts and nonces at rest. */
  readonly entropy?: Entropy;
  /** Instead of the page that this runs in; undefined for a place without one. */
  readonly page?: Page | undefined;
  /** Hears of an older database that is brought to the present layout when it is opened. */
  readonly onUpgrade?: OnUpgrade | undefined;
};

export type DexieStorage = StorageAdapter & {
  /**
   * Opens a database as it is, of whatever layout: to be read, verified and exported, for instance when its upgrade has
   * failed. Nothing is changed, and every call that would change something is refused with `storage.read-only`.
   * @throws StoreError `storage.lost` if there is no such database, `storage.blocked` if an upgrade of it waits for other
   * tabs, `storage.locked`, `storage.key-wrong`, `storage.unavailable`, `storage.failed`
   */
  readonly rescue: (name: string, unlocking?: Unlocking) => Promise<EventStorage>;
};

const broadcastChannel = (name: string): Channel | undefined =>
  typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(name);

/** A browser may refuse even to name its database, in a sandboxed frame for one. */
const ownIndexedDB = (): IDBFactory | undefined => {
  try {
    return globalThis.indexedDB;
  } catch {
    return undefined;
  }
};

/** Web Locks are missing outside secure contexts, whatever the types say. */
const ownLocks = (): Locks | undefined => {
  const place: { readonly navigator?: { readonly locks?: Locks } } = globalThis;
  return place.navigator?.locks;
};

/** Engines of other makers name themselves; in a worker there is no such name, and its first append is after a pause. */
const isWebKit = (): boolean => {
  const place: { readonly navigator?: { readonly vendor?: string } } = globalThis;
  return place.navigator?.vendor?.startsWith('Apple') === true;
};

const randomness: Entropy = { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) };

/**
 * Asks once more where the browser did not answer the first time, or let go. What it is given is held by nothing that outlives it: the
 * database key is in there.
 */
const openTwice = async (connect: () => Promise<Connection>, parts: OpeningParts): Promise<OpenedDatabase> => {
  const open = async () => openKeys(await connect(), parts);
  try {
    return await open();
  } catch (error) {
    if (!isStoreError(error, 'storage.unresponsive') && !isStoreError(error, 'storage.connection-lost')) throw error;
    return open();
  }
};

/** Storage in the browser's IndexedDB, one database per name. */
export const dexieStorage = (options: DexieStorageOptions = {}): DexieStorage => ({
  rescue: async (name, unlocking = {}) => {
    const indexedDB = options.indexedDB ?? ownIndexedDB();
    const keyRange = options.IDBKeyRange ?? globalThis.IDBKeyRange;
    if (indexedDB === undefined || keyRange === undefined) throw new StoreError('storage.unavailable');
    const watch = watchdog(options.scheduler ?? systemScheduler, options.answerMs ?? LIMITS.storageAnswerMs);
    const entropy = options.entropy ?? randomness;
    const { rescueDatabase } = await loadPart('rescue', () => import('./rescue.ts'));
    return rescueDatabase(name, { indexedDB, keyRange, watch, entropy }, unlocking);
  },
  open: async (name, { databaseKey } = {}) => {
    const durability = options.durability ?? 'strict';
    const scheduler = options.scheduler ?? systemScheduler;
    const watch = watchdog(scheduler, options.answerMs ?? LIMITS.storageAnswerMs);
    const page = 'page' in options ? options.page : ownPage();
    const locks = 'locks' in options ? options.locks : ownLocks();
    const connect = (wanted: 'any' | 'existing') =>
      openConnection(name, {
        wanted,
        scheduler,
        watch,
        durability,
        page,
        onUpgrade: options.onUpgrade,
        indexedDB: options.indexedDB ?? ownIndexedDB(),
        IDBKeyRange: options.IDBKeyRange ?? globalThis.IDBKeyRange,
      });
    const keys = { databaseKey, entropy: options.entropy ?? randomness, durability };
    const own = options.indexedDB === undefined ? ownIndexedDB() : undefined;
    const mending = own === undefined ? NO_MENDING : mendingOf(own, name, scheduler);
    const opening = { ...keys, watch, onUpgrade: options.onUpgrade, mended: mending.done };
    const database = await openTwice(() => connect('any'), opening).catch((error: unknown) => {
      mending.stop();
      throw error;
    });
    const hints = hintsOver((options.channel ?? broadcastChannel)(`indelible:${name}`));
    const presence = presenceOver(locks, `indelible:${name}:present`);
    const turns =
      locks === undefined ? NO_TURNS : turnsOver({ locks, name: `indelible:${name}:turn`, hints, scheduler, page });
    const clock = { uptimeMs: () => performance.now(), nowMs: () => Date.now(), ...options.clock };
    const reopen = () => connect('existing');
    const readBack = options.readBack ?? (isWebKit() ? 'always' : 'after a pause');
    const around = { hints, turns, presence, page, scheduler, clock };
    return eventStorage({ ...database, ...around, mending, reopen, watch, durability, readBack });
  },
});
