/**
 * Processors: what else is to happen because of an event, such as a message or a call to another system. Contract only; the runner is
 * `streams/processing.ts`.
 */
import type { AggregateDefinition, EventDefinitions, OpenedEventOf } from '../core/aggregate.ts';
import type { Actor, Originator, RecordedAt } from '../core/envelope.ts';
import { type AggregateId, type EventId, type EventType, eventType } from '../core/ids.ts';

/** An event as a processor gets it. */
export type ProcessorEvent<P = unknown> = {
  /** The same whenever this event comes again: what the other side knows it by, so that a repetition does nothing. */
  readonly id: EventId;
  readonly aggregate: AggregateId;
  /** Its type and payload, at the newest version. */
  readonly event: P;
  readonly actor: Actor;
  readonly originator: Originator | undefined;
  readonly reason: string | undefined;
  readonly recordedAt: RecordedAt;
};

/** How often an event is tried, and how long is waited before it is tried again: doubled each time. */
export type ProcessorRetry = { readonly tries: number; readonly backoffMs: number; readonly backoffMsMax: number };

export type ProcessorDefinition = {
  /** Under this name it is remembered how far it has come. */
  readonly name: string;
  readonly type: AggregateDefinition['type'];
  readonly on: ReadonlySet<EventType>;
  readonly from: 'beginning' | 'now';
  readonly retry: ProcessorRetry;
  readonly handle: (event: ProcessorEvent, signal: AbortSignal) => Promise<void>;
};

const RETRY: ProcessorRetry = { tries: 5, backoffMs: 1_000, backoffMsMax: 60_000 };

/**
 * Defines a processor of events of one aggregate type.
 * @param from  where it begins on a device that does not know it yet: with all that is held, or with what comes then
 * @param handle  resolves when the event is dealt with. It is called at least once for each event, in the order of this device's log,
 * one at a time; `signal` aborts when the store closes. What it throws is forgotten: it may hold a recorded value.
 */
export const defineProcessor = <E extends EventDefinitions, C, T extends keyof E & string>(input: {
  readonly name: string;
  readonly of: AggregateDefinition<E, C>;
  readonly on: readonly T[];
  readonly from: 'beginning' | 'now';
  readonly handle: (
    event: ProcessorEvent<Extract<OpenedEventOf<E>, { readonly type: T }>>,
    signal: AbortSignal,
  ) => Promise<void>;
  readonly retry?: Partial<ProcessorRetry>;
}): ProcessorDefinition => ({
  name: input.name,
  type: input.of.type,
  on: new Set(input.on.map(eventType)),
  from: input.from,
  retry: { ...RETRY, ...input.retry },
  // the runner hands over events of these types only, opened by this definition
  handle: (event, signal) =>
    input.handle(event as ProcessorEvent<Extract<OpenedEventOf<E>, { readonly type: T }>>, signal),
});
