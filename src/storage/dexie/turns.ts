/**
 * Turns among tabs that append at the same time: who was overtaken waits for its turn by a Web Lock and says so; who
 * hears that others wait takes a turn too. A tab that appends alone asks for nothing.
 *
 * Order only: whether an append is stored is decided by the log's head in its transaction, never by a turn. So nobody
 * waits longer than `LIMITS.turnWaitMs`: a turn whose holder is frozen is taken from it, and the holder that thaws is
 * refused by the head. Laws: `turns.laws`, and `test/e2e/tabs` with eight tabs.
 * Why not a lock for each append: `docs/decisions/0014-turns-only-when-contended.md`.
 */
import { LIMITS } from '../../core/limits.ts';
import type { Scheduler } from '../../core/ports.ts';
import type { Hints } from './hints.ts';
import type { Page } from './page.ts';

/** The part of Web Locks that is used. */
export type Locks = Pick<LockManager, 'request'> & Partial<Pick<LockManager, 'query'>>;

export type Turns = {
  /** True if another tab waits for a turn, and this one has none. */
  readonly isWanted: () => boolean;
  /** Before an append where that is so: resolves when it is this tab's turn. */
  readonly begin: () => Promise<void>;
  /** After an append that was overtaken: resolves when it is this tab's turn, which it keeps for the next append. */
  readonly overtaken: () => Promise<void>;
  /** After any other end of an append. */
  readonly end: () => void;
  readonly close: () => void;
};

export type TurnsParts = {
  readonly locks: Locks;
  readonly name: string;
  readonly hints: Hints;
  readonly scheduler: Scheduler;
  readonly page: Page | undefined;
};

/** Nobody waits for anybody: where there are no Web Locks. */
export const NO_TURNS: Turns = {
  isWanted: () => false,
  begin: () => Promise.resolve(),
  overtaken: () => Promise.resolve(),
  end: () => undefined,
  close: () => undefined,
};

/** A turn that is held; ends by itself when it is not used. */
const keeper = (scheduler: Scheduler) => {
  let release: (() => void) | undefined;
  let cancel = () => {};
  const drop = () => {
    cancel();
    release?.();
    release = undefined;
  };
  const renew = () => {
    cancel();
    cancel = scheduler.after(LIMITS.turnKeptMs, drop);
  };
  return {
    isHeld: () => release !== undefined,
    drop,
    renew,
    /** Holds until dropped; the promise is what the lock waits for. */
    hold: (): Promise<void> => {
      drop();
      renew();
      return new Promise((resolve) => {
        release = resolve;
      });
    },
  };
};

type Keeper = ReturnType<typeof keeper>;

/** Looks of one wait; the last one ends it. A holder that two looks in a row find again has had its time. */
const LOOKS = 4;

type Seen = string | undefined;

/** Takes the lock from a holder that has been found three times; one tab at a time does, the others go on waiting. */
const takeAway = ({ locks, name }: TurnsParts, granted: () => Promise<void>, isOver: () => boolean): void => {
  const rescue = (lock: Lock | null) => {
    if (lock === null || isOver()) return;
    return new Promise<void>((resolve) => {
      const hold = () => {
        resolve();
        return granted();
      };
      locks.request(name, { steal: true }, hold).catch(() => resolve());
    });
  };
  locks.request(`${name}:rescue`, { ifAvailable: true }, rescue).catch(() => undefined); // the wait has its own end
};

/** Waits for the lock, and at most `LIMITS.turnWaitMs`. Resolves with or without it. */
const waitForTurn = (parts: TurnsParts, kept: Keeper, sleep: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const { locks, name, scheduler } = parts;
    const patience = new AbortController();
    const holders: Seen[] = [];
    let isOver = false;
    let cancel = () => {};
    const end = () => {
      isOver = true;
      cancel();
      patience.abort();
      resolve();
    };
    const granted = (): Promise<void> => {
      if (isOver) return Promise.resolve();
      isOver = true;
      cancel();
      resolve();
      return kept.hold();
    };
    const look = async (): Promise<void> => {
      if (holders.length === LOOKS - 1) return end();
      lookLater();
      const held = (await locks.query?.().catch(() => undefined))?.held;
      const holder = held?.find((lock) => lock.name === name)?.clientId;
      holders.push(holder);
      const isStuck = holder !== undefined && holder === holders.at(-2) && holder === holders.at(-3);
      if (isStuck && !isOver) takeAway(parts, granted, () => isOver);
    };
    const lookLater = () => {
      cancel = scheduler.after(LIMITS.turnWaitMs / LOOKS, () => void look());
    };
    lookLater();
    sleep.addEventListener('abort', end, { once: true });
    locks.request(name, { signal: patience.signal }, granted).catch(() => undefined); // given up, or taken away
  });

/** Takes turns on one database. */
export const turnsOver = (parts: TurnsParts): Turns => {
  const { hints, scheduler, page } = parts;
  const kept = keeper(scheduler);
  let asleep = new AbortController();
  let isWanted = false;
  let waiting: Promise<void> | undefined;
  const take = (): Promise<void> => {
    isWanted = false;
    if (kept.isHeld()) {
      kept.renew();
      return Promise.resolve();
    }
    waiting ??= waitForTurn(parts, kept, asleep.signal).finally(() => {
      waiting = undefined;
    });
    return waiting;
  };
  const letGo = () => {
    asleep.abort();
    asleep = new AbortController();
    kept.drop();
  };
  const stop = [
    hints.onWaiting(() => {
      isWanted = true;
    }),
    page?.onSleep(letGo),
  ];
  return {
    isWanted: () => isWanted && !kept.isHeld(),
    begin: take,
    overtaken: () => {
      hints.wait();
      return take();
    },
    end: kept.drop,
    close: () => {
      for (const each of stop) each?.();
      letGo();
    },
  };
};
