/**
 * What an aggregate does, said as an example: given a history, when an event comes, then this state, or a refusal. Needs no store, no
 * storage and no test runner. Events are checked against their schemas as the store checks them. Law: `given.test`.
 */
import type {
  AggregateDefinition,
  EventDefinitions,
  MachineState,
  SendableEvent,
  StateValue,
} from '../core/aggregate.ts';
import type { JsonObject } from '../core/json.ts';
import { checked, compare, fail, replayed, shown } from './example.ts';

/** What is expected after an event: only what is named is compared, of the context member by member. */
export type Expected<C> = { readonly value?: StateValue; readonly context?: Partial<C> };

/** Why a store would not record an event. */
export type RefusedFor = 'illegal' | 'reason-required';

export type Then<C> = {
  /** @throws ExampleError if the event is refused, or leads elsewhere */
  readonly leadsTo: (expected: Expected<C>) => void;
  /** @throws ExampleError if the event is legal, is refused for something else, or would be legal in other states than `legalIn` */
  readonly refused: (why: RefusedFor, legalIn?: readonly string[]) => void;
};

export type When<E extends EventDefinitions, C> = {
  /** @throws StoreError `append.invalid` if the event does not satisfy its schema */
  readonly when: (event: SendableEvent<E>, options?: { readonly reason?: string }) => Then<C>;
  /** The state that the history leads to. */
  readonly state: { readonly value: StateValue; readonly context: C };
};

const membersOf = (context: unknown): JsonObject | Readonly<Record<string, unknown>> =>
  typeof context === 'object' && context !== null ? Object.fromEntries(Object.entries(context)) : {};

/**
 * Begins an example: the history that is there already, in its order.
 * @example given(Visit, [{ type: 'VisitLocked' }]).when({ type: 'ItemRecorded', item: 'a', value: 1 }).refused('illegal')
 * @throws ExampleError if an event of the history is illegal, StoreError `append.invalid` if one does not satisfy its schema
 */
export const given = <E extends EventDefinitions, C>(
  definition: AggregateDefinition<E, C>,
  history: readonly SendableEvent<E>[] = [],
): When<E, C> => {
  const { replay, needsReason, legalIn } = definition;
  // a replay leads from contexts of this machine to contexts of it; its type leaves that out
  const isOwn = (state: MachineState): state is { readonly value: StateValue; readonly context: C } & MachineState =>
    'context' in state;
  const before = replayed(definition, history);
  const when: When<E, C>['when'] = (draft, { reason } = {}) => {
    const event = checked(definition, draft);
    const after = replay.next(before, event);
    const why: RefusedFor | undefined =
      after === undefined
        ? 'illegal'
        : reason === undefined && needsReason(event, before.context)
          ? 'reason-required'
          : undefined;
    const legal = (): readonly string[] => legalIn(event, before.context);
    return {
      leadsTo: ({ value, context }) => {
        if (after === undefined || why !== undefined)
          return fail(`${event.type} is refused in ${shown(before.value)}: ${why}; legal in ${legal().join(', ')}`);
        if (value !== undefined) compare('state', value, after.value);
        const came = membersOf(after.context);
        for (const [name, expected] of Object.entries(context ?? {})) compare(`context.${name}`, expected, came[name]);
      },
      refused: (expected, states) => {
        if (why !== expected)
          fail(`${event.type} in ${shown(before.value)}: expected a refusal, ${expected}; came ${why ?? 'none'}`);
        if (states !== undefined) compare('legal in', states, legal());
      },
    };
  };
  return isOwn(before) ? { when, state: before } : fail('a state has a context');
};
