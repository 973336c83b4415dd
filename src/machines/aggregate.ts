/**
 * An XState machine as decide and evolve. `defineAggregate` names a type, its events and its machine; `replayOf` gives
 * the pure functions that a fold needs.
 *
 * Invariant: the machine is pure. Only states, guards and assigns count; anything with an effect, and anything that a
 * state does not show (history), is refused when the aggregate is defined. Law: `machines.laws` (the compiled table and
 * XState's own `transition` agree).
 */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type ContextFrom,
  initialTransition,
  type SnapshotFrom,
  type StateNode,
  transition,
} from 'xstate';
import type {
  AggregateDefinition,
  EventDefinitions,
  MachineEvent,
  MachineState,
  Replay,
  SendableEvent,
} from '../core/aggregate.ts';
import type { ConflictPolicy } from '../core/conflict.ts';
import type { Actor } from '../core/envelope.ts';
import { StoreError } from '../core/errors.ts';
import { aggregateType, type EventType, eventType } from '../core/ids.ts';
import type { EventDefinition } from '../core/schema.ts';
import { type AnyAuthority, type Authority, allowing, isAllowed, type Judged, judging } from './authority.ts';
import { compileMachine } from './compile.ts';
import { legalStates } from './legal.ts';
import { eventsUnder, ruleOf } from './policy.ts';
import { sourceOf } from './source.ts';

export type {
  AggregateDefinition,
  EventDefinitions,
  MachineEvent,
  MachineState,
  OpenedEventOf,
  Replay,
  SendableEvent,
} from '../core/aggregate.ts';

const impure = (aggregate: string, what: string): StoreError => new StoreError('aggregate.impure', { aggregate, what });

const isAssign = (machine: AnyStateMachine, action: unknown): boolean => {
  const named = typeof action === 'object' && action !== null && 'type' in action ? action.type : action;
  const found: unknown = typeof named === 'string' ? machine.implementations.actions[named] : named;
  return typeof found === 'function' && 'type' in found && found.type === 'xstate.assign';
};

const checkPure = (aggregate: string, machine: AnyStateMachine, node: StateNode): void => {
  if (node.invoke.length > 0) throw impure(aggregate, `invoke in ${node.id}`);
  if (node.after.length > 0) throw impure(aggregate, `after in ${node.id}`);
  if (node.type === 'history') throw impure(aggregate, `history in ${node.id}`);
  const first = node.type === 'compound' ? node.initial : { actions: [] };
  const transitions = [...node.transitions.values(), node.always ?? [], first].flat();
  const actions = [...node.entry, ...node.exit, ...transitions.flatMap((found) => found.actions)];
  for (const action of actions) if (!isAssign(machine, action)) throw impure(aggregate, `action in ${node.id}`);
  for (const child of Object.values(node.states)) checkPure(aggregate, machine, child);
};

/** Replay by XState's own pure functions: any pure machine, about 15 us per event. Also the oracle of the compiled one. */
export const interpretMachine = (machine: AnyStateMachine): Replay => {
  const [first] = initialTransition(machine);
  const snapshotOf = (state: MachineState): AnyMachineSnapshot =>
    machine.resolveState({ value: state.value, context: state.context });
  const stateOf = (snapshot: SnapshotFrom<AnyStateMachine>): MachineState => ({
    value: snapshot.value,
    context: snapshot.context,
  });
  return {
    compiled: false,
    initial: stateOf(first),
    next: (state, event) => {
      const snapshot = snapshotOf(state);
      if (snapshot.status !== 'active' || !snapshot.can(event)) return undefined;
      const [after] = transition(machine, snapshot, event);
      return stateOf(after);
    },
  };
};

/**
 * Defines an aggregate: one stream per id, its state a pure XState machine over its events.
 * @throws StoreError `aggregate.impure` if the machine has effects, `id.malformed` if a name is not a name
 */
