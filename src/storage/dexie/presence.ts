/**
 * Who else has this database open, as far as packing has to know.
 *
 * A connection that holds the shared lock may rely on the clash with a taken key: nobody takes keys away while anybody
 * holds it. One that does not hold it (yet, or because there are no Web Locks) compares with the head in its
 * transaction instead. So nobody waits for the lock, whatever a frozen tab does with it.
 * Laws: "a connection that knows an old size only is refused after packing and after sweeping".
 */

/** The part of Web Locks that is used. */
export type Locks = Pick<LockManager, 'request'>;

export type Presence = {
  /** Given while the lock is held, the same object for as long as it is held without a break. */
  readonly held: () => object | undefined;
  /** Runs `work` if no other connection holds the lock; this one counts as one that does not, meanwhile. */
  readonly alone: (work: () => Promise<void>) => Promise<void>;
  readonly end: () => void;
};

type State = {
  held: object | undefined;
  release: () => void;
  /** Settles when the lock that was asked for is not held any more. */
  over: Promise<unknown>;
  ended: boolean;
};

const ABSENT: Presence = { held: () => undefined, alone: async () => {}, end: () => {} };

/** Asks for the shared lock and keeps it until `release` is called; does not wait. */
const hold = (locks: Locks, name: string, state: State): void => {
  const waiting = new AbortController();
  state.release = () => waiting.abort();
  const keep = () =>
    new Promise<void>((resolve) => {
      state.held = {};
      state.release = () => {
        state.held = undefined;
        resolve();
      };
    });
  state.over = locks.request(name, { mode: 'shared', signal: waiting.signal }, keep).catch(() => undefined);
};

/** Announces this connection to the others of the database, until `end`. */
export const presenceOver = (locks: Locks | undefined, name: string): Presence => {
  if (locks === undefined) return ABSENT;
  const state: State = { held: undefined, release: () => {}, over: Promise.resolve(), ended: false };
  hold(locks, name, state);
  return {
    held: () => state.held,
    alone: async (work) => {
      if (state.held === undefined || state.ended) return;
      state.release();
      await state.over;
      try {
        await locks.request(name, { mode: 'exclusive', ifAvailable: true }, async (lock) => {
          if (lock !== null && !state.ended) await work();
        });
      } finally {
        if (!state.ended) hold(locks, name, state);
      }
    },
    end: () => {
      state.ended = true;
      state.release();
    },
  };
};
