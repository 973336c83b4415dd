/**
 * The states of streams as events come by: what can be folded in passing is, and what cannot is named.
 *
 * Invariant: the state of a stream that is not stale is the fold of all its events that were taken. Laws: `fold.laws`, `rebuilding.laws`.
 */
import type { RecordedEvent } from '../core/commit.ts';
import { type StreamId, streamParts } from '../core/ids.ts';
import { type Position, type Size, size } from '../core/position.ts';
import { advanceLine, type Line, lineOf, stateOfLine } from './line.ts';
import type { CommittedBatch } from './log.ts';
import { advanceState, emptyState, isWhole, type Steps, type StreamReader, type StreamState } from './streamState.ts';

export type Entry = {
  readonly stream: StreamId;
  readonly reader: StreamReader;
  state: StreamState;
  /** True if `state` is of other rules: nothing is folded onto it. */
  isStale: boolean;
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
  /** True of a type whose states were folded by other schemas or machines, or unopened: they are shown until they are folded anew, and nothing rests on them. */
  readonly isStale: (type: string) => boolean;
};

export const NOTHING_KNOWN: KnownStates = { size: size(0), states: new Map(), unfolded: [], isStale: () => false };

export type Tracker = {
  /** Takes nothing more, and holds nothing any more. */
  readonly drop: () => ReadonlySet<StreamId>;
  readonly stateOf: (stream: StreamId) => StreamState | undefined;
  readonly take: (batch: CommittedBatch) => { readonly changed: Set<StreamId>; readonly stale: Set<StreamId> };
  /** Takes a part of the history, of which nobody is told; gives the streams to be folded anew. */
  readonly takeHistory: (batch: CommittedBatch) => ReadonlySet<StreamId>;
  readonly entries: Map<StreamId, Entry>;
  /** The entry of a stream, made if there is none; undefined without a reader, or after `drop`. */
  readonly entryOf: (stream: StreamId) => Entry | undefined;
  readonly isStale: (stream: StreamId) => boolean;
  /** Takes the state of a stale stream, folded from all its events. Without any, it is as if nobody had asked. */
  readonly refresh: (entry: Entry, state: StreamState) => void;
  /** From now on a stream that comes is known from its first event. */
  readonly endStale: () => void;
};

const newEntry = (stream: StreamId, reader: StreamReader, of: Pick<Entry, 'state' | 'isStale'>): Entry => ({
  ...{ stream, reader, line: undefined, records: [] },
  ...of,
});

/** The states known, each under the reader of its type; streams without a reader are left out. */
const entriesOf = (readers: ReadonlyMap<string, StreamReader>, known: KnownStates): Map<StreamId, Entry> => {
  const entries = new Map<StreamId, Entry>();
  const enter = (stream: StreamId, state?: StreamState) => {
    const { type } = streamParts(stream);
    const reader = readers.get(type);
    if (reader !== undefined)
      entries.set(
        stream,
        newEntry(stream, reader, { isStale: known.isStale(type), state: state ?? emptyState(reader) }),
      );
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

/** Entries by stream, and which of them are stale. */
const enterer = (readers: ReadonlyMap<string, StreamReader>, known: KnownStates) => {
  const entries = entriesOf(readers, known);
  const { drop, isDropped, stateOf } = shownOf(entries, readers);
  let areStale = true;
  /** Streams that were found to have no events while the others are stale. */
  const unused = new Set<StreamId>();
  const isNewStale = (stream: StreamId): boolean =>
    areStale && known.isStale(streamParts(stream).type) && !unused.has(stream);
  return {
    ...{ entries, drop, stateOf },
    entryOf: (stream: StreamId): Entry | undefined => {
      if (isDropped()) return undefined;
      const known = entries.get(stream);
      if (known !== undefined) return known;
      const reader = readers.get(streamParts(stream).type);
      if (reader === undefined) return undefined;
      const entry = newEntry(stream, reader, { isStale: isNewStale(stream), state: emptyState(reader) });
      entries.set(stream, entry);
      return entry;
    },
    isStale: (stream: StreamId): boolean => !isDropped() && (entries.get(stream)?.isStale ?? isNewStale(stream)),
    refresh: (entry: Entry, state: StreamState): void => {
      Object.assign(entry, { state, isStale: false });
      if (!isEmpty(state) || entry.records.length > 0) return;
      entries.delete(entry.stream);
      if (areStale) unused.add(entry.stream);
    },
    endStale: (): void => {
      areStale = false;
      unused.clear();
    },
  };
};

/** Folds batches in passing; names the streams that need to be folded anew. */
export const track = (readers: ReadonlyMap<string, StreamReader>, known: KnownStates): Tracker => {
  const entered = enterer(readers, known);
  const { entryOf } = entered;
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
      if (entry.isStale) continue;
      if (stale.has(entry.stream) || !fold(entry, event, steps)) stale.add(entry.stream);
    }
    return { changed, stale };
  };
  const takeHistory = ({ events, record }: CommittedBatch): ReadonlySet<StreamId> => {
    const stale = new Set<StreamId>();
    for (const event of events) {
      const entry = entryFor(event, record);
      if (entry === undefined || entry.isStale || (stale.size > 0 && stale.has(entry.stream))) continue;
      if (!foldInLine(entry, event)) stale.add(entry.stream);
    }
    return stale;
  };
  return { ...entered, take, takeHistory };
};

/** Makes the line of an entry its state. */
export const endLine = (entry: Entry): void => {
  if (entry.line !== undefined) entry.state = stateOfLine(entry.line, entry.state, entry.reader);
  entry.line = undefined;
};
