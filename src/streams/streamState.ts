/**
 * What is known of one stream, from its recorded events: opened, folded, and what could not be understood. Pure.
 */
import {
  type AggregateDefinition,
  authorOf,
  isForRole,
  type MachineEvent,
  type MachineState,
} from '../core/aggregate.ts';
import type { RecordedEvent } from '../core/commit.ts';
import { sharesKey } from '../core/conflict.ts';
import type { CommitContext, EventBody } from '../core/envelope.ts';
import {
  advanceFold,
  emptyFold,
  type Fold,
  foldStream,
  nextState,
  type OpenedEvent,
  type Reducer,
  type Uncontested,
  uncontestedOf,
} from '../core/fold.ts';
import type { AggregateId, EventId, ReplicaId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { EVERYTHING, keysTouched, openPayload } from '../core/schema.ts';
import type { AggregateSnapshot } from '../projections/view.ts';
import type { BasisRule } from './basis.ts';

/** What is known of one stream. */
export type StreamState = {
  readonly fold: Fold<MachineState>;
  /** The stream without what is in open conflict: where something is, as far as it was looked at. */
  readonly uncontested?: Uncontested<MachineState> | undefined;
  /** True if an event is of a newer version or an unknown type: shown as far as understood, not to be written to. */
  readonly readOnly: boolean;
  /** Events whose payload does not satisfy the schema it claims: kept, without effect. */
  readonly unreadable: readonly EventId[];
};

/** What one event does to its stream, found when it was decided: it holds for the very state that it names as before. */
export type Step = { readonly before: StreamState; readonly after: StreamState };
/** The step of an event; undefined if it has to be folded. */
export type Steps = (body: EventBody) => Step | undefined;

type Opening = { readonly event: OpenedEvent } | { readonly problem: 'newer' | 'unreadable' };

/** How this device reads the streams of one aggregate type. */
export type StreamReader = {
  readonly definition: AggregateDefinition;
  readonly reducer: Reducer<MachineState>;
  /** The device's own replica: what it wrote, it had checked. */
  readonly own: ReplicaId;
  readonly basis: BasisRule;
};

const openEvent = ({ definition, own, basis: rule }: StreamReader, event: RecordedEvent): Opening => {
  const { context, position } = event;
  const basis = rule.meant(context.replica, event.body.basis);
  const body = basis === event.body.basis ? event.body : { ...event.body, basis };
  const known = definition.events.get(body.type);
  if (known === undefined) return { problem: 'newer' };
  const { schema } = body;
  const payload = event.opened ?? body.payload;
  const opened = openPayload(known, { schema, payload, trusted: context.replica === own });
  if (opened.kind !== 'opened') return { problem: opened.kind };
  return { event: { body, context, position, payload: opened.payload } };
};

/**
 * What the machine sees of an event: its payload's members, and its type over all. A payload has no member `type`; made
 * the other way round, the object costs five times as much.
 */
export const machineEventOf = (type: string, payload: JsonObject): MachineEvent =>
  'type' in payload ? { ...payload, type } : { type, ...payload };

/** As the machine of `definition` sees an event that was recorded in a commit of this context. */
export const seenBy = (
  { judge }: Pick<AggregateDefinition, 'judge'>,
  type: string,
  payload: JsonObject,
  context: CommitContext,
): MachineEvent => {
  const event = machineEventOf(type, payload);
  return judge === undefined ? event : { ...event, author: authorOf(context) };
};

/** Where authors are judged, an event that its author may not record is refused wherever it came from. */
const refusing = (definition: AggregateDefinition): Pick<Reducer<MachineState>, 'refuses'> => {
  const { allows } = definition;
  if (allows === undefined) return {};
  return {
    refuses: ({ context: before }, { body, payload, context }) =>
      !allows(seenBy(definition, body.type, payload, context), before),
  };
};

/** The keys that events touch. Folding asks several times for those of one event, and each time its schema would read the payload. */
const touchesOf = (definition: AggregateDefinition): Reducer<MachineState>['touches'] => {
  const known = new WeakMap<OpenedEvent, readonly string[]>();
  return (event) => {
    const type = definition.events.get(event.body.type);
    const keys = known.get(event) ?? (type === undefined ? [EVERYTHING] : keysTouched(type, event.payload));
    known.set(event, keys);
    return keys;
  };
};

/** The reducer of an aggregate over opened events. */
export const reducerOf = (definition: AggregateDefinition): Reducer<MachineState> => ({
  initial: definition.replay.initial,
  next: (state, { body, payload, context }) =>
    definition.replay.next(state, seenBy(definition, body.type, payload, context)),
  touches: touchesOf(definition),
  ...(definition.settle === undefined ? {} : { settle: definition.settle }),
  permits: ({ body, context }) =>
    isForRole(definition, body.type, context.actor) &&
    (body.resolves === undefined || definition.mayResolve(context.actor)),
  ...refusing(definition),
});

/** Reads streams of `definition` on the device that writes as `own`. */
export const readerOf = (definition: AggregateDefinition, own: ReplicaId, basis: BasisRule): StreamReader => ({
  definition,
  reducer: reducerOf(definition),
  own,
  basis,
});

/** The state of a stream without events. */
export const emptyState = ({ reducer }: StreamReader): StreamState => ({
  fold: emptyFold(reducer),
  readOnly: false,
  unreadable: [],
});

/** What is shown of an aggregate in this state. @param pending  own events that the server has not confirmed */
export const snapshotOfState = (
  id: AggregateId,
  { fold, uncontested, readOnly, unreadable }: StreamState,
  { pending, damaged, stale }: Pick<AggregateSnapshot, 'pending' | 'damaged' | 'stale'>,
): AggregateSnapshot => ({
  id,
  value: fold.state.value,
  context: fold.state.context,
  version: fold.version,
  conflicts: fold.conflicts,
  settled: fold.settled,
  uncontested: uncontested?.state ?? fold.state,
  pending,
  readOnly,
  damaged,
  stale,
  inapplicable: fold.inapplicable.length + unreadable.length,
});

/** The state after one more event; undefined if the stream has to be folded anew. */
export const advanceState = (
  state: StreamState,
  event: RecordedEvent,
  reader: StreamReader,
): StreamState | undefined => {
  const opening = openEvent(reader, event);
  if ('problem' in opening) return undefined;
  const fold = advanceFold(state.fold, opening.event, reader.reducer);
  if (fold === undefined) return undefined;
  if (state.fold.conflicts.length === 0) return { ...state, fold };
  return { ...state, fold, uncontested: uncontestedAfter(state, opening.event, reader.reducer) };
};

/** An event of other keys changes what is uncontested like any other state; after any other event it has to be found anew. */
const uncontestedAfter = (
  { uncontested }: StreamState,
  event: OpenedEvent,
  reducer: Reducer<MachineState>,
): StreamState['uncontested'] => {
  if (uncontested === undefined || sharesKey(reducer.touches(event), uncontested.keys)) return undefined;
  return { ...uncontested, state: nextState(reducer, uncontested.state, event) ?? uncontested.state };
};

/** True if all that is shown of a stream is known: not, after some events of a conflict, before it is folded anew. */
export const isWhole = ({ fold, uncontested }: StreamState): boolean =>
  fold.conflicts.length === 0 || uncontested !== undefined;

/** The state of a stream from all its events, in any order. */
export const rebuildState = (events: readonly RecordedEvent[], reader: StreamReader): StreamState => {
  const opened: OpenedEvent[] = [];
  const unreadable: EventId[] = [];
  let readOnly = false;
  for (const event of events) {
    const opening = openEvent(reader, event);
    if ('event' in opening) opened.push(opening.event);
    else if (opening.problem === 'newer') readOnly = true;
    else unreadable.push(event.body.id);
  }
  const fold = foldStream(opened, reader.reducer);
  const state = { fold, readOnly, unreadable };
  return fold.conflicts.length === 0 ? state : { ...state, uncontested: uncontestedOf(opened, reader.reducer) };
};

/** The events that this version of the application understands, opened. */
export const openedEvents = (events: readonly RecordedEvent[], reader: StreamReader): readonly OpenedEvent[] =>
  events.flatMap((event) => {
    const opening = openEvent(reader, event);
    return 'event' in opening ? [opening.event] : [];
  });
