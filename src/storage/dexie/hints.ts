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
const OPENED = 'opened';
const PRESENT = 'present';

export type Hints = {
  /** Tells the others of a commit, if there are others. */
  readonly announce: () => void;
  /** Tells the others that this one was overtaken and waits. */
  readonly wait: () => void;
  /** Tells the others that this one is here, when it opens and when it may not have heard them. */
  readonly greet: () => void;
  /** Calls back when there may be something new. */
  readonly listen: (listener: () => void) => () => void;
  /** Calls back when another one waits. */
  readonly onWaiting: (listener: () => void) => () => void;
  /** Wakes the listeners of this connection. */
  readonly stir: () => void;
  readonly isHeard: () => boolean;
  readonly close: () => void;
};

const listeners = () => {
  const all = new Set<() => void>();
  return {
    all,
    tell: () => {
      for (const listener of all) listener();
    },
    join: (listener: () => void) => {
      all.add(listener);
      return () => void all.delete(listener);
    },
  };
};

/**
 * Hints over a channel; without one, nobody hears of anybody. A message costs about a tenth of an append, so one that
 * has never heard of others tells nobody: whoever opens greets, is answered, and is told of what was kept quiet.
 */
export const hintsOver = (channel: Channel | undefined): Hints => {
  const [readers, writers] = [listeners(), listeners()];
  let open = true;
  let hasOthers = false;
  let isOwed = false;
  const post = (word: string) => {
    if (open) channel?.postMessage(word);
  };
  const announce = () => {
    isOwed = !hasOthers;
    if (hasOthers) post(COMMITTED);
  };
  const hear = (word: unknown) => {
    hasOthers = true;
    if (word === OPENED) post(PRESENT);
    if (isOwed) announce();
    if (word === WAITING) writers.tell();
    if (word === COMMITTED) readers.tell();
  };
  if (channel !== undefined) channel.onmessage = ({ data }) => hear(data);
  post(OPENED);
  return {
    announce,
    wait: () => post(WAITING),
    greet: () => post(OPENED),
    listen: readers.join,
    onWaiting: writers.join,
    stir: readers.tell,
    isHeard: () => readers.all.size > 0,
    close: () => {
      open = false;
      readers.all.clear();
      writers.all.clear();
      channel?.close();
    },
  };
};
