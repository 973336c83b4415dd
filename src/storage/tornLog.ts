/**
 * Chromium keeps the databases of a site in one LevelDB: the log, the vault and the key sheet lie in the same files, and go together.
 *
 * A browser that is killed may leave its log with half a record at the end. The next start reads over that, and writes on behind
 * it; the start after that finds the log damaged there, deletes every database of the site and begins empty ones. A database that
 * is deleted makes LevelDB begin a new log: so one is made and deleted before anything is written. Measured, with the logs looked
 * at: decision 0040; that reading does not wait: 0055. What the browser says of databases that it has thrown away, it says to whatever opens first.
 *
 * Invariants: once for each page, because a log is torn by the end of a browser, and the page ends with it; nothing is written
 * before it, reading never waits for it, nothing waits longer than `ANSWER_MS`, and nothing fails with it. Laws: `tornLog.laws`,
 * `test/e2e/discarded`.
 */
import type { Scheduler } from '../core/ports.ts';

/** Longer than a busy device takes: what is written behind a torn log is lost with everything else, and a write that waits is only late. */
const ANSWER_MS = 10_000;
/** So long after an opening it is done unasked, so that the first write need not wait: reading what is to be shown is over by then. */
const UNASKED_MS = 500;

/** True for the engine that this is about, told by a member that no other one has. */
const keepsOneLog = (): boolean =>
  typeof IDBVersionChangeEvent !== 'undefined' && 'dataLoss' in IDBVersionChangeEvent.prototype;

/** What this page knows of the databases that it opens by one factory. */
type Site = { isWhole: Promise<boolean> | undefined; discarded: string | undefined };

const sites = new WeakMap<IDBFactory, Site>();

const siteOf = (indexedDB: IDBFactory): Site => {
  const site = sites.get(indexedDB) ?? { isWhole: undefined, discarded: undefined };
  sites.set(indexedDB, site);
  return site;
};

/** Hears from each opening that makes or changes a database. */
export const hearDiscarding = (indexedDB: IDBFactory, event: IDBVersionChangeEvent): void => {
  if (Reflect.get(event, 'dataLoss') !== 'total') return;
  siteOf(indexedDB).discarded ??= String(Reflect.get(event, 'dataLossMessage'));
};

/** Why the browser has thrown away the databases of this site, if it has said so to anybody on this page. */
export const discardedOf = (indexedDB: IDBFactory): string | undefined => siteOf(indexedDB).discarded;

const makeAndDelete = (indexedDB: IDBFactory, name: string, done: (isDone: boolean) => void): void => {
  const making = indexedDB.open(name);
  making.onerror = () => done(false);
  making.onsuccess = () => {
    making.result.close();
    const deleting = indexedDB.deleteDatabase(name);
    deleting.onsuccess = () => done(true);
    deleting.onerror = () => done(false);
  };
};

const begin = (indexedDB: IDBFactory, name: string, scheduler: Scheduler): Promise<boolean> =>
  new Promise((resolve) => {
    const cancel = scheduler.after(ANSWER_MS, () => resolve(false));
    const done = (isDone: boolean) => {
      cancel();
      resolve(isDone);
    };
    try {
      makeAndDelete(indexedDB, `${name}:torn`, done);
    } catch {
      done(false); // told by whoever opens a database that is needed
    }
  });

/**
 * Begins a new log where the engine would write on behind a torn one. Resolves when that is done, now or earlier on this page, or
 * takes too long: then whoever opens next tries again. To be called after a first opening, which is what hears of discarded databases.
 */
export const leaveTornLog = async (indexedDB: IDBFactory, name: string, scheduler: Scheduler): Promise<void> => {
  if (!keepsOneLog()) return;
  const site = siteOf(indexedDB);
  site.isWhole ??= begin(indexedDB, name, scheduler);
  if (!(await site.isWhole)) site.isWhole = undefined;
};

/** What one opened database is written to behind. */
export type Mending = {
  /** To be awaited before anything is written: resolves when that is not behind a torn log, or after a try that failed. */
  readonly done: () => Promise<void>;
  /** Nothing will be written any more. */
  readonly stop: () => void;
};

/** There is nothing to be mended. */
export const NO_MENDING: Mending = { done: () => Promise.resolve(), stop: () => undefined };

/** Leaves a torn log when it is asked, and a while after the opening if nobody does; tries once. */
export const mendingOf = (indexedDB: IDBFactory, name: string, scheduler: Scheduler): Mending => {
  if (!keepsOneLog()) return NO_MENDING;
  let trying: Promise<void> | undefined;
  const done = (): Promise<void> => {
    trying ??= leaveTornLog(indexedDB, name, scheduler);
    return trying;
  };
  return { done, stop: scheduler.after(UNASKED_MS, () => void done()) };
};
