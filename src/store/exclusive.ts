/**
 * Work that one at a time may do: across tabs where the platform can order them, within this program elsewhere.
 *
 * A turn lasts as long as its work, which may be long. Who waits asks from time to time whether the holder is there; one
 * that does not answer, because its tab is frozen, loses its turn within `LIMITS.exchangeSilentMs`. A frozen page still
 * hears messages, but runs no timer: so the answer is given by a timer. When the holder thaws, its turn is over: `check`
 * asks who holds it, so that nothing is written on what this tab knew then. Laws: `exclusive.laws`, `test/e2e/tabs`.
 */
import { StoreError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Scheduler } from '../core/ports.ts';
import { systemJitter, systemScheduler } from './platform.ts';

/** What a holder knows of its turn. */
export type Turn = {
  /** @throws StoreError `store.turn-lost` if it is not this tab's turn any more */
  readonly check: () => Promise<void>;
};

export type Exclusive = <T>(work: (turn: Turn) => Promise<T>, signal: AbortSignal) => Promise<T>;

/** The part of a `BroadcastChannel` that is used. */
type Line = {
  onmessage: ((message: MessageEvent) => unknown) | null;
  readonly postMessage: (message: unknown) => void;
  readonly close: () => void;
};

/** The part of Web Locks that is used. */
type Locks = Pick<LockManager, 'request'> & Partial<Pick<LockManager, 'query'>>;

export type ExclusiveParts = {
  readonly locks: Locks | undefined;
  readonly line: ((name: string) => Line) | undefined;
  readonly scheduler: Scheduler;
  /** A number from 0 to 1. */
  readonly jitter: () => number;
};

const SILENT_MS = LIMITS.exchangeSilentMs;
/** Who waits asks after 1 to 2 times this, and gives the holder twice this to answer. */
const ASK_MS = SILENT_MS / 4;
const [THERE, HERE] = ['there?', 'here'];
const ALWAYS: Turn = { check: () => Promise.resolve() };

const turns = new Map<string, Promise<unknown>>();

const inTurn = <T>(name: string, work: (turn: Turn) => Promise<T>, signal: AbortSignal): Promise<T> => {
  const turn = (turns.get(name) ?? Promise.resolve()).then(() => {
    signal.throwIfAborted();
    return work(ALWAYS);
  });
  const ended = turn
    .catch(() => undefined) // told to whoever asked for this turn
    .then(() => {
      if (turns.get(name) === ended) turns.delete(name);
    });
  turns.set(name, ended);
  return turn;
};

type Across = { readonly name: string; readonly locks: Locks; readonly parts: ExclusiveParts };

/** Who holds the lock, as far as the platform tells. */
const holderOf = async ({ name, locks }: Across): Promise<string | undefined> =>
  (await locks.query?.())?.held?.find((lock) => lock.name === name)?.clientId;

/** A turn while its work runs: answers who asks, and can be looked up. */
const holdTurn = (line: Line | undefined, across: Across) => {
  let isOver = false;
  const own = holderOf(across);
  own.catch(() => undefined); // told to who checks
  const answer = () => {
    if (!isOver) line?.postMessage(HERE);
  };
  if (line !== undefined) {
    line.onmessage = ({ data }) => {
      if (data === THERE) across.parts.scheduler.after(0, answer);
    };
  }
  answer();
  return {
    check: async (): Promise<void> => {
      const [mine, now] = [await own, await holderOf(across)];
      if (isOver || mine !== now) throw new StoreError('store.turn-lost');
    },
    end: () => {
      isOver = true;
    },
  };
};

/** Asks whether the holder is there, until it is not; gives the end of asking. */
const askOn = (line: Line | undefined, { scheduler, jitter }: ExclusiveParts, onSilence: () => void): (() => void) => {
  if (line === undefined) return () => undefined;
  let heard = false;
  line.onmessage = ({ data }) => {
    heard ||= data === HERE;
  };
  const listen = () => {
    if (!heard) onSilence();
    cancel = later();
  };
  const ask = () => {
    heard = false;
    line.postMessage(THERE);
    cancel = scheduler.after(2 * ASK_MS, listen);
  };
  const later = () => scheduler.after((1 + jitter()) * ASK_MS, ask);
  let cancel = later();
  return () => cancel();
};

const acrossTabs = <T>(across: Across, work: (turn: Turn) => Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const { name, locks, parts } = across;
    const line = parts.line?.(name);
    const patience = new AbortController();
    const giveUp = () => patience.abort(signal.reason);
    let isHeld = false;
    let stopAsking = () => {};
    const end = () => {
      stopAsking();
      line?.close();
      signal.removeEventListener('abort', giveUp);
    };
    const hold = async (turn: ReturnType<typeof holdTurn>): Promise<void> => {
      try {
        resolve(await work({ check: turn.check }));
      } catch (error) {
        reject(error);
      } finally {
        turn.end();
        end();
      }
    };
    /** Asks for the lock and works under it; who loses it in the middle of its work is told so. */
    const request = async (options: LockOptions, onGranted = () => {}): Promise<void> => {
      let turn: ReturnType<typeof holdTurn> | undefined;
      const granted = (): Promise<void> | undefined => {
        onGranted();
        if (isHeld || signal.aborted) return undefined;
        isHeld = true;
        stopAsking();
        turn = holdTurn(line, across);
        return hold(turn);
      };
      try {
        await locks.request(name, options, granted);
      } catch (reason) {
        turn?.end();
        if (turn !== undefined) reject(new StoreError('store.turn-lost'));
        else if (!isHeld) {
          end();
          reject(reason);
        }
      }
    };
    /** One of those who wait takes the turn away; the others hear that somebody is there again. */
    const rescue = (lock: Lock | null): Promise<void> | undefined =>
      lock === null || isHeld || signal.aborted
        ? undefined
        : new Promise((taken) => void request({ steal: true }, taken).finally(taken));
    stopAsking = askOn(line, parts, () => {
      locks.request(`${name}:rescue`, { ifAvailable: true }, rescue).catch(() => undefined); // asked again later
    });
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    void request({ signal: patience.signal });
  });

/** Runs work when nobody else runs any under this name, over the given parts. */
export const exclusivelyOver =
  (name: string, parts: ExclusiveParts): Exclusive =>
  (work, signal) =>
    parts.locks === undefined
      ? inTurn(name, work, signal)
      : acrossTabs({ name, locks: parts.locks, parts }, work, signal);

/**
 * Runs work when nobody else runs any under this name.
 * @throws what the work throws, or the signal's reason; `store.turn-lost` if this tab was frozen for so long that another
 * one went on
 */
export const exclusively = (name: string): Exclusive =>
  exclusivelyOver(name, {
    locks: typeof navigator === 'undefined' ? undefined : navigator.locks,
    line: typeof BroadcastChannel === 'undefined' ? undefined : (line) => new BroadcastChannel(line),
    scheduler: systemScheduler,
    jitter: systemJitter,
  });
