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
import { type Position, type Size, size } from '../core/position.ts';
import { isShownWhole } from '../core/protect.ts';
import type { BasisRule } from './basis.ts';
import { streamKey } from './directory.ts';
import { advanceLine, type Line, lineOf, stateOfLine } from './line.ts';
import type { CommittedBatch, Log } from './log.ts';
import {
  advanceState,
  emptyState,
  isWhole,
  readerOf,
  rebuildState,
  type Steps,
  type StreamReader,
  type StreamState,
} from './streamState.ts';

type Entry = {
  readonly stream: StreamId;
  readonly reader: StreamReader;
  state: StreamState;
  /** What the history has led to since `state`, while it is read and as far as it is simple. */
  line: Line | undefined;
  /** Where the records start that hold events of the stream, from the tracker's base on. */
  readonly records: Position[];
};

/** States that need not be folded from the log again. */
export type KnownStates = {
  /** The log as far as these states go. */
  readonly size: Size;
  readonly states: ReadonlyMap<StreamId, StreamState>;
  /** Streams that are to be folded from the log all the same. */
  readonly unfolded: readonly StreamId[];
};

const NONE: KnownStates = { size: size(0), states: new Map(), unfolded: [] };

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
  /** Every stream with its state, as of now: states are never changed in place. */
  readonly all: () => ReadonlyMap<StreamId, StreamState>;
};

/** Definitions by aggregate type; unknown types are kept and not folded. */
export type Definitions = ReadonlyMap<string, AggregateDefinition>;

type Tracker = {
  /** Takes nothing more, and holds nothing any more. */
  readonly drop: () => ReadonlySet<StreamId>;
  readonly stateOf: (stream: StreamId) => StreamState | undefined;
  readonly take: (batch: CommittedBatch) => { readonly changed: Set<StreamId>; readonly stale: Set<StreamId> };
  /** Takes a part of the history, of which nobody is told; gives the streams to be folded anew. */
  readonly takeHistory: (batch: CommittedBatch) => ReadonlySet<StreamId>;
  readonly entries: Map<StreamId, Entry>;
};

/** The states known, each under the reader of its type; streams without a reader are left out. */
const entriesOf = (readers: ReadonlyMap<string, StreamReader>, known: KnownStates): Map<StreamId, Entry> => {
  const entries = new Map<StreamId, Entry>();
  const enter = (stream: StreamId, state?: StreamState) => {
    const reader = readers.get(streamParts(stream).type);
    if (reader !== undefined)
      entries.set(stream, { stream, reader, state: state ?? emptyState(reader), line: undefined, records: [] });
  };
  for (const [stream, state] of known.states) enter(stream, state);
  for (const stream of known.unfolded) enter(stream);
  return entries;
};

const isEmpty = ({ fold, readOnly, unreadable }: StreamState): boolean =>
  fold.version === 0 && !readOnly && unreadable.length === 0;

const isSameState = (one: StreamState, other: StreamState): boolean =>
  one === other || (isEmpty(one) && isEmpty(other));

/** The state of a stream after one more event: as it was found when the event was decided, or folded. */
const nextState = (
  { state, reader }: Entry,
  event: RecordedEvent,
  steps: Steps | undefined,
): StreamState | undefined => {
  const step = steps?.(event.body);
  return step !== undefined && isSameState(step.before, state) ? step.after : advanceState(state, event, reader);
};

/** What is shown of a stream that was forgotten: nothing, and that it is not to be written to. */
const droppedState = (reader: StreamReader | undefined): StreamState | undefined =>
  reader === undefined ? undefined : { ...emptyState(reader), readOnly: true };

/** The states as they are shown, until all are dropped. */
const shownOf = (entries: Map<StreamId, Entry>, readers: ReadonlyMap<string, StreamReader>) => {
  let isDropped = false;
  return {
    isDropped: () => isDropped,
    drop: (): ReadonlySet<StreamId> => {
      isDropped = true;
      const streams = new Set(entries.keys());
      entries.clear();
      return streams;
    },
    stateOf: (stream: StreamId): StreamState | undefined =>
      isDropped ? droppedState(readers.get(streamParts(stream).type)) : entries.get(stream)?.state,
  };
};

/** Folds batches in passing; names the streams that need to be folded anew. */
const track = (readers: ReadonlyMap<string, StreamReader>, known: KnownStates): Tracker => {
  const entries = entriesOf(readers, known);
  const { drop, isDropped, stateOf } = shownOf(entries, readers);
  const entryOf = (stream: StreamId): Entry | undefined => {
    if (isDropped()) return undefined;
    const known = entries.get(stream);
    if (known !== undefined) return known;
    const reader = readers.get(streamParts(stream).type);
    if (reader === undefined) return undefined;
    const entry: Entry = { stream, reader, state: emptyState(reader), line: undefined, records: [] };
    entries.set(stream, entry);
    return entry;
  };
  /** Folds one event in passing; false if its stream is to be folded anew. */
  const fold = (entry: Entry, event: RecordedEvent, steps: CommittedBatch['steps']): boolean => {
    endLine(entry);
    const advanced = nextState(entry, event, steps);
    if (advanced === undefined || !isWhole(advanced)) return false;
    entry.state = advanced;
    return true;
  };
  const foldInLine = (entry: Entry, event: RecordedEvent): boolean => {
    entry.line ??= lineOf(entry.state, entry.reader);
    return (entry.line !== undefined && advanceLine(entry.line, event, entry.reader)) || fold(entry, event, undefined);
  };
  /** The entry of an event that is new to it. */
  const entryFor = (event: RecordedEvent, record: Position): Entry | undefined => {
    const entry = entryOf(event.body.stream);
    if (entry === undefined) return undefined;
    const { records } = entry;
    if (records[records.length - 1] !== record) records.push(record);
    return event.position < known.size ? undefined : entry;
  };
  const take = ({ events, record, steps }: CommittedBatch) => {
    const changed = new Set<StreamId>();
    const stale = new Set<StreamId>();
    for (const event of events) {
      const entry = entryFor(event, record);
      if (entry === undefined) continue;
      changed.add(entry.stream);
      if (stale.has(entry.stream) || !fold(entry, event, steps)) stale.add(entry.stream);
    }
    return { changed, stale };
  };
  const takeHistory = ({ events, record }: CommittedBatch): ReadonlySet<StreamId> => {
    const stale = new Set<StreamId>();
    for (const event of events) {
      const entry = entryFor(event, record);
      if (entry === undefined || (stale.size > 0 && stale.has(entry.stream))) continue;
      if (!foldInLine(entry, event)) stale.add(entry.stream);
    }
    return stale;
  };
  return { take, takeHistory, entries, drop, stateOf };
};

