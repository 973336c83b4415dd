/**
 * Chromium keeps the databases of a site in one LevelDB. A browser that is killed may leave its log with half a record at the
 * end. The next start reads over that, and writes on behind it; the start after that finds the log damaged there, deletes
 * every database of the site and begins empty ones. A database that is deleted makes LevelDB begin a new log: so one is made
 * and deleted before anything is written. Measured, with the logs looked at: decision 0040.
 *
 * Invariant: nothing waits for it longer than `ANSWER_MS`, and nothing fails with it. Law: `test/e2e/discarded`.
 */
import type { Scheduler } from '../../core/ports.ts';

const ANSWER_MS = 1_000;

/** True for the engine that this is about, told by a member that no other one has. */
const keepsOneLog = (): boolean =>
  typeof IDBVersionChangeEvent !== 'undefined' && 'dataLoss' in IDBVersionChangeEvent.prototype;

const makeAndDelete = (indexedDB: IDBFactory, name: string, done: () => void): void => {
  const making = indexedDB.open(name);
  making.onerror = done;
  making.onsuccess = () => {
    making.result.close();
    const deleting = indexedDB.deleteDatabase(name);
    deleting.onsuccess = done;
    deleting.onerror = done;
  };
};

/** Begins a new log where the engine would write on behind a torn one. Resolves when that is done, or takes too long. */
export const leaveTornLog = (indexedDB: IDBFactory | undefined, name: string, scheduler: Scheduler): Promise<void> => {
  if (indexedDB === undefined || !keepsOneLog()) return Promise.resolve();
  return new Promise((resolve) => {
    const cancel = scheduler.after(ANSWER_MS, resolve);
    const done = () => {
      cancel();
      resolve();
    };
    try {
      makeAndDelete(indexedDB, `${name}:torn`, done);
    } catch {
      done(); // told by whoever opens a database that is needed
    }
  });
};
