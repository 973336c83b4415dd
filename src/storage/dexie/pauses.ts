/**
 * Whether something happened since the last append after which a browser may have lost the database without a word:
 * the page slept, was put away or was idle. The append after it is read back before it counts as stored.
 */
import { LIMITS } from '../../core/limits.ts';
import type { Clock } from '../../core/ports.ts';
import type { Page } from './page.ts';

export type Pauses = {
  /** True once after each pause. */
  readonly hasPassed: () => boolean;
  readonly close: () => void;
};

/** Watches for pauses from now on; the first append is after one. */
export const watchPauses = (page: Page | undefined, clock: Pick<Clock, 'uptimeMs'>): Pauses => {
  let slept = true;
  let lastMs = clock.uptimeMs();
  const stop = page?.onWake(() => {
    slept = true;
  });
  return {
    hasPassed: () => {
      const nowMs = clock.uptimeMs();
      const passed = slept || nowMs - lastMs > LIMITS.storagePauseMs;
      slept = false;
      lastMs = nowMs;
      return passed;
    },
    close: () => stop?.(),
  };
};
