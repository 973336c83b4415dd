/** Aggregates as an application holds them: observable state, and `send`. */
import { Observable } from 'rxjs';
import { StoreError } from '../core/errors.ts';
import type { Reducer } from '../core/fold.ts';
import { aggregateId, eventType, type StreamId, streamId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import { parsePayload } from '../core/schema.ts';
import type { AggregateDefinition, EventDefinitions, MachineEvent, MachineState } from '../machines/aggregate.ts';
import { auditTrail } from '../projections/auditTrail.ts';
import type { AggregateSnapshot } from '../projections/view.ts';
import { openedEvents, readerOf, reducerOf } from '../streams/streamState.ts';
import type { Draft } from '../streams/writer.ts';
import type { Session } from './session.ts';
import type { AggregateHandle, BulkItem, SendOptions } from './types.ts';

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
  { id, event, options = {} }: BulkItem<E> & { readonly options?: SendOptions },
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

/** Watches single streams: each change reaches the watchers of its own stream only. */
export const watchStreams = (session: Session) => {
  const watchers = new Map<StreamId, Set<() => void>>();
  session.changed$.subscribe((streams) => {
    for (const stream of streams) for (const wake of watchers.get(stream) ?? []) wake();
  });
  return (stream: StreamId, wake: () => void): (() => void) => {
    const set = watchers.get(stream) ?? new Set();
    watchers.set(stream, set.add(wake));
    return () => {
      set.delete(wake);
      if (set.size === 0) watchers.delete(stream);
    };
  };
};
export type Watch = ReturnType<typeof watchStreams>;

/** The handle of one aggregate. */
export const aggregateHandle = <E extends EventDefinitions, C>(
  session: Session,
  watch: Watch,
  definition: AggregateDefinition<E, C>,
  id: string,
): AggregateHandle<E, C> => {
  if (session.definitions.get(definition.type) !== definition)
    throw new StoreError('aggregate.unknown-type', { type: definition.type });
  const stream = streamId(definition.type, aggregateId(id));
  const reader = readerOf(definition, session.identity.replica, session.basis);
  // the definition registered under this type is the very one given, so its context is C
  const state = () => session.snapshot(stream) as AggregateSnapshot<C>;
  return {
    state,
    state$: new Observable((subscriber) => {
      subscriber.next(state());
      return watch(stream, () => subscriber.next(state()));
    }),
    can: (event) => {
      const { type, payload } = payloadOf(event);
      const { value, context } = state();
      return definition.replay.next({ value, context }, { ...payload, type }) !== undefined;
    },
    send: async (event, options = {}) => {
      const draft = draftOf(definition, { id, event, options });
      const [outcome] = await session.writer.write({ drafts: [draft], actor: session.actor(), atomic: true });
      if (outcome === undefined) throw new StoreError('invariant.broken', { rule: 'each draft has an outcome' });
      return outcome;
    },
    history: async () => {
      const events = openedEvents(await session.states.history(stream), reader);
      return auditTrail(events, typedReducer(definition));
    },
  };
};

/** The states of this definition's machine have contexts of type C. */
const typedReducer = <E extends EventDefinitions, C>(definition: AggregateDefinition<E, C>) =>
  reducerOf(definition) as Reducer<MachineState & { readonly context: C }>;
