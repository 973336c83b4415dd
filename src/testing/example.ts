/** What examples have in common: how they fail, what they compare, and how a history is replayed. */
import type {
  AggregateDefinition,
  EventDefinitions,
  MachineEvent,
  MachineState,
  SendableEvent,
} from '../core/aggregate.ts';
import { StoreError } from '../core/errors.ts';
import { eventType } from '../core/ids.ts';
import { isJson, sameJson } from '../core/json.ts';
import { parsePayload } from '../core/schema.ts';

/** An example that does not hold. The message says what was expected, and what came. */
export class ExampleError extends Error {
  override readonly name = 'ExampleError';
}

export const fail = (message: string): never => {
  throw new ExampleError(message);
};

export const shown = (value: unknown): string =>
  isJson(value) ? JSON.stringify(value) : fail('cannot be compared: not JSON');

/** @throws ExampleError unless both are the same */
export const compare = (what: string, expected: unknown, came: unknown): void => {
  const [one, other] = [shown(expected), shown(came)];
  if (!sameJson(expected, came)) fail(`${what}: expected ${one}, came ${other}`);
};

/** @throws StoreError `append.invalid` */
export const checked = (definition: AggregateDefinition, event: { readonly type: string }): MachineEvent => {
  const { type, ...payload } = event;
  const known = definition.events.get(eventType(type));
  if (known === undefined) throw new StoreError('append.invalid', { type, issue: 'unknown event type' });
  return { ...parsePayload(type, known, payload), type };
};

/**
 * The state that a history leads to, from the initial one or from another.
 * @throws ExampleError if an event is illegal, StoreError `append.invalid` if one does not satisfy its schema
 */
export const replayed = <E extends EventDefinitions, C>(
  definition: AggregateDefinition<E, C>,
  history: readonly SendableEvent<E>[],
): MachineState =>
  history.reduce<MachineState>((state, event, at) => {
    const next = definition.replay.next(state, checked(definition, event));
    return next ?? fail(`the history is not legal: event ${at + 1}, ${event.type}, in ${shown(state.value)}`);
  }, definition.replay.initial);
