/**
 * Looks at the log where a hint may have been lost: when the page wakes, and every `LIMITS.lookMs` while it is visible
 * and somebody listens.
 */
import { LIMITS } from '../../core/limits.ts';
import type { Scheduler } from '../../core/ports.ts';
import type { Size } from '../../core/position.ts';
import type { Hints } from './hints.ts';
import type { Page } from './page.ts';

export type LookoutParts = {
  readonly hints: Hints;
  readonly page: Page | undefined;
  readonly scheduler: Scheduler;
  readonly size: () => Promise<Size>;
};

/** Starts looking; gives the end of it. */
export const startLookout = ({ hints, page, scheduler, size }: LookoutParts): (() => void) => {
  if (page === undefined) return () => undefined;
  let seen: Size | undefined;
  const look = async (): Promise<void> => {
    if (!page.isVisible() || !hints.isHeard()) return;
    const now = await size();
    if (seen !== undefined && now > seen) hints.stir();
    seen = now;
  };
  const again = (): (() => void) =>
    scheduler.after(LIMITS.lookMs, () => {
      look().catch(() => undefined); // whoever reads or appends next is told
      cancel = again();
    });
  let cancel = again();
  const stop = page.onWake(() => {
    hints.greet();
    hints.stir();
  });
  return () => {
    cancel();
    stop();
  };
};
