/**
 * The state of every aggregate, kept current from the log.
 *
 * Invariants: a stream's state is the fold of all its events that the log holds; what cannot be folded in passing (a
 * late or concurrent event) is folded anew from storage. Laws: `fold.laws`, `convergence` (incremental
 * equals rebuild, for any order of arrival).
 */
import { type Observable, Subject } from 'rxjs';
import type { AggregateDefinition } from '../core/aggregate.ts';
import type { RecordedEvent } from '../core/commit.ts';
import { type ReplicaId, type StreamId, streamParts } from '../core/ids.ts';
import { isShownWhole } from '../core/protect.ts';
import type { BasisRule } from './basis.ts';
import { keptHistories, readHistories } from './histories.ts';
import type { CommittedBatch, Log } from './log.ts';
import { refolder, union } from './refolder.ts';
import { type Beside, foldBeside, openStale, type Scan } from './scan.ts';
import { readerOf, rebuildState, type StreamReader, type StreamState } from './streamState.ts';
import { endLine, type KnownStates, NOTHING_KNOWN, type Tracker, track } from './tracker.ts';

export type AggregateStates = {
  readonly get: (stream: StreamId) => StreamState | undefined;
  /** How the streams of an aggregate type are read; undefined for a type that is not registered. */
  readonly reader: (type: string) => StreamReader | undefined;
  readonly streams: () => IterableIterator<StreamId>;
  /** The streams whose state has just changed. */
  readonly changed$: Observable<ReadonlySet<StreamId>>;
  /** Every event of a stream, in the log's order, opened as far as possible. */
  readonly history: (stream: StreamId) => Promise<readonly RecordedEvent[]>;
  /** Resolves when everything published so far is folded; rejects if a stream cannot be read to be folded anew. */
  readonly settled: () => Promise<void>;
  /** True if everything published so far is folded. */
  readonly isSettled: () => boolean;
  /** Folds anew the streams of the types named: what can be opened in them is not what it was. */
  readonly refold: (isAffected: (type: string) => boolean) => Promise<void>;
  /**
   * Forgets every state for good, at once: from then on all streams show nothing, and say that they cannot be written to. For the
   * moment in which keys are locked.
   */
  readonly drop: () => void;
  /** True if what is shown of the stream is of other schemas or machines, or not known yet: nothing may rest on it. */
  readonly isStale: (stream: StreamId) => boolean;
  /** Folds these streams before all others, as far as they are stale: not settled until then. */
  readonly want: (streams: readonly StreamId[]) => void;
  /** Folds the history in the place of what is stale. @param kept  where an earlier scan by the same rules ended */
  readonly scan: (kept?: KnownStates) => Scan;
  /** Folds events into states of its own, of which nobody else is told. @param known  the states that it goes on from */
  readonly beside: (known: KnownStates) => Beside;
  /** Every stream with its state, as of now: states are never changed in place. */
  readonly all: () => ReadonlyMap<StreamId, StreamState>;
};

/** Definitions by aggregate type; unknown types are kept and not folded. */
export type Definitions = ReadonlyMap<string, AggregateDefinition>;

/** The state of a stream from its history. What is withheld may be in order once it is shown: only what is wrong as a whole is told. */
const rebuilt = (
  history: readonly RecordedEvent[],
  reader: StreamReader,
  tell: (event: RecordedEvent) => void,
): StreamState => {
  const state = rebuildState(history, reader);
  const ids = new Set(state.unreadable);
  for (const event of history) if (ids.has(event.body.id) && isShownWhole(event.opened)) tell(event);
  return state;
};

/** True if events of the aggregate can hold sealed values. */
const holdsSealed = ({ definition }: StreamReader): boolean =>
  [...definition.events.values()].some(({ protects }) => protects.length > 0);

