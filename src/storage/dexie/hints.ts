/**
 * Word between the connections to one database: that there is something new to read, and that somebody waits for a turn
 * to append. Hints: one may be lost, late or untrue, and nothing rests on it.
 */

/** The part of a `BroadcastChannel` that is used. */
export type Channel = {
  onmessage: ((message: MessageEvent) => unknown) | null;
  readonly postMessage: (message: unknown) => void;
  readonly close: () => void;
};

const COMMITTED = 'committed';
const WAITING = 'waiting';

export type Hints = {
  /** Tells the others of a commit. */
  readonly announce: () => void;
  /** Tells the others that this one was overtaken and waits. */
  readonly wait: () => void;
  /** Calls back when there may be something new. */
  readonly listen: (listener: () => void) => () => void;
  /** Calls back when another one waits. */
  readonly onWaiting: (listener: () => void) => () => void;
  /** Wakes the listeners of this connection. */
  readonly stir: () => void;
  readonly isHeard: () => boolean;
  readonly close: () => void;
};

/** Hints over a channel; without one, nobody hears of anybody. */
export const hintsOver = (channel: Channel | undefined): Hints => {
  const readers = new Set<() => void>();
  const writers = new Set<() => void>();
  let open = true;
  const tell = (listeners: ReadonlySet<() => void>) => {
    for (const listener of listeners) listener();
  };
  const post = (word: string) => {
    if (open) channel?.postMessage(word);
  };
  const join = (listeners: Set<() => void>) => (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  if (channel !== undefined) channel.onmessage = ({ data }) => tell(data === WAITING ? writers : readers);
  return {
    announce: () => post(COMMITTED),
    wait: () => post(WAITING),
    listen: join(readers),
    onWaiting: join(writers),
    stir: () => tell(readers),
    isHeard: () => readers.size > 0,
    close: () => {
      open = false;
      readers.clear();
      writers.clear();
      channel?.close();
    },
  };
};
