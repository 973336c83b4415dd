/**
 * Turns queued drafts into commits to be sealed: decides each on the state that the ones before it will have made, in
 * this batch and in those that are still under way. Nothing here waits and nothing is stored.
 */
import { type AggregateDefinition, isForRole, type MachineEvent, type MachineState } from '../core/aggregate.ts';
import { sharesKey } from '../core/conflict.ts';
import type { CommitContext, EventBody } from '../core/envelope.ts';
import { StoreError } from '../core/errors.ts';
import type { Conflict } from '../core/fold.ts';
import { type EventType, eventType, type StreamId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { position } from '../core/position.ts';
import { keysTouched } from '../core/schema.ts';
import { writeEvents } from '../crypto/eventText.ts';
import type { SealedContext } from '../crypto/sealCommit.ts';
import type { CommitDraft } from '../crypto/sealer.ts';
import { withChoices } from './choices.ts';
import type { Draft, DraftOutcome, PlannedJob, QueuedWrite, WriterParts } from './job.ts';
import { bodyOf, commitsOf, contextOf, type Moment, momentOf } from './sealing.ts';
import {
  advanceState,
  emptyState,
  readerOf,
  type Step,
  type StreamReader,
  type StreamState,
  seenBy,
} from './streamState.ts';

export type BatchPlan = {
  readonly jobs: readonly PlannedJob[];
  /** The streams that the batch writes to, as it leaves them. */
  readonly ends: readonly (readonly [StreamId, StreamState | undefined])[];
  /** What the events do to their streams, as far as it holds when they are published, by their sequence. */
  readonly steps: ReadonlyMap<number, Step>;
  /** Jobs that have to wait for the next batch, in order. */
  readonly left: readonly QueuedWrite[];
  readonly failed: readonly { readonly queued: QueuedWrite; readonly error: unknown }[];
};

type Planned = { readonly kind: 'planned'; readonly body: EventBody; readonly version: number };
type Outcome = PlannedJob['outcomes'][number];

/** What the batches that are planned and not yet published will have made. */
export type Tentative = {
  /** Undefined where a stream has to be folded anew first. */
  readonly states: Map<StreamId, StreamState | undefined>;
  readonly deciders: Map<AggregateDefinition, Decider>;
  sequence: number;
};

/** Nothing is under way: what is published is all there is. */
export const startTentative = ({ log, identity }: WriterParts): Tentative => ({
  states: new Map(),
  deciders: new Map(),
  sequence: log.head(identity.replica).sequence,
});

/** Leaves to the published states what they show by now; `ends` as a plan gave it. */
export const forgetPublished = ({ states }: Tentative, ends: BatchPlan['ends']): void => {
  for (const [stream, state] of ends) if (states.get(stream) === state) states.delete(stream);
};

const touchedConflicts = (state: StreamState, draft: Draft, type: EventType): readonly Conflict[] => {
  const { conflicts } = state.fold;
  const known = draft.definition.events.get(type);
  if (conflicts.length === 0 || known === undefined) return [];
  const keys = keysTouched(known, draft.payload);
  return conflicts.filter(({ key }) => sharesKey(keys, [key]));
};

/** True if the draft names every side of the conflict. */
const ends = ({ resolves = [] }: Draft, { heads }: Conflict): boolean =>
  heads.every(({ body }) => resolves.includes(body.id));

type Refused = Extract<DraftOutcome, { kind: 'refused' }>;
const refused = (why: Exclude<Refused['why'], 'illegal' | 'not-permitted'>, { fold }: StreamState): Refused => ({
  kind: 'refused',
  why,
  state: JSON.stringify(fold.state.value),
});
/** @param roles  those who may, where the event is for some only */
const notPermitted = ({ fold }: StreamState, roles?: readonly string[]): Refused => ({
  kind: 'refused',
  why: 'not-permitted',
  state: JSON.stringify(fold.state.value),
  ...(roles === undefined ? {} : { roles }),
});
const illegal = (event: MachineEvent, { fold }: StreamState, { legalIn }: AggregateDefinition): Refused => ({
  kind: 'refused',
  why: 'illegal',
  state: JSON.stringify(fold.state.value),
  legalIn: legalIn(event, fold.state.context),
});

/** The machine's state after the draft and the conflicts that it ends, or why it is not stored. */
const decide = (
  state: StreamState,
  { draft, type, context }: { readonly draft: Draft; readonly type: EventType; readonly context: CommitContext },
): { readonly next: MachineState; readonly ended: readonly Conflict[] } | { readonly refusal: DraftOutcome } => {
  const { fold } = state;
  if (state.readOnly) return { refusal: refused('read-only', state) };
  if (!isForRole(draft.definition, type, context.actor))
    return { refusal: notPermitted(state, draft.definition.roles?.get(type)) };
  if (draft.resolves !== undefined && !draft.definition.mayResolve(context.actor))
    return { refusal: notPermitted(state) };
  const touched = touchedConflicts(state, draft, type);
  const conflicts = touched.filter((conflict) => !ends(draft, conflict));
  const moved = draft.expectedVersion !== undefined && draft.expectedVersion !== fold.version;
  if (moved || conflicts.length > 0) return { refusal: { kind: 'conflict', version: fold.version, conflicts } };
  const event = seenBy(draft.definition, type, draft.payload, context);
  const next = draft.definition.replay.next(fold.state, event);
  if (next === undefined) return { refusal: illegal(event, state, draft.definition) };
  const needsReason = draft.resolves !== undefined || draft.definition.needsReason(event, fold.state.context);
  const unreasoned = draft.reason === undefined && needsReason;
  return unreasoned ? { refusal: refused('reason-required', state) } : { next, ended: touched };
};

/** How the streams of a definition are read here, and read on when the machine has said where an event leads. */
export type Decider = {
  readonly reader: StreamReader;
  readonly decided: { next: MachineState };
  /** As `reader`; every event leads to `decided.next`. */
  readonly following: StreamReader;
  /** True if the published states follow the same definition. */
  readonly isFollowed: boolean;
};

/**
 * The stream's state after the body that was decided on. The machine has said where it leads, so it is not asked again.
 * Law: `writer.laws` (jobs queued at once end as if each had been decided alone).
 */
const stateAfter = (
  state: StreamState,
  body: EventBody,
  place: {
    readonly draft: Draft;
    readonly next: MachineState;
    readonly context: CommitContext;
    readonly decider: Decider;
  },
): StreamState | undefined => {
  const { draft, next, context, decider } = place;
  decider.decided.next = next;
  const event = { body, context, position: position(0) };
  const isSealed = draft.sealed !== undefined;
  return advanceState(state, isSealed ? { ...event, opened: draft.payload } : event, decider.following);
};

const deciderFor = ({ definition }: Draft, { deciders }: Tentative, parts: WriterParts): Decider => {
  const known = deciders.get(definition);
  if (known !== undefined) return known;
  const reader = readerOf(definition, parts.identity.replica, parts.basis);
  const decided = { next: definition.replay.initial };
  const following = { ...reader, reducer: { ...reader.reducer, next: () => decided.next } };
  const isFollowed = parts.states.reader(definition.type)?.definition === definition;
  const decider: Decider = { reader, decided, following, isFollowed };
  deciders.set(definition, decider);
  return decider;
};

type JobEvents = {
  readonly context: SealedContext;
  readonly bodies: EventBody[];
  /** What the job changed in `states`, and how it was there: undefined where there was nothing. */
  readonly changed: { readonly stream: StreamId; readonly before: StreamState | undefined }[];
  readonly steps: Map<number, Step>;
};
/** When a batch is decided, and the context that was sealed last for it: jobs of one actor share its bytes. */
type Act = {
  readonly moment: Moment;
  context: SealedContext | undefined;
  readonly steps: Map<number, Step>;
};

type JobPlan = { readonly planned: PlannedJob; readonly commits: readonly CommitDraft[] } | { readonly wait: true };

const planDraft = (draft: Draft, tentative: Tentative, job: JobEvents, parts: WriterParts): Outcome | 'wait' => {
  const { states } = tentative;
  const { stream } = draft;
  const decider = deciderFor(draft, tentative, parts);
  const isOpen = states.has(stream);
  const state = isOpen ? states.get(stream) : (parts.states.get(stream) ?? emptyState(decider.reader));
  if (state === undefined) return 'wait';
  const type = eventType(draft.type);
  const decided = decide(state, { draft, type, context: job.context.context });
  if ('refusal' in decided) return decided.refusal;
  const whole = draft.resolves === undefined ? draft : withChoices(draft, decided.ended);
  const body = bodyOf(whole, type, { state, sequence: tentative.sequence + 1 }, parts);
  job.bodies.push(body);
  tentative.sequence += 1;
  const after = stateAfter(state, body, { draft, next: decided.next, context: job.context.context, decider });
  states.set(stream, after);
  const isSure = decider.isFollowed && after?.fold.conflicts.length === 0 && after.fold.settled.length === 0;
  if (isSure)
    // conflicts hold positions, unknown here
    job.steps.set(body.sequence, { before: state, after });
  job.changed.push({ stream, before: isOpen ? state : undefined });
  const planned: Planned = { kind: 'planned', body, version: state.fold.version + 1 };
  return planned;
};

/** None of an atomic job is stored when one is not: say so for those that would have been. */
const withdrawn = (outcomes: readonly Outcome[]): readonly Outcome[] =>
  outcomes.map((outcome) =>
    outcome.kind === 'planned' ? { kind: 'refused', why: 'with-others', state: '' } : outcome,
  );

const planJob = (queued: QueuedWrite, act: Act, tentative: Tentative, parts: WriterParts): JobPlan => {
  const { drafts, atomic, actor } = queued.job;
  const context = contextOf(actor, act.moment, act.context);
  act.context = context;
  const job: JobEvents = { context, bodies: [], changed: [], steps: act.steps };
  const sequenceBefore = tentative.sequence;
  const undo = () => {
    for (const { stream, before } of job.changed.reverse())
      before === undefined ? tentative.states.delete(stream) : tentative.states.set(stream, before);
    tentative.sequence = sequenceBefore;
  };
  try {
    const outcomes: Outcome[] = [];
    for (const draft of drafts) {
      const outcome = planDraft(draft, tentative, job, parts);
      if (outcome === 'wait') {
        undo();
        return { wait: true };
      }
      outcomes.push(outcome);
    }
    if (atomic && outcomes.some(({ kind }) => kind !== 'planned')) {
      undo();
      return { planned: { queued, outcomes: withdrawn(outcomes) }, commits: [] };
    }
    const commits = commitsOf(writeEvents(job.bodies), context);
    if (atomic && commits.length > 1)
      throw new StoreError('append.too-large', { events: drafts.length, eventsMax: LIMITS.commitEventsMax });
    return { planned: { queued, outcomes }, commits };
  } catch (error) {
    undo();
    throw error;
  }
};

/** The streams that a batch writes to, as it leaves them. */
const endsOf = (batch: readonly QueuedWrite[], { states }: Tentative): BatchPlan['ends'] => {
  const streams = new Set<StreamId>();
  for (const { job } of batch) for (const { stream } of job.drafts) if (states.has(stream)) streams.add(stream);
  return [...streams].map((stream) => [stream, states.get(stream)]);
};

/**
 * Plans as many of the queued jobs as can be decided now, in order.
 * @param tentative  what is under way; moved on
 * @param take  is given the commits in the order of the chain, each as soon as its job is decided
 */
export const planBatch = (
  batch: readonly QueuedWrite[],
  tentative: Tentative,
  parts: WriterParts,
  take: (commit: CommitDraft) => void,
): BatchPlan => {
  const jobs: PlannedJob[] = [];
  const failed: { queued: QueuedWrite; error: unknown }[] = [];
  const act: Act = { moment: momentOf(parts), context: undefined, steps: new Map() };
  const planned = (left: readonly QueuedWrite[]): BatchPlan => ({
    ...{ jobs, failed, left, ends: endsOf(batch, tentative) },
    steps: act.steps,
  });
  const isFirst = tentative.states.size === 0;
  for (const [at, queued] of batch.entries()) {
    const { failure } = queued.job.series ?? {};
    if (failure !== undefined) {
      failed.push({ queued, error: failure.error });
      continue;
    }
    let plan: JobPlan;
    try {
      plan = planJob(queued, act, tentative, parts);
    } catch (error) {
      failed.push({ queued, error });
      continue;
    }
    if ('wait' in plan) {
      if (at > 0 || !isFirst) return planned(batch.slice(at));
      const error = new StoreError('append.invalid', { issue: 'several events of one conflicted stream' });
      failed.push({ queued, error });
      continue;
    }
    jobs.push(plan.planned);
    plan.commits.forEach(take);
  }
  return planned([]);
};
