/**
 * The audit trail of one aggregate: every event in fold order with the state before and after it, who, when, where and
 * why. Derived, never stored: the log is the record (C-e1).
 */
import type { RecordedEvent } from '../core/commit.ts';
import { sharesKey } from '../core/conflict.ts';
import type { Actor, Choice, Originator, RecordedAt } from '../core/envelope.ts';
import { foldSteps, type OpenedEvent, type Reducer } from '../core/fold.ts';
import type { EventId, EventType, ReplicaId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Sequence } from '../core/position.ts';

/** What was chosen for one key, and the sides that were not. */
export type ResolvedKey = Choice & { readonly over: readonly EventId[] };

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
  /** What was chosen for each key in conflict that it ended, as far as that was said. */
  readonly choices: readonly ResolvedKey[];
  readonly before: S;
  readonly after: S;
  /** False if the event is not legal in the merged order, or overruled by a policy: kept, without effect. */
  readonly applied: boolean;
};

type Step<S> = { readonly event: RecordedEvent & OpenedEvent; readonly before: S; readonly next: S | undefined };

const entryOf = <S>({ event, before, next }: Step<S>, choices: readonly ResolvedKey[]): TrailEntry<S> => ({
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
  choices,
  before,
  after: next ?? before,
  applied: next !== undefined,
});

/** The trail of a stream's events, oldest first. */
export const auditTrail = <S>(events: readonly OpenedEvent[], reducer: Reducer<S>): readonly TrailEntry<S>[] => {
  const byId = new Map(events.map((event) => [event.body.id, event]));
  const isOver = (choice: Choice, id: EventId): boolean => {
    const event = byId.get(id);
    const isTaken = choice.took === 'head' && choice.event === id;
    return event !== undefined && !isTaken && sharesKey(reducer.touches(event), [choice.key]);
  };
  return foldSteps(events, reducer).map((step) => {
    const { choices = [], resolves = [] } = step.event.body;
    return entryOf(
      step,
      choices.map((choice) => ({ ...choice, over: resolves.filter((id) => isOver(choice, id)) })),
    );
  });
};