/** Reads and folds streams anew; what was folded anew and cannot be sealed is kept at hand. */
const foldingAnew = (tracker: Tracker, tell: (event: RecordedEvent) => void) => {
  const { entries, isStale } = tracker;
  const kept = keptHistories();
  const wantedOf = (stream: StreamId) => ({ stream, records: entries.get(stream)?.records ?? [] });
  /** Every event of one stream that the log holds, of a stale one also if it is not known here yet. */
  const historyOf = async (log: Log, stream: StreamId): Promise<readonly RecordedEvent[]> =>
    entries.has(stream) || isStale(stream) ? ((await readHistories(log, [wantedOf(stream)])).get(stream) ?? []) : [];
  const refold = async (log: Log, streams: readonly StreamId[]): Promise<void> => {
    const atHand = new Map(streams.map((stream) => [stream, kept.get(stream)]));
    const read = await readHistories(log, streams.filter((stream) => atHand.get(stream) === undefined).map(wantedOf));
    for (const [stream, history = read.get(stream)] of atHand) {
      const entry = entries.get(stream);
      if (entry === undefined || history === undefined) continue;
      const state = rebuilt(history, entry.reader, tell);
      if (entry.isStale) tracker.refresh(entry, state);
      else entry.state = state;
      if (read.has(stream) && !holdsSealed(entry.reader)) kept.keep(stream, history);
    }
  };
  return { kept, historyOf, refold };
};

/**
 * Collects the history, then follows the log. Call `take` for each batch of the history while the log opens, then
 * `follow` once; it resolves when the states are those of the whole history.
 * @param own  this device's replica
 * @param basis  what authors have seen, in the names of this log
 * @param known  states kept from an earlier session: what comes before their size is not folded again
 * @param onUnreadable  told each event that does not satisfy its schema, whenever its stream is folded anew
 */
export const collectStates = (
  definitions: Definitions,
  own: ReplicaId,
  basis: BasisRule,
  known: KnownStates = NOTHING_KNOWN,
  onUnreadable: (event: RecordedEvent) => void = () => undefined,
) => {
  const readers = new Map([...definitions].map(([type, definition]) => [type, readerOf(definition, own, basis)]));
  const tracker = track(readers, known);
  const { take, takeHistory, entries, drop, stateOf, isStale } = tracker;
  const staleInHistory = new Set<StreamId>(known.unfolded.filter((stream) => entries.get(stream)?.isStale === false));

  const { kept, historyOf, refold } = foldingAnew(tracker, onUnreadable);

  const follow = async (log: Log): Promise<AggregateStates> => {
    for (const entry of entries.values()) endLine(entry);
    const changes = new Subject<ReadonlySet<StreamId>>();
    const refoldAll = async (streams: readonly StreamId[]): Promise<void> => {
      const wereStale = streams.filter(isStale);
      await refold(log, streams);
      queue.note({ changed: wereStale.filter((stream) => entries.has(stream)), stale: [] });
    };
    const queue = refolder(refoldAll, (changed) => changes.next(changed));
    const { note, settled, isSettled } = queue;
    note({ changed: [], stale: staleInHistory });
    await settled();
    log.committed$.subscribe((batch) =>
      queue.follow(() => {
        kept.take(batch);
        return take(batch);
      }),
    );
    const { want, scan, outdate } = openStale({ tracker, readers, known, follow: queue.follow, settled });
    return {
      ...{ get: stateOf, streams: () => entries.keys(), isStale, want, scan },
      beside: (from) => foldBeside(readers, from),
      reader: (type) => readers.get(type),
      changed$: changes.asObservable(),
      history: (stream) => historyOf(log, stream),
      ...{ settled, isSettled },
      refold: (isAffected) => {
        outdate(); // what is scanned by now was opened, or read, as before
        const isCurrent = (stream: StreamId) => isAffected(streamParts(stream).type) && !isStale(stream);
        const streams = [...entries.keys()].filter(isCurrent);
        note({ changed: streams, stale: streams });
        return settled();
      },
      drop: () => {
        kept.clear();
        changes.next(drop());
      },
      all: () => new Map([...entries].map(([stream, { state }]) => [stream, state])),
    };
  };

  return {
    take: (batch: CommittedBatch): void => union(staleInHistory, takeHistory(batch)),
    follow,
  };
};
