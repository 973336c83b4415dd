/** How long to wait before the next attempt: the end is said once, the seconds are only shown. */
import { useNow } from './hooks.ts';

/** Seconds from now; 0 when it is over. */
export const useSecondsUntil = (untilMs: number): number => {
  const now = useNow(250);
  return Math.max(0, Math.ceil((untilMs - now) / 1_000));
};

const spell = (seconds: number): string => {
  if (seconds < 120) return `${seconds} s`;
  return `${Math.ceil(seconds / 60)} min`;
};

export const Waiting = ({ untilMs, seconds }: { readonly untilMs: number; readonly seconds: number }) =>
  seconds === 0 ? null : (
    <p className="waiting" role="status">
      Try again at {new Date(untilMs).toLocaleTimeString('en-GB')}
      <span aria-hidden="true">, in {spell(seconds)}</span>
    </p>
  );
