/**
 * Runs the sync machine over the exchanges: provides its actors, feeds it connectivity and nudges, shows its status.
 *
 * Invariant: status is derived from the machine, the mark and the pending count; nothing is claimed that a receipt does
 * not show. The runner deletes nothing, ever.
 */
import { BehaviorSubject, type Observable } from 'rxjs';
import { createActor, fromPromise, type SnapshotFrom } from 'xstate';
import type { Scheduler } from '../core/ports.ts';
import { type SyncState, syncMachine } from '../machines/sync.ts';
import { type ExchangeParts, exchangeKeys, greet, pullAll, pushAll } from './exchange.ts';

export type SyncStatus = {
  readonly state: SyncState;
  /** Own events that no receipt covers. */
  readonly pending: number;
  /** Device time of the oldest of them, RFC 3339 UTC. */
  readonly oldestPending: string | undefined;
  /** Newest receipt: server time, own events it covers, size of the server's log. */
  readonly receipt: { readonly time: string; readonly sequence: number; readonly size: number } | undefined;
  /** Code of the failure that has not been overcome yet. */
  readonly lastError: string | undefined;
  /** Failures since the last success. */
  readonly attempts: number;
};

export type Sync = {
  readonly status$: Observable<SyncStatus>;
  readonly status: () => SyncStatus;
  /** Pulls and pushes now, whatever the timer says. Resolves when that has ended, well or not. */
  readonly now: () => Promise<SyncStatus>;
  /** Tells whether there is a network. While there is none, nothing is tried. */
  readonly setOnline: (online: boolean) => void;
  readonly stop: () => void;
};

export type SyncTiming = {
  /** Between two rounds when all is well. */
  readonly intervalMs: number;
  /** First delay after a failure; doubles up to `backoffMsMax`. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
};

export type RunnerParts = ExchangeParts & {
  readonly timing: SyncTiming;
  readonly scheduler: Scheduler;
  /** Runs an exchange while no other tab runs one, on the newest mark. */
  readonly alone: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
  /** A number from 0 to 1, for jitter. */
  readonly jitter: () => number;
  readonly pending: () => { readonly events: number; readonly oldest: string | undefined };
  /** Calls back when the pending count or the mark changed, and when something was recorded here. */
  readonly onChange: (changed: () => void, recorded: () => void) => () => void;
};

const SETTLED: readonly SyncState[] = ['offline', 'live', 'waiting', 'unauthorised', 'wedged', 'quarantined'];

const clockOf = (scheduler: Scheduler) => ({
  setTimeout: (task: () => void, delayMs: number) => scheduler.after(delayMs, task),
  clearTimeout: (cancel: unknown) => {
    if (typeof cancel === 'function') cancel();
  },
});

/**
 * A device that is online and records nothing would not notice that a copy of its database goes on elsewhere: pulls leave
 * out its own events. So it greets again with every so many pulls.
 */
const GREET_EVERY = 60;

const provided = (parts: RunnerParts) => {
  const { timing, jitter } = parts;
  let pulls = 0;
  const pull = async (signal: AbortSignal) => {
    pulls += 1;
    if (pulls % GREET_EVERY === 0) await greet(parts, signal);
    const { short } = await pullAll(parts, signal);
    const keyless = await exchangeKeys(parts, 'exchange', signal);
    return { short: short ?? keyless };
  };
  const push = async (signal: AbortSignal) => {
    const { refused, later } = await pushAll(parts, signal);
    const keyless = await exchangeKeys(parts, 'send', signal);
    return { refused, later: later ?? keyless };
  };
  return syncMachine.provide({
    actors: {
      hello: fromPromise(({ signal }) => parts.alone(() => greet(parts, signal), signal)),
      pull: fromPromise(({ signal }) => parts.alone(() => pull(signal), signal)),
      push: fromPromise(({ signal }) => parts.alone(() => push(signal), signal)),
    },
    delays: {
      interval: () => timing.intervalMs,
      patience: () => timing.backoffMsMax,
      backoff: ({ context }) => {
        const full = Math.min(timing.backoffMsMax, timing.backoffMs * 2 ** Math.min(30, context.attempts - 1));
        return Math.round(full * (0.5 + jitter() / 2));
      },
    },
  });
};

/** Starts syncing; offline until `setOnline(true)`. */
export const startSync = (parts: RunnerParts): Sync => {
  const actor = createActor(provided(parts), { clock: clockOf(parts.scheduler) });
  const statusOf = (snapshot: SnapshotFrom<typeof syncMachine>): SyncStatus => {
    const { receipt } = parts.mark();
    const pending = parts.pending();
    return {
      state: snapshot.value,
      pending: pending.events,
      oldestPending: pending.oldest,
      receipt: receipt === null ? undefined : { time: receipt.time, sequence: receipt.sequence, size: receipt.size },
      lastError: snapshot.context.lastError,
      attempts: snapshot.context.attempts,
    };
  };
  const status = new BehaviorSubject(statusOf(actor.getSnapshot()));
  const show = () => status.next(statusOf(actor.getSnapshot()));
  actor.subscribe(show);
  actor.start();
  const unsubscribe = parts.onChange(show, () => actor.send({ type: 'RECORDED' }));
  const isSettled = () => {
    const { value, status: running } = actor.getSnapshot();
    return running !== 'active' || SETTLED.includes(value);
  };
  const settled = (): Promise<SyncStatus> =>
    new Promise((resolve) => {
      if (isSettled()) return resolve(status.value);
      const subscription = actor.subscribe({
        next: () => {
          if (!isSettled()) return;
          subscription.unsubscribe();
          resolve(status.value);
        },
        complete: () => resolve(status.value),
      });
    });
  return {
    status$: status.asObservable(),
    status: () => status.value,
    now: () => {
      actor.send({ type: 'NUDGE' });
      return settled();
    },
    setOnline: (online) => actor.send({ type: online ? 'ONLINE' : 'OFFLINE' }),
    stop: () => {
      unsubscribe();
      actor.stop();
      status.complete();
    },
  };
};
