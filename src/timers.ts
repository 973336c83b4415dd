/** The platform's own timers, for every adapter that was given none. */
import type { Scheduler } from './core/ports.ts';

export const systemScheduler: Scheduler = {
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};
