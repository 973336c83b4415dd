/**
 * Folds the log anew after schemas or machines have changed, while what was folded by the old ones is shown and said to be stale.
 *
 * Invariants: it ends in the states that opening without anything kept gives; it is done in pieces, between which the page goes on; what
 * was folded is kept from time to time, and a later session by the same rules goes on from there. Law: `rebuilding.laws`.
 */
import { BehaviorSubject, type Observable } from 'rxjs';
import { isStoreError, StoreError } from '../core/errors.ts';
import type { StreamId } from '../core/ids.ts';
import { loadPart } from '../core/part.ts';
import type { Clock, Scheduler } from '../core/ports.ts';
import { position, type Size, size } from '../core/position.ts';
import type { EventStorage } from '../storage/port.ts';
import type { AggregateStates } from './aggregateState.ts';
import type { keepScan } from './housework.ts';
import type { Log } from './log.ts';
import type { Scan } from './scan.ts';
import { REBUILD_NAME, type SnapshotNames } from './snapshot.ts';
import type { KnownStates } from './tracker.ts';

/** Where folding anew stands. */
export type RebuildStatus = {
  /** `current`: all that is shown is of the schemas and machines of now. `failing`: it is tried again. */
  readonly state: 'current' | 'rebuilding' | 'failing';
  /** Events of the log that are folded by now, and that there are; both 0 where nothing was to be done. */
  readonly folded: number;
  readonly size: number;
  /** Code of the failure. */
  readonly cause?: string;
};

export type Rebuilding = {
  readonly status: () => RebuildStatus;
  /** The status now, and again after each piece. */
  readonly status$: Observable<RebuildStatus>;
  /** Resolves when all states are current; what failed is tried again at once. @throws StoreError `storage.*` */
  readonly done: () => Promise<void>;
  /** Ends it; resolves when nothing is under way. */
  readonly stop: () => Promise<void>;
};

/** Where to begin, and how to keep how far it came. */
export type RebuildStart = {
  /** Where an earlier session by the same rules ended. */
  readonly kept: KnownStates | undefined;
  /**
   * What is kept is under these names, and of the log up to `to` at most: of that it is known to be this very log. Undefined where nothing may
   * be kept: what was folded shows opened values.
   */
  readonly keeping: { readonly names: SnapshotNames; readonly to: Size } | undefined;
  /** Streams that had no kept state, as those in conflict: folded before all others, unless there are many of them. */
  readonly first: readonly StreamId[];
};

export type RebuildParts = {
  readonly storage: EventStorage;
  readonly log: Log;
  readonly states: AggregateStates;
  readonly clock: Pick<Clock, 'uptimeMs'>;
  readonly scheduler: Scheduler;
  readonly breathe: () => Promise<void>;
  /** False where nothing is kept by itself. */
  readonly keeps: boolean;
  /** Told when all is current. */
  readonly onDone: () => Promise<unknown>;
};

/** Time without a pause, in milliseconds: half a frame. */
const PIECE_MS = 8;
/** Read at once: what comes out of the database is one turn, whatever is done with it. */
const READ_BYTES = 262_144;
/** Time after which what was folded is worth keeping. */
const KEEP_MS = 1_000;
const RETRY_MS = 5_000;
/** Streams that are folded before all others, each by itself. */
const FIRST_MAX = 256;

const CURRENT: RebuildStatus = { state: 'current', folded: 0, size: 0 };

const keepFolded = async (parts: Parameters<typeof keepScan>[0], scan: Scan, to: Size): Promise<void> => {
  const { keepScan } = await loadPart('housework', () => import('./housework.ts'));
  await keepScan(parts, scan.folded(), to);
};

