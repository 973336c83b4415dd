/** Aggregates as an application holds them: observable state, and `send`. */
import { distinctUntilChanged, filter, map, Observable } from 'rxjs';
import { type Author, isForRole } from '../core/aggregate.ts';
import type { RecordedEvent } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import type { Reducer } from '../core/fold.ts';
import { aggregateId, eventType, type StreamId, streamId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import { loadPart } from '../core/part.ts';
import { keysTouched, parsePayload } from '../core/schema.ts';
import type {
  AggregateDefinition,
  EventDefinitions,
  MachineEvent,
  MachineState,
  SendableEvent,
} from '../machines/aggregate.ts';
import { auditTrail } from '../projections/auditTrail.ts';
import { branchesOf } from '../projections/branches.ts';
import type { AggregateSnapshot } from '../projections/view.ts';
import type { AsOf } from '../streams/past.ts';
import { openedEvents, readerOf, reducerOf, type StreamReader, seenBy } from '../streams/streamState.ts';
import type { Draft } from '../streams/writer.ts';
import { actorOf } from './actor.ts';
import { resolving } from './conflicts.ts';
import type { Session } from './session.ts';
import type { AggregateHandle, SendOptions, SendOutcome } from './types.ts';

const reasonOf = (options: SendOptions): Pick<Draft, 'reason'> => {
  const reason = options.reason?.trim() ?? '';
  if (reason.length > LIMITS.reasonLengthMax)
    throw new StoreError('append.too-large', {
      what: 'reason',
      length: reason.length,
      lengthMax: LIMITS.reasonLengthMax,
    });
  return reason === '' ? {} : { reason };
};

const isMachineEvent = (event: object): event is MachineEvent => 'type' in event && typeof event.type === 'string';

const payloadOf = (event: object): { type: string; payload: JsonObject } => {
  if (!isMachineEvent(event)) throw new StoreError('append.unknown-event', { type: '' });
  const { type, ...payload } = event;
  return { type, payload };
};

/** Checks an event against its schema and makes it a draft. @throws StoreError `append.*` */
export const draftOf = <E extends EventDefinitions, C>(
  definition: AggregateDefinition<E, C>,
  { id, event, options = {} }: { readonly id: string; readonly event: object; readonly options?: SendOptions },
): Draft => {
  const { type, payload } = payloadOf(event);
  const known = definition.events.get(eventType(type));
  if (known === undefined) throw new StoreError('append.unknown-event', { aggregate: definition.type, type });
  const draft: Draft = {
    stream: streamId(definition.type, aggregateId(id)),
    definition,
    type,
    payload: parsePayload(type, known, payload),
    ...reasonOf(options),
  };
  const { originator, resolves, expectedVersion } = options;
  if (originator === undefined && resolves === undefined && expectedVersion === undefined) return draft;
  return {
    ...draft,
    ...(originator === undefined ? {} : { originator }),
    ...(resolves === undefined ? {} : { resolves }),
    ...(expectedVersion === undefined ? {} : { expectedVersion }),
  };
};

type Watcher = { readonly wake: () => void; readonly end: () => void };

/** Watches single streams: each change reaches the watchers of its own stream only, the end of the log all of them. */
export const watchStreams = (session: Session) => {
  const watchers = new Map<StreamId, Set<Watcher>>();
  session.changed$.subscribe((streams) => {
    for (const stream of streams) for (const { wake } of watchers.get(stream) ?? []) wake();
  });
  session.log.committed$.subscribe({
    complete: () => {
      for (const set of [...watchers.values()]) for (const { end } of set) end();
    },
  });
  return (stream: StreamId, wake: () => void, end: () => void = () => undefined): (() => void) => {
    const set = watchers.get(stream) ?? new Set();
    const watcher = { wake, end };
    watchers.set(stream, set.add(watcher));
    return () => {
      set.delete(watcher);
      if (set.size === 0 && watchers.get(stream) === set) watchers.delete(stream);
    };
  };
};
export type Watch = ReturnType<typeof watchStreams>;

const sameList = (a: unknown, b: unknown): boolean =>
  Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, at) => Object.is(each, b[at]));

/**
 * What `read` gives, as the same object for as long as it says the same. Whoever shows it holds it, and nobody else could tell it from
 * another one: so it is not held here, where it would outlive the locking of keys.
 */
const steady = <T extends object>(read: () => T): (() => T) => {
  let last: WeakRef<T> | undefined;
  return () => {
    const before = last?.deref();
    const now = read();
    const isSame = ([name, value]: readonly [string, unknown]): boolean => {
      const was: unknown = before === undefined ? undefined : Reflect.get(before, name);
      return Object.is(was, value) || sameList(was, value);
    };
    if (before !== undefined && Object.entries(now).every(isSame)) return before;
    last = new WeakRef(now);
    return now;
  };
};

/** Where authors are judged: whoever acts here now. */
const authorNow = (session: Session, { judge }: Pick<AggregateDefinition, 'judge'>): { readonly author?: Author } => {
  if (judge === undefined) return {};
  const { user, role } = session.actor();
  const at = new Date(session.clock.nowMs()).toISOString();
  return { author: { user, role, replica: session.identity.replica, at } };
};

