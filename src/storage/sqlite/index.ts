/**
 * The storage port on SQLite with SQLCipher's encryption: append-only tables that the database itself guards, a durable
 * commit per append. Laws: `test/conformance/sqlite.node.test.ts` and `test/unit/storage/sqlite*`.
 */
import { LIMITS } from '../../core/limits.ts';
import type { Scheduler } from '../../core/ports.ts';
import { systemScheduler } from '../../timers.ts';
import type { EventStorage, StorageAdapter } from '../port.ts';
import type { SqliteDriver } from './driver.ts';
import type { DatabaseKey } from './key.ts';
import { type OpenOptions, openDatabase } from './open.ts';
import { eventStorage } from './storage.ts';

const BUSY_MS = 5_000;
const POLL_MS = 250;

export type SqliteStorageOptions = {
  /** For Node and Electron: `nodeSqlite`. */
  readonly driver: SqliteDriver;
  /** 32 bytes, or what gives them. Undefined is refused, as it is what a missing variable gives. */
  readonly key: DatabaseKey | undefined;
  /**
   * `strict`, unless named: an append has reached the disk when it resolves. `relaxed`: the operating system may keep it in
   * its buffers; faster, and lost in a power cut.
   */
  readonly durability?: 'strict' | 'relaxed';
  /** How long to ask again while another process holds the lock for writers, before `storage.busy`. 5 seconds unless named. */
  readonly busyMs?: number;
  /** How long a driver may take for one statement, before `storage.unresponsive`; `LIMITS.storageAnswerMs` unless named. */
  readonly answerMs?: number;
  /** Instead of the platform's own timers, by which `answerMs` is counted. */
  readonly scheduler?: Scheduler;
  /** How often to look for what other processes have stored, while anybody listens. 250 ms unless named. */
  readonly pollMs?: number;
};

export type SqliteStorage = StorageAdapter & {
  /**
   * Opens a database as it is, also one whose tables or triggers somebody has changed: to be read, verified and exported.
   * Nothing is made or changed; every call that would change something is refused with `storage.read-only`.
   * @throws StoreError `storage.absent` if there is no such database, and what `open` throws
   */
  readonly rescue: (name: string) => Promise<EventStorage>;
};

/** Storage in encrypted SQLite databases, one per name. */
export const sqliteStorage = (options: SqliteStorageOptions): SqliteStorage => {
  const { driver, key, durability = 'strict' } = options;
  const { busyMs = BUSY_MS, answerMs = LIMITS.storageAnswerMs, pollMs = POLL_MS } = options;
  const patience = { answerMs, scheduler: options.scheduler ?? systemScheduler };
  const openAs = (access: OpenOptions['access']) => async (name: string) => {
    const how = { driver, key, durability, busyMs, patience };
    const reopen = () => openDatabase(name, { ...how, access: access === 'inspect' ? access : 'existing' });
    return eventStorage({ database: await openDatabase(name, { ...how, access }), reopen, durability, pollMs });
  };
  return {
    open: openAs('write'),
    rescue: openAs('inspect'),
    ...(driver.known === undefined ? {} : { known: driver.known }),
  };
};
