/**
 * The state of every aggregate, kept current from the log.
 *
 * Invariants: a stream's state is the fold of all its events that the log holds; what cannot be folded in passing (a
 * late or concurrent event) is folded anew from storage. Law: `aggregateState.laws` (incremental equals rebuild, for
 * any order of arrival).
 */
import { type Observable, Subject } from 'rxjs';
import type { RecordedEvent } from '../core/commit.ts';
import { advanceFold, emptyFold, type Fold, foldStream, type OpenedEvent, type Reducer } from '../core/fold.ts';
import { type EventId, type StreamId, streamParts } from '../core/ids.ts';
import type { Position } from '../core/position.ts';
import { EVERYTHING, keysTouched, openPayload } from '../core/schema.ts';
import type { AggregateDefinition, MachineState } from '../machines/aggregate.ts';
import type { CommittedBatch, Log } from './log.ts';

/** What is known of one stream. */
export type StreamState = {
  readonly fold: Fold<MachineState>;
  /** True if an event is of a newer version or an unknown type: shown as far as understood, not to be written to. */
  readonly readOnly: boolean;
  /** Events whose payload does not satisfy the schema it claims: kept, without effect. */
  readonly unreadable: readonly EventId[];
};

type Entry = { state: StreamState; readonly records: Position[] };

export type AggregateStates = {
  readonly get: (stream: StreamId) => StreamState | undefined;
  readonly streams: () => IterableIterator<StreamId>;
  /** The streams whose state has just changed. */
  readonly changed$: Observable<ReadonlySet<StreamId>>;
  /** Every event of a stream, in the log's order, opened as far as possible. */
  readonly history: (stream: StreamId) => Promise<readonly RecordedEvent[]>;
  /** Resolves when everything published so far is folded. */
  readonly settled: () => Promise<void>;
};

/** Definitions by aggregate type; unknown types are kept and not folded. */
export type Definitions = ReadonlyMap<string, AggregateDefinition>;

type Opening = { readonly event: OpenedEvent } | { readonly problem: 'newer' | 'unreadable' };

const openEvent = (definition: AggregateDefinition, event: RecordedEvent): Opening => {
  const known = definition.events.get(event.body.type);
  if (known === undefined) return { problem: 'newer' };
  const opened = openPayload(known, event.body.schema, event.body.payload);
  if (opened.kind !== 'opened') return { problem: opened.kind };
  return { event: { body: event.body, context: event.context, position: event.position, payload: opened.payload } };
};

/** The reducer of an aggregate over opened events. */
export const reducerOf = (definition: AggregateDefinition): Reducer<MachineState> => ({
  initial: definition.replay.initial,
  next: (state, event) => definition.replay.next(state, { ...event.payload, type: event.body.type }),
  touches: (event) => {
    const known = definition.events.get(event.body.type);
    return known === undefined ? [EVERYTHING] : keysTouched(known, event.payload);
  },
});

/** The state of a stream without events. */
export const emptyState = (definition: AggregateDefinition): StreamState => ({
  fold: emptyFold(reducerOf(definition)),
  readOnly: false,
  unreadable: [],
});

/** The state after one more event; undefined if the stream has to be folded anew. */
export const advanceState = (
  state: StreamState,
  event: RecordedEvent,
  definition: AggregateDefinition,
  reducer: Reducer<MachineState>,
): StreamState | undefined => {
  const opening = openEvent(definition, event);
  if ('problem' in opening) return undefined;
  const fold = advanceFold(state.fold, opening.event, reducer);
  return fold === undefined ? undefined : { ...state, fold };
};

/** The state of a stream from all its events, in any order. */
export const rebuildState = (events: readonly RecordedEvent[], definition: AggregateDefinition): StreamState => {
  const opened: OpenedEvent[] = [];
  const unreadable: EventId[] = [];
  let readOnly = false;
  for (const event of events) {
    const opening = openEvent(definition, event);
    if ('event' in opening) opened.push(opening.event);
    else if (opening.problem === 'newer') readOnly = true;
    else unreadable.push(event.body.id);
  }
  return { fold: foldStream(opened, reducerOf(definition)), readOnly, unreadable };
};

