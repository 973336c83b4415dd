/**
 * Work that one at a time may do: across tabs where the platform can order them, within this program elsewhere.
 *
 * A turn lasts as long as its work, which may be long. Who waits asks from time to time whether the holder is there; one
 * that does not answer, because its tab is frozen, loses its turn after `LIMITS.exchangeSilentMs`. When it thaws, its
 * turn is over: `check` throws, so that nothing is written on what it knew then. Laws: `exclusive.laws`, `test/e2e/tabs`.
 */
import { StoreError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Clock, Scheduler } from '../core/ports.ts';
import { systemClock, systemJitter, systemScheduler } from './platform.ts';

/** What a holder knows of its turn. */
export type Turn = {
  /** @throws StoreError `store.turn-lost` if it is not, or may not be, this tab's turn any more */
  readonly check: () => void;
};

export type Exclusive = <T>(work: (turn: Turn) => Promise<T>, signal: AbortSignal) => Promise<T>;

/** The part of a `BroadcastChannel` that is used. */
type Line = {
  onmessage: ((message: MessageEvent) => unknown) | null;
  readonly postMessage: (message: unknown) => void;
  readonly close: () => void;
};

export type ExclusiveParts = {
  readonly locks: Pick<LockManager, 'request'> | undefined;
  readonly line: ((name: string) => Line) | undefined;
  readonly scheduler: Scheduler;
  readonly clock: Pick<Clock, 'uptimeMs'>;
  /** A number from 0 to 1. */
  readonly jitter: () => number;
};

const SILENT_MS = LIMITS.exchangeSilentMs;
const [THERE, HERE] = ['there?', 'here'];
const ALWAYS: Turn = { check: () => undefined };

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

/** A turn while its work runs: answers who asks, and notices when this tab was asleep for too long. */
const holdTurn = (line: Line | undefined, { scheduler, clock }: ExclusiveParts) => {
  let awakeMs = clock.uptimeMs();
  let isLost = false;
  let cancel = () => {};
  const check = () => {
    isLost ||= clock.uptimeMs() - awakeMs > SILENT_MS / 2;
    if (isLost) throw new StoreError('store.turn-lost');
  };
  const isMine = (): boolean => {
    try {
      check();
      return true;
    } catch {
      return false;
    }
  };
  const beat = () => {
    if (!isMine()) return;
    awakeMs = clock.uptimeMs();
    cancel = scheduler.after(SILENT_MS / 6, beat);
  };
  const answer = () => {
    if (isMine()) line?.postMessage(HERE);
  };
  if (line !== undefined) line.onmessage = ({ data }) => (data === THERE ? answer() : undefined);
  beat();
  answer();
  return {
    check,
    lose: () => {
      isLost = true;
    },
    end: () => cancel(),
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
    cancel = scheduler.after(SILENT_MS / 3, listen);
  };
  const later = () => scheduler.after(((1 + jitter()) * SILENT_MS) / 3, ask);
  let cancel = later();
  return () => cancel();
};

type Across = { readonly name: string; readonly locks: Pick<LockManager, 'request'>; readonly parts: ExclusiveParts };

const acrossTabs = <T>(
  { name, locks, parts }: Across,
  work: (turn: Turn) => Promise<T>,
  signal: AbortSignal,
): Promise<T> =>
  new Promise((resolve, reject) => {
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
        turn = holdTurn(line, parts);
        return hold(turn);
      };
      try {
        await locks.request(name, options, granted);
      } catch (reason) {
        turn?.lose();
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
    clock: systemClock,
    jitter: systemJitter,
  });
