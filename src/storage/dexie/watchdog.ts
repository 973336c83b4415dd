/**
 * The bound on waiting for the database: a call that has not been answered in time is given up, and so is one whose
 * connection was dropped.
 *
 * Time counts in steps that the page was awake for: a page that was frozen in the middle of a call gives the database
 * the steps that are left, not a verdict on waking. All calls share one timer, which runs while there are any: an append
 * pays for no timer of its own. Law: "a call that is never answered ends in time".
 */
import { StoreError } from '../../core/errors.ts';
import type { Scheduler } from '../../core/ports.ts';

/** A call is given up at the fifth step after its begin: after four fifths of its time at least. */
const STEPS = 5;

/**
 * Gives what the call gives. `onDropped` tells of the end of its connection.
 * @throws StoreError `storage.unresponsive`, `storage.connection-lost`; what becomes of the call then is not known
 */
export type Watch = <T>(call: Promise<T>, onDropped?: (listener: () => void) => () => void) => Promise<T>;

type Waiting = { steps: number; readonly giveUp: () => void };

/** Watches calls, each for `answerMs` milliseconds at most. */
export const watchdog = (scheduler: Scheduler, answerMs: number): Watch => {
  const waiting = new Set<Waiting>();
  let isRunning = false;
  const run = () => {
    isRunning = waiting.size > 0;
    if (isRunning) scheduler.after(answerMs / STEPS, step);
  };
  const step = () => {
    for (const call of waiting) {
      call.steps += 1;
      if (call.steps === STEPS) call.giveUp();
    }
    run();
  };
  return (call, onDropped) =>
    new Promise((resolve, reject) => {
      const fail = (code: 'storage.unresponsive' | 'storage.connection-lost') => {
        end();
        reject(new StoreError(code));
      };
      const self: Waiting = { steps: 0, giveUp: () => fail('storage.unresponsive') };
      const forget = onDropped?.(() => fail('storage.connection-lost'));
      const end = () => {
        waiting.delete(self);
        forget?.();
      };
      waiting.add(self);
      if (!isRunning) run();
      call.then(
        (value) => {
          end();
          resolve(value);
        },
        (error: unknown) => {
          end();
          reject(error);
        },
      );
    });
};