/** The events of a stream as they become durable, as the stream's machine sees them. */
const arrivingAt = ({ log }: Session, stream: StreamId, reader: () => StreamReader) =>
  log.committed$.pipe(
    map(({ events }) => events.filter(({ body }) => body.stream === stream)),
    filter((events) => events.length > 0),
    map((events) => {
      const { definition } = reader();
      return openedEvents(events, reader()).map(({ body, payload, context }) =>
        seenBy(definition, body.type, payload, context),
      );
    }),
  );

/** For a state of other rules, which the machine of now may not know. */
const orElse = <T>(work: () => T, otherwise: T): T => {
  try {
    return work();
  } catch {
    return otherwise;
  }
};

/** How events of one aggregate are recorded, alone or with others. */
const sendingTo = <E extends EventDefinitions, C, S>(
  session: Session,
  definition: AggregateDefinition<E, C, S>,
  id: string,
): Pick<AggregateHandle<E, C, S>, 'entry'> & {
  readonly send: (event: object, options?: SendOptions) => Promise<SendOutcome>;
} => ({
  send: async (event, options = {}) => {
    const draft = draftOf(definition, { id, event, options });
    const [outcome] = await session.writer.write({ drafts: [draft], actor: session.actor(), atomic: true });
    if (outcome === undefined) throw new StoreError('invariant.broken', { rule: 'each draft has an outcome' });
    return outcome;
  },
  entry: (event, options = {}) => ({ type: definition.type, id: aggregateId(id), event, options }),
});

/** The handle of one aggregate; a page may ask for hundreds at once, so it makes what few of them are asked for when it is. */
export const aggregateHandle = <E extends EventDefinitions, C, S>(
  session: Session,
  watch: Watch,
  definition: AggregateDefinition<E, C, S>,
  id: string,
): AggregateHandle<E, C, S> => {
  if (session.definitions.get(definition.type) !== definition)
    throw new StoreError('aggregate.unknown-type', { type: definition.type });
  const stream = streamId(definition.type, aggregateId(id));
  session.damaged.look(stream).catch(() => undefined); // asked again when somebody writes
  const reader = (): StreamReader => readerOf(definition, session.identity.replica, session.basis);
  // the definition registered under this type is the very one given, so its context is C
  const state = steady(() => session.snapshot(stream) as AggregateSnapshot<C>);
  const state$ = new Observable<AggregateSnapshot<C>>((subscriber) => {
    subscriber.next(state());
    return watch(stream, () => subscriber.next(state()));
  });
  const can = (event: SendableEvent<E>): boolean => {
    const { type, payload } = payloadOf(event);
    const { value, context, readOnly, damaged, stale } = state();
    const seen = { ...payload, type, ...authorNow(session, definition) };
    const isOwn = definition.roles === undefined || isForRole(definition, type, session.actor());
    const isLegal = () => isOwn && definition.replay.next({ value, context }, seen) !== undefined;
    return !readOnly && !damaged && (stale ? orElse(isLegal, false) : isLegal());
  };
  const past = async (at: AsOf, history: readonly RecordedEvent[]) => {
    const { aggregateAsOf } = await loadPart('past', () => import('../streams/past.ts'));
    return aggregateAsOf(at, { stream, history, reader: reader(), isDamaged: session.damaged.has });
  };
  const { send, entry } = sendingTo(session, definition, id);
  const actor = actorOf({
    id,
    snapshot: () => {
      const shown = () => definition.snapshotOf(session.states.get(stream)?.fold.state ?? definition.replay.initial);
      return session.states.isStale(stream) ? orElse(shown, definition.snapshotOf(definition.replay.initial)) : shown();
    },
    watch: (wake, end) => watch(stream, wake, end),
    arriving: () => arrivingAt(session, stream, reader),
    isSettled: session.states.isSettled,
    send,
  });
  return Object.assign(actor, {
    state,
    state$,
    can,
    can$: (event: SendableEvent<E>) =>
      state$.pipe(
        map(() => can(event)),
        distinctUntilChanged(),
      ),
    send,
    entry,
    // as above
    asOf: async (at: AsOf) => (await past(at, await session.states.history(stream))) as AggregateSnapshot<C>,
    ...pastOf(session, definition, reader, id),
  });
};

/** What a handle tells of all events of its stream, and how conflicts among them end. */
const pastOf = <E extends EventDefinitions, C, S>(
  session: Session,
  definition: AggregateDefinition<E, C, S>,
  reader: () => StreamReader,
  id: string,
): Pick<AggregateHandle<E, C, S>, 'resolve' | 'branches' | 'history'> => {
  const stream = streamId(definition.type, aggregateId(id));
  const opened = async () => openedEvents(await session.states.history(stream), reader());
  return {
    resolve: async (conflicts, events, { choices = [], ...options }) => {
      const drafts = events.map((event) => draftOf(definition, { id, event, options }));
      const ending = resolving(drafts, conflicts, (draft) => touchedBy(definition, draft), choices);
      return session.writer.write({ drafts: ending, actor: session.actor(), atomic: true });
    },
    branches: async () => branchesOf(await opened(), typedReducer(definition)),
    history: async () => auditTrail(await opened(), typedReducer(definition)),
  };
};

const touchedBy = ({ events }: AggregateDefinition, { type, payload }: Draft): readonly string[] => {
  const known = events.get(eventType(type));
  return known === undefined ? [] : keysTouched(known, payload);
};

/** The states of this definition's machine have contexts of type C. */
const typedReducer = <E extends EventDefinitions, C>(definition: AggregateDefinition<E, C>) =>
  reducerOf(definition) as Reducer<MachineState & { readonly context: C }>;
