/** Word between the connections to one database that there is something new to read. A hint: it may be lost or late. */

/** The part of a `BroadcastChannel` that is used. */
export type Channel = {
  onmessage: ((message: MessageEvent) => unknown) | null;
  readonly postMessage: (message: unknown) => void;
  readonly close: () => void;
};

export type Hints = {
  readonly announce: () => void;
  readonly listen: (listener: () => void) => () => void;
  readonly close: () => void;
};

/** Hints over a channel; without one, nobody hears of anybody. */
export const hintsOver = (channel: Channel | undefined): Hints => {
  const listeners = new Set<() => void>();
  let open = true;
  if (channel !== undefined) {
    channel.onmessage = () => {
      for (const listener of listeners) listener();
    };
  }
  return {
    announce: () => {
      if (open) channel?.postMessage('committed');
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => {
      open = false;
      listeners.clear();
      channel?.close();
    },
  };
};
