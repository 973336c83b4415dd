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

/** What the platform says about the room for this application's data. Undefined where it does not say. */
export type StorageFacts = {
  /** Bytes in use and bytes allowed, as the platform estimates them. */
  readonly estimate: () => Promise<{ readonly usageBytes: number; readonly quotaBytes: number } | undefined>;
  /** True if the platform promises not to clear the data by itself when room is short. */
  readonly persisted: () => Promise<boolean | undefined>;
  /** Asks for that promise; a browser may put the question to the person. */
  readonly persist: () => Promise<boolean | undefined>;
  /** True if a person has done something here since the program started: before that nothing is asked. */
  readonly hasActed: () => boolean;
};

/**
 * A place outside the database for a small text that says that there is one, so that its loss is noticed. Whatever it
 * throws costs nothing but that.
 */
export type KnownMarker = {
  readonly read: () => Promise<string | undefined>;
  readonly write: (text: string) => Promise<void>;
};
