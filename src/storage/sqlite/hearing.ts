/**
 * Word of what other connections have stored. Those of this process tell each other at once. Other processes cannot: while
 * anybody listens, the database's own change counter is looked at every `pollMs`. Each growth of the log is told once; a
 * change of marks alone is not told. A hint: the reader reads.
 */
import type { Size } from '../../core/position.ts';
import type { SqlRow } from './driver.ts';
import type { Place } from './turns.ts';

export type Hearing = {
  /** Tells the others that this connection has made the log grow. */
  readonly tell: (end: Size) => void;
  readonly listen: (listener: () => void) => () => void;
  readonly stop: () => void;
};

type Options = {
  readonly place: Place;
  readonly pollMs: number;
  readonly size: Size;
  /** A number that changes when another connection has changed the database. */
  readonly version: () => Promise<readonly SqlRow[]>;
  readonly readSize: () => Promise<Size>;
};

export const hearingOn = ({ place, pollMs, size, version, readSize }: Options): Hearing => {
  const self = {};
  const listeners = new Set<() => void>();
  let [known, seen]: [number, unknown] = [size, undefined];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hear = (end: number) => {
    if (end <= known) return;
    known = end;
    for (const listener of listeners) queueMicrotask(listener);
  };
  const look = async () => {
    const [row] = await version();
    const now = row?.['data_version'];
    if (now === seen) return;
    hear(await readSize());
    seen = now;
  };
  const poll = () => {
    const own = setTimeout(async () => {
      await look().catch(() => undefined); // asked again in a while
      if (timer === own) poll();
    }, pollMs);
    if (typeof own === 'object') own.unref(); // in Node: waiting for others keeps no process alive
    timer = own;
  };
  const rest = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  place.enter(self, hear);
  return {
    tell: (end) => {
      known = Math.max(known, end);
      place.announce(self, end);
    },
    listen: (listener) => {
      listeners.add(listener);
      if (timer === undefined) poll();
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) rest();
      };
    },
    stop: () => {
      rest();
      listeners.clear();
      place.leave(self);
    },
  };
};
