/**
 * Timers for an adapter whose engine is to fall silent: at the platform's own pace, until the engine has. Then time leaps on, by
 * as much as the adapter waits for an answer, so that nobody sits out that wait; and goes on at its own pace. What is asked of
 * the engine before the silence or after it has all the time that it always has: a busy machine is never taken for a silent one.
 */
import type { Scheduler } from '../../src/core/ports.ts';

/** As many as the steps in which the Dexie adapter counts its wait: each leap is one of them. */
const LEAPS = 5;
const BETWEEN_LEAPS_MS = 4;

type Timer = { readonly dueMs: number; readonly run: () => void; handle: ReturnType<typeof setTimeout> };

/** Waits that a process sits out one after the other when its engine never speaks again: for a call, for its retry, and for a look. */
const LASTING_WAITS = 6;

/**
 * @param silent resolves when the engine has fallen silent @param answerMs what the adapter waits for an answer
 * @param lasting that the engine stays silent, as to a process that is gone: every later wait is leapt over too
 */
export const hastyTimers = (silent: Promise<void>, answerMs: number, lasting = false): Scheduler => {
  let aheadMs = 0;
  const nowMs = () => performance.now() + aheadMs;
  const timers = new Set<Timer>();
  const wind = (timer: Timer) => {
    clearTimeout(timer.handle);
    timer.handle = setTimeout(timer.run, Math.max(0, timer.dueMs - nowMs()));
  };
  const leap = () => {
    aheadMs += answerMs / LEAPS;
    for (const timer of [...timers]) {
      if (timer.dueMs > nowMs()) wind(timer);
      else if (timers.has(timer)) timer.run();
    }
  };
  const leapAll = async () => {
    await silent;
    for (let left = lasting ? LASTING_WAITS * LEAPS : LEAPS; left > 0; left--) {
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_LEAPS_MS));
      leap();
    }
  };
  void leapAll();
  return {
    after: (delayMs, task) => {
      const run = () => {
        cancel();
        task();
      };
      const timer: Timer = { dueMs: nowMs() + delayMs, run, handle: setTimeout(run, delayMs) };
      const cancel = () => {
        clearTimeout(timer.handle);
        timers.delete(timer);
      };
      timers.add(timer);
      return cancel;
    },
  };
};