export const defineAggregate = <const E extends EventDefinitions, M extends AnyStateMachine>(input: {
  readonly type: string;
  readonly events: E;
  readonly machine: M;
  /**
   * To be raised when the machine folds otherwise than before and its own text does not show it: a function that its
   * guards or assigns call has changed. Kept states of another version are not used.
   */
  readonly version?: number;
  /** Whose data an aggregate holds, by its id: whose key seals what is protected in it. The aggregate's own id if absent. */
  readonly subjectOf?: (id: string) => string;
  /** How conflicts end; by a person (`manual`) if absent. */
  readonly conflicts?: ConflictPolicy;
  /**
   * Who may end a conflict that is left to a person; everybody who may record if absent. A resolution by anybody else is refused
   * here, and ends nothing on any device if it comes from elsewhere.
   */
  readonly mayResolve?: (actor: Actor) => boolean;
  /** Says which events need a reason for change; none do if absent. */
  readonly needsReason?: (event: SendableEvent<E>, context: ContextFrom<M>) => boolean;
  /** Who may record what, and whose commits are taken: for an aggregate that holds it, under the tenant's own name. */
  readonly authority?: Authority<SendableEvent<E>, ContextFrom<M>>;
}): AggregateDefinition<E, ContextFrom<M>, SnapshotFrom<M>> => {
  const { type, events, machine, needsReason, mayResolve, subjectOf = (id) => id, version = 1 } = input;
  const { conflicts = 'manual' } = input;
  checkPure(type, machine, machine.root);
  const definitions = eventsUnder(conflicts, events).map(([name, definition]): [EventType, EventDefinition] => [
    eventType(name),
    definition,
  ]);
  const settle = ruleOf(conflicts, events);
  const compiled = compileMachine(machine) ?? interpretMachine(machine);
  const authority = input.authority === undefined ? undefined : anyAuthority(input.authority);
  const replay = authority === undefined ? compiled : allowing(compiled, authority);
  const isProtected = definitions.some(([, { protects }]) => protects.length > 0);
  const known = { type: aggregateType(type), events: new Map(definitions) };
  return {
    ...known,
    replay: isProtected ? careful(replay) : replay,
    source: () => {
      const ofEvents = definitions.map(([name, event]) => [name, event.source()]);
      return sourceOf([type, version, machine.config, machine.implementations, ofEvents, conflicts, mayResolve]);
    },
    subjectOf,
    ...(settle === undefined ? {} : { settle, conflicts }),
    mayResolve: mayResolve ?? (() => true),
    // where a value is not shown, whoever cannot tell whether a reason is needed gives one
    needsReason: needsReason === undefined ? () => false : orElse(isProtected, widen(needsReason), true),
    legalIn: orElse<readonly string[]>(
      isProtected,
      (event, context) => (isAllowed(authority, event, context) ? legalStates(machine, event, context) : []),
      [],
    ),
    snapshotOf: snapshotsOf(machine),
    ...(authority === undefined ? {} : rulesOf({ ...known, replay, authority })),
  };
};

/** Snapshots of a machine by the state that they show, so that who compares them by identity sees no change where none is. */
const snapshotsOf = <M extends AnyStateMachine>(machine: M): ((state: MachineState) => SnapshotFrom<M>) => {
  const made = new WeakMap<MachineState, SnapshotFrom<M>>();
  return (state) => {
    const known = made.get(state);
    if (known !== undefined) return known;
    const snapshot = machine.resolveState({ value: state.value, context: state.context }) as SnapshotFrom<M>;
    made.set(state, snapshot);
    return snapshot;
  };
};

type Rule<T> = (event: MachineEvent, context: unknown) => T;

/** A rule of an aggregate with protected fields may stumble over a placeholder, which stands for a value that is not shown. */
const orElse =
  <T>(isProtected: boolean, rule: Rule<T>, otherwise: T): Rule<T> =>
  (event, context) => {
    try {
      return rule(event, context);
    } catch (error) {
      if (!isProtected) throw error;
      return otherwise;
    }
  };

/** An event whose guard or assign stumbles is not legal on this device, which is told like any other that is not. */
const careful = (replay: Replay): Replay => ({
  ...replay,
  next: (state, event) => {
    try {
      return replay.next(state, event);
    } catch {
      return undefined;
    }
  },
});

/** Rules are asked about events that satisfied their schema, and about contexts of this machine. */
const anyAuthority = <E, C>({ allows, allowsElsewhere, standing, carries }: Authority<E, C>): AnyAuthority => ({
  allows: widen(allows),
  allowsElsewhere: widen(allowsElsewhere),
  standing: widen(standing),
  carries: widen(carries),
});

const rulesOf = (judged: Judged): Pick<AggregateDefinition, 'judge' | 'carries' | 'allows'> => ({
  judge: judging(judged),
  allows: (event, context) => isAllowed(judged.authority, event, context),
  carries: ({ context }, replica) => judged.authority.carries(replica, context),
});

/** The caller passes only events that satisfied the schema of their type, and contexts of this machine. */
const widen =
  <T, C, R>(rule: (event: T, context: C) => R): ((event: unknown, context: unknown) => R) =>
  (event, context) =>
    rule(event as T, context as C);