/** Makes the line of an entry its state. */
const endLine = (entry: Entry): void => {
  if (entry.line !== undefined) entry.state = stateOfLine(entry.line, entry.state, entry.reader);
  entry.line = undefined;
};

const union = (into: Set<StreamId>, from: Iterable<StreamId>): void => {
  for (const stream of from) into.add(stream);
};

/** Folds streams anew, one at a time, and tells of changes when everything published so far is folded. */
const refolder = (refold: (stream: StreamId) => Promise<void>, tell: (changed: ReadonlySet<StreamId>) => void) => {
  const stale = new Set<StreamId>();
  let untold = new Set<StreamId>();
  let queue: Promise<void> | undefined;

  const tellAll = (): void => {
    const changed = untold;
    untold = new Set();
    if (changed.size > 0) tell(changed);
  };
  const run = async (apply: () => void): Promise<void> => {
    apply();
    for (let [stream] = stale; stream !== undefined; [stream] = stale) {
      stale.delete(stream); // before it is read: what becomes stale meanwhile is read again
      await refold(stream).catch((error: unknown) => {
        stale.add(stream);
        throw error;
      });
    }
    tellAll();
  };
  const enqueue = (apply: () => void): void => {
    const running: Promise<void> = (queue ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => run(apply))
      .finally(() => {
        if (queue === running) queue = undefined;
      });
    running.catch(() => undefined); // told to whoever awaits `settled`; tried again then, or with the next batch
    queue = running;
  };
  const note = (taken: { readonly changed: Iterable<StreamId>; readonly stale: Iterable<StreamId> }): void => {
    union(untold, taken.changed);
    union(stale, taken.stale);
  };
  return {
    note,
    /** Takes a batch: at once if nothing is being folded anew, else after that. */
    follow: (take: () => Parameters<typeof note>[0]): void => {
      if (queue !== undefined) enqueue(() => note(take()));
      else {
        note(take());
        if (stale.size === 0) tellAll();
        else enqueue(() => undefined);
      }
    },
    isSettled: () => queue === undefined && stale.size === 0,
    settled: (): Promise<void> => {
      if (queue === undefined && stale.size > 0) enqueue(() => undefined);
      return queue ?? Promise.resolve();
    },
  };
};

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
  known: KnownStates = NONE,
  onUnreadable: (event: RecordedEvent) => void = () => undefined,
) => {
  const readers = new Map([...definitions].map(([type, definition]) => [type, readerOf(definition, own, basis)]));
  const { take, takeHistory, entries, drop, stateOf } = track(readers, known);
  const staleInHistory = new Set<StreamId>(known.unfolded.filter((stream) => entries.has(stream)));

  const historyOf = async (log: Log, stream: StreamId): Promise<readonly RecordedEvent[]> => {
    const entry = entries.get(stream);
    if (entry === undefined) return [];
    const batches = await log.readRecords([...(await log.findEarlier(streamKey(stream))), ...entry.records]);
    return batches.flatMap(({ events }) => events.filter(({ body }) => body.stream === stream));
  };
  const refold = async (log: Log, stream: StreamId): Promise<void> => {
    const entry = entries.get(stream);
    if (entry !== undefined) entry.state = rebuilt(await historyOf(log, stream), entry.reader, onUnreadable);
  };

  const follow = async (log: Log): Promise<AggregateStates> => {
    for (const entry of entries.values()) endLine(entry);
    const changes = new Subject<ReadonlySet<StreamId>>();
    const {
      note,
      follow: followBatch,
      settled,
      isSettled,
    } = refolder(
      (stream) => refold(log, stream),
      (changed) => changes.next(changed),
    );
    note({ changed: [], stale: staleInHistory });
    await settled();
    log.committed$.subscribe((batch) => followBatch(() => take(batch)));
    return {
      ...{ get: stateOf, streams: () => entries.keys() },
      reader: (type) => readers.get(type),
      changed$: changes.asObservable(),
      history: (stream) => historyOf(log, stream),
      settled,
      isSettled,
      refold: (isAffected) => {
        const streams = [...entries.keys()].filter((stream) => isAffected(streamParts(stream).type));
        note({ changed: streams, stale: streams });
        return settled();
      },
      drop: () => changes.next(drop()),
      all: () => new Map([...entries].map(([stream, { state }]) => [stream, state])),
    };
  };

  return {
    take: (batch: CommittedBatch): void => union(staleInHistory, takeHistory(batch)),
    follow,
  };
};
