/**
 * Folds the history beside states that are stale, and puts what it folded in their place when it has come to the end of the log.
 *
 * Invariants: until then nothing of it is shown; a stream that was folded by itself meanwhile is left as it is. Law: `rebuilding.laws`.
 */
import type { StreamId } from '../core/ids.ts';
import type { CommittedBatch } from './log.ts';
import { union } from './refolder.ts';
import type { StreamReader, StreamState } from './streamState.ts';
import { endLine, type KnownStates, NOTHING_KNOWN, type Tracker, track } from './tracker.ts';

/** Events that are folded into states which nobody is shown. */
export type Beside = {
  readonly take: (batch: CommittedBatch) => void;
  /** What was folded so far, and the streams that cannot be folded in passing. */
  readonly folded: () => {
    readonly states: ReadonlyMap<StreamId, StreamState>;
    readonly unfolded: readonly StreamId[];
  };
};

export type Scan = Beside & {
  /** True if events are read by another rule than when it began. */
  readonly isOutdated: () => boolean;
  /**
   * Puts every state in its place in one moment, in which the scan has to have come to the end of the log; tells of them in pieces,
   * and folds by themselves those that could not be folded in passing. @throws StoreError `storage.*`
   */
  readonly finish: (breathe: () => Promise<void>) => Promise<void>;
};

/** Streams told of at once: between two pieces the page may breathe. */
const TOLD_AT_ONCE = 256;
/** Streams folded by themselves at once: the log is read once for them. */
const FOLDED_AT_ONCE = 8;

/** Folds events from `known` on. */
export const foldBeside = (readers: ReadonlyMap<string, StreamReader>, known: KnownStates): Beside => {
  const through = track(readers, known);
  const unfolded = new Set(known.unfolded);
  return {
    take: (batch) => union(unfolded, through.takeHistory(batch)),
    folded: () => {
      for (const entry of through.entries.values()) endLine(entry);
      const whole = [...through.entries].filter(([stream]) => !unfolded.has(stream));
      return { states: new Map(whole.map(([stream, { state }]) => [stream, state])), unfolded: [...unfolded] };
    },
  };
};

type ScanParts = {
  readonly into: Tracker;
  readonly beside: Beside;
  readonly isOutdated: () => boolean;
  readonly tell: (changed: readonly StreamId[]) => void;
  /** Folds streams by themselves, each from its whole history. */
  readonly foldAlone: (streams: readonly StreamId[]) => Promise<void>;
};

const openScan = ({ into, beside, isOutdated, tell, foldAlone }: ScanParts): Scan => {
  const putInPlace = (): readonly StreamId[] => {
    const { states, unfolded } = beside.folded();
    const changed: StreamId[] = [];
    for (const [stream, state] of states) {
      const entry = into.entryOf(stream);
      if (entry?.isStale !== true) continue;
      entry.state = state;
      entry.isStale = false;
      changed.push(stream);
    }
    for (const stream of unfolded) into.entryOf(stream);
    into.endStale();
    return changed;
  };
  return {
    ...beside,
    isOutdated,
    finish: async (breathe) => {
      const changed = putInPlace();
      for (let at = 0; at < changed.length; at += TOLD_AT_ONCE) {
        tell(changed.slice(at, at + TOLD_AT_ONCE));
        await breathe();
      }
      const alone = [...into.entries.keys()].filter(into.isStale);
      for (let at = 0; at < alone.length; at += FOLDED_AT_ONCE) {
        await foldAlone(alone.slice(at, at + FOLDED_AT_ONCE));
        await breathe();
      }
    },
  };
};

type Taken = { readonly changed: readonly StreamId[]; readonly stale: readonly StreamId[] };

/** How stale states become current: some streams at once, all of them by a scan. `outdate`: events are read by another rule from now on. */
export const openStale = (parts: {
  readonly tracker: Tracker;
  readonly readers: ReadonlyMap<string, StreamReader>;
  /** The states that were known when the store opened. */
  readonly known: KnownStates;
  readonly follow: (take: () => Taken) => void;
  readonly settled: () => Promise<void>;
}) => {
  const { tracker, known, follow, settled } = parts;
  const readers = new Map([...parts.readers].filter(([type]) => known.isStale(type)));
  const { isStale } = tracker;
  let rule = 0;
  const want = (streams: readonly StreamId[]): void => {
    if (!streams.some(isStale)) return;
    follow(() => {
      const wanted = streams.filter((stream) => isStale(stream) && tracker.entryOf(stream) !== undefined);
      return { changed: [], stale: wanted };
    });
  };
  return {
    want,
    outdate: () => {
      rule += 1;
    },
    scan: (kept: KnownStates = NOTHING_KNOWN): Scan => {
      const begunBy = rule;
      return openScan({
        into: tracker,
        beside: foldBeside(readers, kept),
        isOutdated: () => rule !== begunBy,
        tell: (changed) => follow(() => ({ changed, stale: [] })),
        foldAlone: (streams) => {
          want(streams);
          return settled();
        },
      });
    },
  };
};
