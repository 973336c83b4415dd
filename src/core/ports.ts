/**
 * What the pure core needs from the world. Adapters provide these; nothing below the adapters reads a clock, draws
 * randomness or sets a timer by itself.
 */

/** Reads of the device clock. Order never rests on them. */
export type Clock = {
  /** Milliseconds since 1970-01-01T00:00:00Z, as the device believes. */
  readonly nowMs: () => number;
  /** Milliseconds since this program started, never stepping back. */
  readonly uptimeMs: () => number;
  /** Minutes east of UTC at the given time, and the zone's IANA name. */
  readonly zone: (atMs: number) => { readonly offsetMin: number; readonly name: string };
};

/** Cryptographically strong randomness. */
export type Entropy = {
  /** `length` fresh random bytes. */
  readonly bytes: (length: number) => Uint8Array;
};

/** Timers, so that tests can own time. */
export type Scheduler = {
  /** Runs `task` once after `delayMs`; the returned function cancels it. */
  readonly after: (delayMs: number, task: () => void) => () => void;
};

/** Codes and identifiers for operators. Never a recorded value. */
export type Logger = {
  readonly log: (
    level: 'info' | 'warn' | 'error',
    code: string,
    details: Readonly<Record<string, string | number | boolean>>,
  ) => void;
};