/** Lets others go first, and keeps what was folded, each when it is time to. */
const pacer = ({ storage, log, clock, breathe }: RebuildParts, keeping: RebuildStart['keeping']) => {
  let pausedAt = clock.uptimeMs();
  let keptAt = pausedAt;
  return async (scan: Scan, at: Size): Promise<boolean> => {
    if (clock.uptimeMs() - pausedAt < PIECE_MS) return false;
    if (keeping !== undefined && clock.uptimeMs() - keptAt >= KEEP_MS && at <= keeping.to) {
      await keepFolded({ storage, log, names: keeping.names, breathe }, scan, at).catch(() => undefined); // costs time only
      keptAt = clock.uptimeMs();
    }
    await breathe();
    pausedAt = clock.uptimeMs();
    return true;
  };
};

/** Folds the log to its end. @throws StoreError `storage.*` */
const foldAll = async (
  parts: RebuildParts,
  start: RebuildStart,
  tell: { readonly signal: AbortSignal; readonly progress: (folded: Size) => void },
): Promise<void> => {
  const { log, states, breathe } = parts;
  let { kept, keeping } = parts.keeps ? start : { ...start, keeping: undefined };
  if (start.first.length <= FIRST_MAX) {
    states.want(start.first);
    await states.settled();
  }
  for (;;) {
    const scan = states.scan(kept);
    const pace = pacer(parts, keeping);
    let at = kept?.size ?? size(0);
    while (at < log.size() && !scan.isOutdated()) {
      const before = at;
      for await (const batch of log.readAgain(position(at), { pieceBytes: READ_BYTES })) {
        if (tell.signal.aborted) throw new StoreError('storage.closed');
        scan.take(batch);
        at = batch.size;
        if (await pace(scan, at)) tell.progress(at);
        if (scan.isOutdated()) break;
      }
      if (at === before) throw new StoreError('storage.failed', { cause: 'the log ends before its size' });
    }
    if (!scan.isOutdated()) return scan.finish(breathe); // in this very moment the scan is where the log ends
    [kept, keeping] = [undefined, undefined]; // it was read by another rule
  }
};

/** Folds the log anew from `start` on; nothing is to be done without one. */
export const startRebuilding = (parts: RebuildParts, start: RebuildStart | undefined): Rebuilding => {
  const { log, scheduler, storage } = parts;
  const ended = new AbortController();
  const status$ = new BehaviorSubject<RebuildStatus>(CURRENT);
  let running: Promise<void> = Promise.resolve();
  let afterwards: Promise<void> = Promise.resolve();
  let cancelRetry: (() => void) | undefined;
  const progress = (folded: Size) => status$.next({ state: 'rebuilding', folded, size: log.size() });
  const fold = async (from: RebuildStart): Promise<void> => {
    progress(from.kept?.size ?? size(0));
    try {
      await foldAll(parts, from, { signal: ended.signal, progress });
    } catch (error) {
      if (ended.signal.aborted) throw error;
      status$.next({
        ...status$.value,
        state: 'failing',
        cause: isStoreError(error) ? error.code : 'invariant.broken',
      });
      cancelRetry = scheduler.after(RETRY_MS, () => run(from));
      throw error;
    }
    status$.next({ state: 'current', folded: log.size(), size: log.size() });
    afterwards = tidyUp(from).catch(() => undefined); // the next opening begins where this one did
  };
  const tidyUp = async (from: RebuildStart): Promise<void> => {
    await parts.onDone();
    if (parts.keeps && from.keeping !== undefined) await storage.writeSnapshot(REBUILD_NAME, new Uint8Array(0)); // not used again
  };
  const run = (from: RebuildStart): void => {
    cancelRetry?.();
    running = fold(from);
    running.catch(() => undefined); // told as the status, and to whoever asks
  };
  if (start !== undefined) run(start);
  return {
    status: () => status$.value,
    status$: status$.asObservable(),
    done: async () => {
      if (start !== undefined && status$.value.state === 'failing' && !ended.signal.aborted) run(start);
      await running;
    },
    stop: async () => {
      ended.abort();
      cancelRetry?.();
      await running.catch(() => undefined);
      await afterwards;
      status$.complete();
    },
  };
};
