/** What the page under the kill and the test tell each other, over loopback HTTP. */

/** The page under the kill. */
export const PAGE = 'test/e2e/crash/page.ts';

export const OPERATIONS = [
  'appends one at a time',
  'appends of 100 callers',
  'bulk appends',
  'appends of several records',
  'ingest',
  'packing',
  'snapshots',
  'upgrade',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What a page is to do: look at one database as it was left, then work on another one, or on the same. */
export type Task = {
  readonly operation: Operation;
  /** Database to look at first; empty for none. */
  readonly check: string;
  /** Database to work on then; empty for none. */
  readonly use: string;
  /** Tells the tags of this run from those of others. */
  readonly run: number;
  /** The step of IndexedDB at which the page stops for ever; 0 for none. */
  readonly stopAt: number;
  /** The vault that is read and written before anything else; empty for none. */
  readonly vault: string;
};

/** A database as it was found. */
export type Report = {
  /** Milliseconds from the call to the open store. */
  readonly openMs: number;
  /** Tag of every event in the log. */
  readonly tags: readonly string[];
  readonly replica: string;
  /** What the store itself says that it has lost; empty if it says nothing. */
  readonly loss: string;
  /** Events that the device remembered before the store was opened; 0 for nothing. */
  readonly remembered: number;
  /** What is wrong with it: nothing, if all is well. */
  readonly faults: readonly string[];
};

/** `kept`: what the vault held, each byte of which is a run. `told`: tags that the page was told are durable. `begun`: the operation starts. `stopped`: the page has stopped. */
export type Message =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'kept'; readonly runs: readonly number[] }
  | { readonly kind: 'begun' }
  | { readonly kind: 'told'; readonly tags: readonly string[] }
  | { readonly kind: 'stopped'; readonly step: string }
  | { readonly kind: 'failed'; readonly message: string };
