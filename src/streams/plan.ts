/**
 * Turns queued drafts into prepared commits: decides each on the state that the ones before it in the batch will have
 * made, and seals them onto the replica's head. Nothing here waits and nothing is stored.
 */
import type { CommitContext, EventBody } from '../core/envelope.ts';
import { StoreError } from '../core/errors.ts';
import type { Conflict } from '../core/fold.ts';
import { type EventType, eventType, type Hash32, type StreamId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { position, sequence } from '../core/position.ts';
import { EVERYTHING, keysTouched } from '../core/schema.ts';
import { frameBytes } from '../crypto/commitBytes.ts';
import {
  type EncodedEvent,
  encodeEvent,
  type PreparedCommit,
  prepareCommit,
  type SealedContext,
  sealContext,
} from '../crypto/sealCommit.ts';
import type { Draft, DraftOutcome, PlannedJob, QueuedWrite, WriterParts } from './job.ts';
import { advanceState, emptyState, readerOf, type StreamState } from './streamState.ts';

export type BatchPlan = {
  readonly jobs: readonly PlannedJob[];
  /** Jobs that have to wait for the next batch, in order. */
  readonly left: readonly QueuedWrite[];
  readonly failed: readonly { readonly queued: QueuedWrite; readonly error: unknown }[];
};

type Planned = { readonly kind: 'planned'; readonly body: EventBody; readonly version: number };
type Outcome = PlannedJob['outcomes'][number];

/** What the batch will have made so far; undefined where a stream has to be folded anew first. */
type Tentative = { readonly states: Map<StreamId, StreamState | undefined>; sequence: number; link: Hash32 };

const touchedConflicts = (state: StreamState, draft: Draft, type: EventType): readonly Conflict[] => {
  const { conflicts } = state.fold;
  const known = draft.definition.events.get(type);
  if (conflicts.length === 0 || known === undefined) return [];
  const keys = keysTouched(known, draft.payload);
  const shares = ({ key }: Conflict) => key === EVERYTHING || keys.includes(EVERYTHING) || keys.includes(key);
  const resolves = draft.resolves ?? [];
  return conflicts.filter(
    (conflict) => shares(conflict) && !conflict.heads.every(({ body }) => resolves.includes(body.id)),
  );
};

const refusalOf = (state: StreamState, draft: Draft, type: EventType): DraftOutcome | undefined => {
  const { fold } = state;
  const shown = JSON.stringify(fold.state.value);
  if (state.readOnly) return { kind: 'refused', why: 'read-only', state: shown };
  const conflicts = touchedConflicts(state, draft, type);
  const moved = draft.expectedVersion !== undefined && draft.expectedVersion !== fold.version;
  if (moved || conflicts.length > 0) return { kind: 'conflict', version: fold.version, conflicts };
  const event = { ...draft.payload, type };
  if (draft.definition.replay.next(fold.state, event) === undefined)
    return { kind: 'refused', why: 'illegal', state: shown };
  const needsReason = draft.resolves !== undefined || draft.definition.needsReason(event, fold.state.context);
  const unreasoned = draft.reason === undefined && needsReason;
  return unreasoned ? { kind: 'refused', why: 'reason-required', state: shown } : undefined;
};

const bodyOf = (
  draft: Draft,
  type: EventType,
  place: { state: StreamState; sequence: number },
  parts: WriterParts,
): EventBody => ({
  id: parts.nextId(),
  stream: draft.stream,
  type,
  schema: draft.definition.events.get(type)?.version ?? 1,
  sequence: sequence(place.sequence),
  basis: place.state.fold.frontier,
  payload: draft.payload,
  ...(draft.reason === undefined ? {} : { reason: draft.reason }),
  ...(draft.originator === undefined ? {} : { originator: draft.originator }),
  ...(draft.resolves === undefined ? {} : { resolves: draft.resolves }),
});

const contextOf = (queued: QueuedWrite, parts: WriterParts): SealedContext => {
  const { clock, identity } = parts;
  const nowMs = clock.nowMs();
  const zone = clock.zone(nowMs);
  const context: CommitContext = {
    format: 1,
    tenant: identity.tenant,
    replica: identity.replica,
    actor: queued.job.actor,
    recordedAt: {
      utc: new Date(nowMs).toISOString(),
      offsetMin: zone.offsetMin,
      zone: zone.name,
      uptimeMs: Math.floor(clock.uptimeMs()),
    },
    ...parts.provenance(),
  };
  return sealContext(context);
};

/** Cuts encoded events into commits within the limits, each linked to the one before. */
const commitsOf = (
  events: readonly EncodedEvent[],
  context: SealedContext,
  tentative: Tentative,
  parts: WriterParts,
  atomic: boolean,
): readonly PreparedCommit[] => {
  const commits: PreparedCommit[] = [];
  let from = 0;
  let content = context.bytes.length;
  const flush = (to: number) => {
    const slice = events.slice(from, to);
    const first = slice[0]?.body.sequence;
    if (first === undefined) return;
    const commit = prepareCommit({ key: parts.identity.key, context, first, previous: tentative.link, events: slice });
    tentative.link = commit.link;
    commits.push(commit);
    [from, content] = [to, context.bytes.length];
  };
  for (const [at, { bytes }] of events.entries()) {
    const count = at - from + 1;
    if (count > LIMITS.commitEventsMax || frameBytes(count) + content + bytes.length > LIMITS.commitBytesMax) flush(at);
    content += bytes.length;
  }
  flush(events.length);
  if (atomic && commits.length > 1)
    throw new StoreError('append.too-large', { events: events.length, eventsMax: LIMITS.commitEventsMax });
  return commits;
};

type JobEvents = { readonly context: SealedContext; readonly events: EncodedEvent[] };
type JobPlan = { readonly planned: PlannedJob } | { readonly wait: true };

const planDraft = (draft: Draft, tentative: Tentative, job: JobEvents, parts: WriterParts): Outcome | 'wait' => {
  const { states } = tentative;
  const reader = readerOf(draft.definition, parts.identity.replica);
  const state = states.has(draft.stream)
    ? states.get(draft.stream)
    : (parts.states.get(draft.stream) ?? emptyState(reader));
  if (state === undefined) return 'wait';
  const type = eventType(draft.type);
  const refusal = refusalOf(state, draft, type);
  if (refusal !== undefined) return refusal;
  const body = bodyOf(draft, type, { state, sequence: tentative.sequence + 1 }, parts);
  job.events.push(encodeEvent(body));
  tentative.sequence += 1;
  const event = { body, context: job.context.context, position: position(0) };
  states.set(draft.stream, advanceState(state, event, reader));
  const planned: Planned = { kind: 'planned', body, version: state.fold.version + 1 };
  return planned;
};

/** None of an atomic job is stored when one is not: say so for those that would have been. */
const withdrawn = (outcomes: readonly Outcome[]): readonly Outcome[] =>
  outcomes.map((outcome) =>
    outcome.kind === 'planned' ? { kind: 'refused', why: 'with-others', state: '' } : outcome,
  );

const planJob = (queued: QueuedWrite, tentative: Tentative, parts: WriterParts): JobPlan => {
  const { drafts, atomic } = queued.job;
  const job: JobEvents = { context: contextOf(queued, parts), events: [] };
  const before = { sequence: tentative.sequence, link: tentative.link, states: new Map(tentative.states) };
  const undo = () => {
    tentative.sequence = before.sequence;
    tentative.link = before.link;
    tentative.states.clear();
    for (const [stream, state] of before.states) tentative.states.set(stream, state);
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
      return { planned: { queued, commits: [], outcomes: withdrawn(outcomes) } };
    }
    return { planned: { queued, commits: commitsOf(job.events, job.context, tentative, parts, atomic), outcomes } };
  } catch (error) {
    undo();
    throw error;
  }
};

/** Plans as many of the queued jobs as can be decided now, in order. */
export const planBatch = (batch: readonly QueuedWrite[], parts: WriterParts): BatchPlan => {
  const head = parts.log.head(parts.identity.replica);
  const tentative: Tentative = { states: new Map(), sequence: head.sequence, link: head.link };
  const jobs: PlannedJob[] = [];
  const failed: { queued: QueuedWrite; error: unknown }[] = [];
  for (const [at, queued] of batch.entries()) {
    try {
      const plan = planJob(queued, tentative, parts);
      if ('planned' in plan) jobs.push(plan.planned);
      else if (at > 0) return { jobs, failed, left: batch.slice(at) };
      else
        failed.push({
          queued,
          error: new StoreError('append.invalid', { issue: 'several events of one conflicted stream' }),
        });
    } catch (error) {
      failed.push({ queued, error });
    }
  }
  return { jobs, failed, left: [] };
};
