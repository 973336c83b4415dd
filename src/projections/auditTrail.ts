/**
 * The audit trail of one aggregate: every event in fold order with the state before and after it, who, when, where and
 * why. Derived, never stored: the log is the record (C-e1).
 */
import type { RecordedEvent } from '../core/commit.ts';
import type { Actor, Originator, RecordedAt } from '../core/envelope.ts';
import { foldSteps, type OpenedEvent, type Reducer } from '../core/fold.ts';
import type { EventId, EventType, ReplicaId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Sequence } from '../core/position.ts';

export type TrailEntry<S> = {
  readonly eventId: EventId;
  readonly type: EventType;
  /** Payload at the newest version. */
  readonly payload: JsonObject;
  readonly actor: Actor;
  readonly originator: Originator | undefined;
  readonly reason: string | undefined;
  readonly recordedAt: RecordedAt;
  readonly replica: ReplicaId;
  readonly sequence: Sequence;
  readonly resolves: readonly EventId[];
  readonly before: S;
  readonly after: S;
  /** False if the event is not legal in the merged order, or overruled by a policy: kept, without effect. */
  readonly applied: boolean;
};

const entryOf = <S>(event: RecordedEvent & OpenedEvent, before: S, next: S | undefined): TrailEntry<S> => ({
  eventId: event.body.id,
  type: event.body.type,
  payload: event.payload,
  actor: event.context.actor,
  originator: event.body.originator,
  reason: event.body.reason,
  recordedAt: event.context.recordedAt,
  replica: event.context.replica,
  sequence: event.body.sequence,
  resolves: event.body.resolves ?? [],
  before,
  after: next ?? before,
  applied: next !== undefined,
});

/** The trail of a stream's events, oldest first. */
export const auditTrail = <S>(events: readonly OpenedEvent[], reducer: Reducer<S>): readonly TrailEntry<S>[] =>
  foldSteps(events, reducer).map(({ event, before, next }) => entryOf(event, before, next));
