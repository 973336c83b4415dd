/**
 * In which states of a machine an event would be legal: what a refusal tells, so that a person learns what has to happen
 * first. Pure; asked only after a refusal.
 *
 * Invariant: a state is named if and only if the machine, in that state and with this context, would take the event; of
 * parallel regions the others stand where they start. Law: `legal.laws` (the interpreter as oracle, in every state).
 */
import type { AnyStateMachine, StateNode } from 'xstate';
import type { MachineEvent, StateValue } from '../core/aggregate.ts';

const leavesOf = (node: StateNode): readonly StateNode[] => {
  const inner = Object.values(node.states);
  return inner.length === 0 ? [node] : inner.flatMap(leavesOf);
};

/** A machine's value in which the state at `path` is active; the machine completes the other regions. */
const valueAt = ([first = '', ...rest]: readonly string[]): StateValue =>
  rest.length === 0 ? first : { [first]: valueAt(rest) };

const isMeant = (descriptor: string, type: string): boolean =>
  descriptor === type || descriptor === '*' || (descriptor.endsWith('.*') && type.startsWith(descriptor.slice(0, -1)));

/** True if the state, or one around it, has an answer: with parallel regions the machine may take it in another one. */
const answers = (node: StateNode | undefined, type: string): boolean =>
  node !== undefined &&
  ([...node.transitions.keys()].some((descriptor) => isMeant(descriptor, type)) || answers(node.parent, type));

const isLegalIn = (machine: AnyStateMachine, leaf: StateNode, act: { event: MachineEvent; context: unknown }) => {
  if (!answers(leaf, act.event.type)) return false;
  try {
    const snapshot = machine.resolveState({ value: valueAt(leaf.path), context: act.context });
    return snapshot.status === 'active' && snapshot.can(act.event);
  } catch {
    return false; // a guard that cannot judge this context, as it is never asked with it: the event is not legal there
  }
};

/** The innermost states in which the event would be legal with this context, in the machine's order. */
export const legalStates = (machine: AnyStateMachine, event: MachineEvent, context: unknown): readonly string[] =>
  leavesOf(machine.root)
    .filter((leaf) => leaf !== machine.root && isLegalIn(machine, leaf, { event, context }))
    .map(({ path }) => path.join('.'));
