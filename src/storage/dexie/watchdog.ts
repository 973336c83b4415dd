/**
 * The bound on waiting for the database: a call that has not been answered in time is given up.
 *
 * Time counts in steps that the page was awake for: a page that was frozen in the middle of a call gives the database
 * the steps that are left, not a verdict on waking. Law: "a call that is never answered ends in time".
 */
import { StoreError } from '../../core/errors.ts';
import type { Scheduler } from '../../core/ports.ts';

const STEPS = 4;

/** Gives what the call gives. @throws StoreError `storage.unresponsive`; what becomes of the call then is not known */
export type Watch = <T>(call: Promise<T>) => Promise<T>;

/** Watches calls for `answerMs` milliseconds each. */
export const watchdog =
  (scheduler: Scheduler, answerMs: number): Watch =>
  (call) =>
    new Promise((resolve, reject) => {
      let steps = 0;
      const step = () => {
        steps += 1;
        if (steps === STEPS) reject(new StoreError('storage.unresponsive', { answerMs }));
        else cancel = scheduler.after(answerMs / STEPS, step);
      };
      let cancel = scheduler.after(answerMs / STEPS, step);
      call.then(
        (value) => {
          cancel();
          resolve(value);
        },
        (error: unknown) => {
          cancel();
          reject(error);
        },
      );
    });
