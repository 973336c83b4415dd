/**
 * Housekeeping of the local log: packs small records into segments and keeps derived state, so that reading and opening
 * stay flat as the log grows. In idle moments, by one tab at a time, in steps; never on the append's path.
 *
 * Invariants: whatever is interrupted is taken up again where it was; nothing that was committed changes; a failure
 * costs speed only. Laws: `packing.laws`, `snapshot.laws`.
 */
import type { Fault } from '../core/commit.ts';
import { isStoreError, StoreError } from '../core/errors.ts';
import type { Scheduler } from '../core/ports.ts';
import { type Size, size } from '../core/position.ts';
import type { EventStorage } from '../storage/port.ts';
import type { AggregateStates } from './aggregateState.ts';
import { directoryOf } from './directory.ts';
import type { Log } from './log.ts';
import type { Pending } from './pending.ts';
import { encodeSnapshot } from './snapshot.ts';

export const SNAPSHOT_NAME = 'states';

/** Commit bytes packed in one transaction: a few milliseconds of checking, and as much for the database. */
const STEP_BYTES = 262_144;
/** A snapshot is worth writing after so many events. */
const SNAPSHOT_EVENTS = 1_024;
/** How long nothing is committed before upkeep starts, and how long it waits for that at most. */
const QUIET_MS = 1_000;
const QUIET_MS_MAX = 15_000;

export type UpkeepProgress = { readonly packedTo: number; readonly size: number };
export type UpkeepReport = {
  /** Records merged, and the segments they became. */
  readonly records: number;
  readonly segments: number;
  readonly packedTo: Size;
  /** Events that the newest snapshot covers, as far as this session knows. */
  readonly snapshotSize: Size;
};
export type UpkeepOptions = {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: UpkeepProgress) => void;
};

export type UpkeepParts = {
  readonly storage: EventStorage;
  readonly log: Log;
  readonly states: AggregateStates;
  readonly pending: Pending;
  readonly scheduler: Scheduler;
  readonly fingerprint: string;
  /** Size of the snapshot that this session began with. */
  readonly snapshotSize: Size;
  /** False where states show opened values of protected fields: those are never written. */
  readonly keepsStates: boolean;
  /** Lets whatever else waits for this thread go first. */
  readonly breathe: () => Promise<void>;
  /** Runs work while no other tab runs any. */
  readonly alone: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
  readonly keepFinding: (fault: Fault, evidence: Uint8Array) => Promise<void>;
};

export type Upkeep = {
  /** Packs all that is to be packed and writes a snapshot, now. @throws StoreError `storage.*`, `chain.*`, `import.cancelled` */
  readonly now: (options?: UpkeepOptions) => Promise<UpkeepReport>;
  /** Code of the failure that upkeep ended in last; undefined if it went well. */
  readonly lastError: () => string | undefined;
  /** Stops; resolves when nothing is under way. */
  readonly stop: () => Promise<void>;
};

/** Directory keys; what turns out not to be what was signed is kept as evidence. */
const checkedKeys = ({ keepFinding }: UpkeepParts) => {
  const keysOf = directoryOf();
  return (commit: Uint8Array) => {
    try {
      return keysOf(commit);
    } catch (error) {
      if (isStoreError(error)) {
        const { sequence } = error.details;
        const fault = { code: error.code, sequence: typeof sequence === 'number' ? sequence : 0 };
        keepFinding(fault, Uint8Array.from(commit)).catch(() => undefined); // found again by the verifier
      }
      throw error;
    }
  };
};

/** Packs until nothing is left to pack, a step at a time. @throws StoreError `import.cancelled`: what is packed stays so */
const packAll = async (parts: UpkeepParts, { signal, onProgress }: UpkeepOptions) => {
  const { storage, log, breathe } = parts;
  const keysOf = checkedKeys(parts);
  const total = { records: 0, segments: 0, packedTo: size(0) };
  for (;;) {
    if (signal?.aborted === true) throw new StoreError('import.cancelled', { packedTo: total.packedTo });
    const { records, segments, packedTo } = await storage.pack({ bytesMax: STEP_BYTES, keysOf });
    total.records += records;
    total.segments += segments;
    total.packedTo = packedTo;
    onProgress?.({ packedTo, size: log.size() });
    if (segments === 0) return total;
    await breathe();
  }
};

/** Captures everything at one moment; states are never changed in place. */
const capture = async ({ log, states, pending }: UpkeepParts) => {
  while (!states.isSettled()) await states.settled();
  return { size: log.size(), heads: log.heads(), pending: pending.counts(), states: states.all(), unfolded: [] };
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
  const { storage, log, scheduler, alone, breathe } = parts;
  const ended = new AbortController();
  let snapshotSize = parts.snapshotSize;
  let lastError: string | undefined;
  let running: Promise<unknown> = Promise.resolve();

  const keepSnapshot = async (after: number): Promise<void> => {
    if (!parts.keepsStates || log.size() - snapshotSize < after) return;
    const captured = await capture(parts);
    await storage.writeSnapshot(SNAPSHOT_NAME, await encodeSnapshot(captured, parts.fingerprint, breathe));
    snapshotSize = captured.size;
  };
  const run = (options: UpkeepOptions, snapshotAfter: number): Promise<UpkeepReport> => {
    const signals = [ended.signal, ...(options.signal === undefined ? [] : [options.signal])];
    const signal = AbortSignal.any(signals);
    const work = running.then(() =>
      alone(async () => {
        const packed = await packAll(parts, { ...options, signal });
        await keepSnapshot(snapshotAfter);
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
