/**
 * Who may use what when: one call at a time on a connection, one writing transaction at a time on a database.
 *
 * Within a process writers stand in line. Without that, a writer that waits for SQLite's own lock inside a driver which
 * does its work at once would keep the holder of the lock, in the same thread, from ever letting go. Against other
 * processes a busy database is asked again, with pauses, for a bounded time.
 */
import { StoreError } from '../../core/errors.ts';
import { isBusy } from './failures.ts';

/** Runs one piece of work after the other, in the order asked. */
export type Line = <T>(work: () => Promise<T>) => Promise<T>;

export const makeLine = (): Line => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  };
};

const PAUSE_MS_MIN = 1;
const PAUSE_MS_MAX = 32;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks again while another process holds a lock. @throws StoreError `storage.busy` after `busyMs` */
export const patiently = async <T>(busyMs: number, work: () => Promise<T>): Promise<T> => {
  const until = performance.now() + busyMs;
  for (let waitMs = PAUSE_MS_MIN; ; waitMs = Math.min(2 * waitMs, PAUSE_MS_MAX)) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() >= until) throw new StoreError('storage.busy', { busyMs });
      await pause(waitMs);
    }
  }
};

/** What the connections of this process to one database share. */
export type Place = {
  readonly writing: Line;
  /** Tells the other connections how large the log is now. */
  readonly announce: (from: object, size: number) => void;
  readonly enter: (connection: object, hear: (size: number) => void) => void;
  readonly leave: (connection: object) => void;
};

const places = new Map<string, Place>();

const makePlace = (name: string): Place => {
  const connections = new Map<object, (size: number) => void>();
  return {
    writing: makeLine(),
    announce: (from, size) => {
      for (const [connection, hear] of connections) if (connection !== from) hear(size);
    },
    enter: (connection, hear) => void connections.set(connection, hear),
    leave: (connection) => {
      connections.delete(connection);
      if (connections.size === 0) places.delete(name);
    },
  };
};

/** The place of a database in this process. */
export const placeNamed = (name: string): Place => {
  const place = places.get(name) ?? makePlace(name);
  places.set(name, place);
  return place;
};
