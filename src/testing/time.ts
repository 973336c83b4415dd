/** Time that a test owns: a clock that stands still until it is moved, and timers that fire when it is. */
import type { Clock, Scheduler } from '../core/ports.ts';

export type SimulatedTime = {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Moves time on and runs what is due, in order of its time; what a task schedules may run in the same call. */
  readonly advance: (ms: number) => void;
  /** Steps the device clock without running anything, as a person or a time server may: also back. */
  readonly stepClock: (ms: number) => void;
  /** Lets the device clock run at so many times the pace of time from now on: 1.001 gains 3.6 s an hour. */
  readonly driftClock: (pace: number) => void;
  /** Delays of the timers that wait, in milliseconds from now, shortest first. */
  readonly waiting: () => readonly number[];
};

type Timer = { readonly atMs: number; readonly order: number; readonly task: () => void };

/** Simulated time, from `startMs` (milliseconds since 1970) on; UTC unless a zone is given. */
export const simulatedTime = (
  options: { readonly startMs?: number; readonly zone?: { readonly offsetMin: number; readonly name: string } } = {},
): SimulatedTime => {
  const { startMs = Date.UTC(2026, 0, 5, 9), zone = { offsetMin: 0, name: 'Etc/UTC' } } = options;
  const timers = new Set<Timer>();
  let uptimeMs = 0;
  let wallMs = startMs;
  let order = 0;
  let pace = 1;
  const byTime = () => [...timers].sort((a, b) => a.atMs - b.atMs || a.order - b.order);
  const moveTo = (ms: number) => {
    wallMs += Math.round((ms - uptimeMs) * pace);
    uptimeMs = ms;
  };
  return {
    clock: { nowMs: () => wallMs, uptimeMs: () => uptimeMs, zone: () => zone },
    scheduler: {
      after: (delayMs, task) => {
        const timer = { atMs: uptimeMs + Math.max(0, delayMs), order: order++, task };
        timers.add(timer);
        return () => void timers.delete(timer);
      },
    },
    advance: (ms) => {
      const end = uptimeMs + ms;
      for (let next = byTime()[0]; next !== undefined && next.atMs <= end; next = byTime()[0]) {
        timers.delete(next);
        moveTo(next.atMs);
        next.task();
      }
      moveTo(end);
    },
    stepClock: (ms) => {
      wallMs += ms;
    },
    driftClock: (next) => {
      pace = next;
    },
    waiting: () => byTime().map(({ atMs }) => atMs - uptimeMs),
  };
};
