/**
 * Housekeeping of the local log: packs small records into segments and keeps derived state, so that reading and opening
 * stay flat as the log grows. In idle moments, by one tab at a time, in steps; never on the append's path.
 *
 * Invariants: whatever is interrupted is taken up again where it was; nothing that was committed changes; a failure
 * costs speed only. Laws: `packing.laws`, `snapshot.laws`.
 */
import { isStoreError } from '../core/errors.ts';
import { loadPart } from '../core/part.ts';
import type { Scheduler } from '../core/ports.ts';
import type { Size } from '../core/position.ts';
import type { HouseworkParts, UpkeepOptions, UpkeepReport } from './housework.ts';

/** A snapshot is worth writing after so many events. */
const SNAPSHOT_EVENTS = 1_024;
/** How long nothing is committed before upkeep starts, and how long it waits for that at most. */
const QUIET_MS = 1_000;
const QUIET_MS_MAX = 15_000;

export type UpkeepParts = HouseworkParts & {
  readonly scheduler: Scheduler;
  /** Size of the snapshot that this session began with. */
  readonly snapshotSize: Size;
  /** False while some states are of other rules. */
  readonly keepsStates: () => boolean;
  /** Runs work while no other tab runs any. */
  readonly alone: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
};

export type Upkeep = {
  /** Packs all that is to be packed and writes a snapshot, now. @throws StoreError `storage.*`, `chain.*`, `import.cancelled` */
  readonly now: (options?: UpkeepOptions) => Promise<UpkeepReport>;
  /** Code of the failure that upkeep ended in last; undefined if it went well. */
  readonly lastError: () => string | undefined;
  /** Stops; resolves when nothing is under way. */
  readonly stop: () => Promise<void>;
};

/** Calls `task` once nothing has disturbed for a while, or after a longer while if it never ends. */
const quietMoments = (scheduler: Scheduler, task: () => void) => {
  let cancel: (() => void) | undefined;
  let cancelLast: (() => void) | undefined;
  const stop = () => {
    cancel?.();
    cancelLast?.();
    cancel = undefined;
    cancelLast = undefined;
  };
  const fire = () => {
    stop();
    task();
  };
  return {
    disturb: () => {
      cancel?.();
      cancel = scheduler.after(QUIET_MS, fire);
      cancelLast ??= scheduler.after(QUIET_MS_MAX, fire);
    },
    stop,
  };
};

/** Starts upkeep over an open log. `automatic`: by itself, some time after something was committed. */
export const startUpkeep = (parts: UpkeepParts, automatic: boolean): Upkeep => {
  const { log, scheduler, alone } = parts;
  const ended = new AbortController();
  let snapshotSize = parts.snapshotSize;
  let lastError: string | undefined;
  let running: Promise<unknown> = Promise.resolve();

  const run = (options: UpkeepOptions, snapshotAfter: number): Promise<UpkeepReport> => {
    const signals = [ended.signal, ...(options.signal === undefined ? [] : [options.signal])];
    const signal = AbortSignal.any(signals);
    const work = running.then(() =>
      alone(async () => {
        const { packAll, keepStates } = await loadPart('housework', () => import('./housework.ts'));
        const packed = await packAll(parts, { ...options, signal });
        const isDue = parts.keepsStates() && log.size() - snapshotSize >= snapshotAfter;
        if (isDue) snapshotSize = await keepStates(parts);
        return { ...packed, snapshotSize };
      }, signal),
    );
    running = work.then(
      () => {
        lastError = undefined;
      },
      (error: unknown) => {
        lastError = isStoreError(error) ? error.code : 'storage.failed';
      },
    );
    return work;
  };

  const quiet = quietMoments(scheduler, () => void run({}, SNAPSHOT_EVENTS).catch(() => undefined)); // kept as lastError
  const following = automatic ? log.committed$.subscribe(quiet.disturb) : undefined;
  return {
    now: (options = {}) => run(options, 1),
    lastError: () => lastError,
    stop: async () => {
      following?.unsubscribe();
      quiet.stop();
      ended.abort();
      await running;
    },
  };
};
