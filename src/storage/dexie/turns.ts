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
  /** Before an append: takes a turn if another tab waits for one. True if there was one to wait for. */
  readonly begin: () => Promise<boolean>;
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
  begin: () => Promise.resolve(false),
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

/** Waits for the lock, and at most `LIMITS.turnWaitMs`. Resolves with or without it. */
const waitForTurn = ({ locks, name, scheduler }: TurnsParts, kept: Keeper, sleep: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const patience = new AbortController();
    let before: string | undefined;
    const holder = async () => (await locks.query?.())?.held?.find((lock) => lock.name === name)?.clientId;
    const goOn = () => {
      cancel();
      patience.abort();
      resolve();
    };
    const granted = () => {
      cancel();
      resolve();
      return kept.hold();
    };
    const request = (options: { readonly signal?: AbortSignal; readonly steal?: boolean }) =>
      void locks.request(name, options, granted).catch(() => undefined); // given up, or taken by another tab
    const end = async () => {
      const now = await holder().catch(() => undefined);
      if (patience.signal.aborted || kept.isHeld()) return;
      if (now === undefined || now !== before) return goOn();
      patience.abort();
      cancel = scheduler.after(LIMITS.turnWaitMs / 10, resolve);
      request({ steal: true });
    };
    const half = async () => {
      cancel = scheduler.after(LIMITS.turnWaitMs / 2, () => void end());
      before = await holder().catch(() => undefined);
    };
    let cancel = scheduler.after(LIMITS.turnWaitMs / 2, () => void half());
    sleep.addEventListener('abort', goOn, { once: true });
    request({ signal: patience.signal });
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
    begin: async () => {
      if (!isWanted || kept.isHeld()) return false;
      await take();
      return true;
    },
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
