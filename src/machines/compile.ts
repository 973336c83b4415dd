/**
 * A replay table made from a machine's own states and transitions, for machines that are flat: one level of atomic
 * states, guards and assigns, nothing else. About a hundred times faster than the interpreter.
 *
 * Invariant: for every event the table gives the same value and context as XState's `transition`, or the machine is
 * not compiled. Law: `machines.laws` (random machines, random histories, interpreter as oracle).
 */
import { type AnyStateMachine, initialTransition, type StateNode } from 'xstate';
import type { MachineEvent, MachineState, Replay } from '../core/aggregate.ts';
import { isRecord } from '../core/json.ts';

type Context = Readonly<Record<string, unknown>>;
type Scope = { readonly context: Context; readonly event: MachineEvent };
type Assigner = (context: Context, event: MachineEvent) => Context;
type Row = {
  readonly guard: ((scope: Scope) => boolean) | undefined;
  readonly assigners: readonly Assigner[];
  readonly target: string | undefined;
};
type Table = ReadonlyMap<string, ReadonlyMap<string, readonly Row[]>>;

/** Thrown inside this file only: the machine has something that a table cannot express. */
const NOT_FLAT = Symbol('not flat');
const notFlat = (): never => {
  throw NOT_FLAT;
};

const isFunction = (value: unknown): value is (...args: readonly unknown[]) => unknown => typeof value === 'function';

type Reference = { readonly type: unknown; readonly params: unknown };
const referenceOf = (value: unknown): Reference =>
  typeof value === 'object' && value !== null && 'type' in value
    ? { type: value.type, params: 'params' in value ? value.params : undefined }
    : { type: value, params: undefined };

const paramsOf = (params: unknown): ((scope: Scope) => unknown) => (isFunction(params) ? params : () => params);

const compileGuard = (machine: AnyStateMachine, guard: unknown): Row['guard'] => {
  if (guard === undefined) return undefined;
  const { type, params } = referenceOf(guard);
  const found: unknown = typeof type === 'string' ? machine.implementations.guards[type] : type;
  if (!isFunction(found) || 'check' in found) return notFlat();
  const param = paramsOf(params);
  return (scope) => Boolean(found(scope, param(scope)));
};

const compileAssign = (machine: AnyStateMachine, action: unknown): Assigner => {
  const { type, params } = referenceOf(action);
  const found: unknown =
    typeof type === 'string' ? machine.implementations.actions[type] : isFunction(action) ? action : type;
  if (!isFunction(found) || !('assignment' in found)) return notFlat();
  const { assignment } = found;
  const param = paramsOf(params);
  if (isFunction(assignment)) {
    return (context, event) => Object.assign({}, context, assignment({ context, event }, param({ context, event })));
  }
  if (!isRecord(assignment)) return notFlat();
  const members = Object.entries(assignment);
  return (context, event) => {
    const scope = { context, event };
    const changed: Record<string, unknown> = { ...context };
    for (const [name, value] of members) changed[name] = isFunction(value) ? value(scope, param(scope)) : value;
    return changed;
  };
};

type Transition = StateNode['transitions'] extends Map<string, (infer T)[]> ? T : never;

const compileRow = (machine: AnyStateMachine, found: Transition): Row => {
  const targets = found.target ?? [];
  if (targets.length > 1 || targets.some((target) => target !== machine.root.states[target.key])) return notFlat();
  return {
    guard: compileGuard(machine, found.guard),
    assigners: found.actions.map((action) => compileAssign(machine, action)),
    target: targets[0]?.key,
  };
};

/** `*` and `item.*` stand for events that the table would have to name. */
const hasWildcard = (node: StateNode): boolean => [...node.transitions.keys()].some((type) => type.includes('*'));

const checkNode = (node: StateNode): void => {
  const plain =
    (node.type === 'atomic' || node.type === 'final') &&
    node.entry.length === 0 &&
    node.exit.length === 0 &&
    (node.always ?? []).length === 0 &&
    node.invoke.length === 0 &&
    node.after.length === 0;
  if (!plain || hasWildcard(node)) notFlat();
};

const compileTable = (machine: AnyStateMachine): Table => {
  const { root } = machine;
  const plain =
    root.type === 'compound' && root.entry.length === 0 && root.exit.length === 0 && (root.always ?? []).length === 0;
  if (!plain || hasWildcard(root)) notFlat();
  const rowsOf = (node: StateNode): [string, readonly Row[]][] =>
    [...node.transitions].map(([type, found]) => [type, found.map((one) => compileRow(machine, one))]);
  const shared = rowsOf(root);
  return new Map(
    Object.values(root.states).map((node) => {
      checkNode(node);
      const rows = new Map(node.type === 'final' ? [] : shared);
      if (node.type !== 'final')
        for (const [type, own] of rowsOf(node)) rows.set(type, [...own, ...(rows.get(type) ?? [])]);
      return [node.key, rows];
    }),
  );
};

/** Legal as XState's `can` sees it: a transition is taken that goes somewhere or does something. */
const isTaken = (row: Row): boolean => row.target !== undefined || row.assigners.length > 0;

const contextOf = ({ context }: MachineState): Context => (isRecord(context) ? context : {});

const nextBy =
  (table: Table): Replay['next'] =>
  (state, event) => {
    if (typeof state.value !== 'string') return undefined;
    const rows = table.get(state.value)?.get(event.type);
    if (rows === undefined) return undefined;
    const context = contextOf(state);
    const row = rows.find(({ guard }) => guard === undefined || guard({ context, event }));
    if (row === undefined || !isTaken(row)) return undefined;
    let after = context;
    for (const assign of row.assigners) after = assign(after, event);
    return { value: row.target ?? state.value, context: after };
  };

/** The table's replay, or undefined if the machine is not flat. */
export const compileMachine = (machine: AnyStateMachine): Replay | undefined => {
  try {
    const table = compileTable(machine);
    const [first] = initialTransition(machine);
    const initial: MachineState = { value: first.value, context: first.context };
    return { compiled: true, initial, next: nextBy(table) };
  } catch (error) {
    if (error === NOT_FLAT) return undefined;
    throw error;
  }
};