/** The events that this version of the application understands, opened. */
export const openedEvents = (
  events: readonly RecordedEvent[],
  definition: AggregateDefinition,
): readonly OpenedEvent[] =>
  events.flatMap((event) => {
    const opening = openEvent(definition, event);
    return 'event' in opening ? [opening.event] : [];
  });

type Tracker = {
  readonly take: (batch: CommittedBatch) => { readonly changed: Set<StreamId>; readonly stale: Set<StreamId> };
  readonly entries: Map<StreamId, Entry>;
};

/** Folds batches in passing; names the streams that need to be folded anew. */
const track = (definitions: Definitions): Tracker => {
  const entries = new Map<StreamId, Entry>();
  const folders = new Map(
    [...definitions].map(([type, definition]) => [type, { definition, reducer: reducerOf(definition) }]),
  );
  const take = (batch: CommittedBatch) => {
    const changed = new Set<StreamId>();
    const stale = new Set<StreamId>();
    for (const event of batch.events) {
      const { stream } = event.body;
      const folder = folders.get(streamParts(stream).type);
      if (folder === undefined) continue;
      const entry = entries.get(stream) ?? { state: emptyState(folder.definition), records: [] };
      if (entry.records.length === 0) entries.set(stream, entry);
      if (entry.records.at(-1) !== batch.record) entry.records.push(batch.record);
      changed.add(stream);
      const advanced = stale.has(stream)
        ? undefined
        : advanceState(entry.state, event, folder.definition, folder.reducer);
      if (advanced === undefined) stale.add(stream);
      else entry.state = advanced;
    }
    return { changed, stale };
  };
  return { take, entries };
};

const union = (into: Set<StreamId>, from: Iterable<StreamId>): void => {
  for (const stream of from) into.add(stream);
};

/**
 * Collects the history, then follows the log. Call `take` for each batch of the history while the log opens, then
 * `follow` once; it resolves when the states are those of the whole history.
 */
export const collectStates = (definitions: Definitions) => {
  const { take, entries } = track(definitions);
  const staleInHistory = new Set<StreamId>();
  const changes = new Subject<ReadonlySet<StreamId>>();

  const historyOf = async (log: Log, stream: StreamId): Promise<readonly RecordedEvent[]> => {
    const batches = await log.readRecords(entries.get(stream)?.records ?? []);
    return batches.flatMap(({ events }) => events.filter(({ body }) => body.stream === stream));
  };
  const refold = async (log: Log, stream: StreamId): Promise<void> => {
    const entry = entries.get(stream);
    const definition = definitions.get(streamParts(stream).type);
    if (entry === undefined || definition === undefined) return;
    entry.state = rebuildState(await historyOf(log, stream), definition);
  };

  const follow = async (log: Log): Promise<AggregateStates> => {
    const stale = new Set(staleInHistory);
    const refoldStale = async (): Promise<void> => {
      for (const stream of [...stale]) {
        await refold(log, stream);
        stale.delete(stream);
      }
    };
    let queue: Promise<void> | undefined;
    const enqueue = (work: () => Promise<void>): void => {
      const running: Promise<void> = (queue ?? Promise.resolve())
        .catch(() => undefined)
        .then(work)
        .finally(() => {
          if (queue === running) queue = undefined;
        });
      running.catch(() => undefined); // told to whoever awaits `settled`; tried again with the next batch
      queue = running;
    };
    const apply = (batch: CommittedBatch): ReadonlySet<StreamId> => {
      const taken = take(batch);
      union(stale, taken.stale);
      return taken.changed;
    };
    await refoldStale();
    log.committed$.subscribe((batch) => {
      if (queue !== undefined) {
        enqueue(async () => {
          const changed = apply(batch);
          await refoldStale();
          changes.next(changed);
        });
        return;
      }
      const changed = apply(batch);
      if (stale.size === 0) changes.next(changed);
      else enqueue(() => refoldStale().then(() => changes.next(changed)));
    });
    return {
      get: (stream) => entries.get(stream)?.state,
      streams: () => entries.keys(),
      changed$: changes.asObservable(),
      history: (stream) => historyOf(log, stream),
      settled: () => queue ?? Promise.resolve(),
    };
  };

  return {
    take: (batch: CommittedBatch): void => union(staleInHistory, take(batch).stale),
    follow,
  };
};
