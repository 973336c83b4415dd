/** Random flat machines, as plain descriptions that print well, and the XState machines they stand for. */
import fc from 'fast-check';
import { type AnyStateMachine, assign, createMachine, setup } from 'xstate';

const STATES = ['s0', 's1', 's2', 's3'] as const;
export const EVENTS = ['E0', 'E1', 'E2', 'E3'] as const;

export type Guard = 'none' | 'named' | 'inline' | 'with-params' | 'computed-params';
export type Action = 'by-function' | 'by-member' | 'by-constant' | 'named' | 'with-params' | 'computed-params';
type Step = {
  readonly guard: Guard;
  readonly actions: readonly Action[];
  /** Undefined: stays; null: a transition to the state itself that re-enters it. */
  readonly target: string | undefined;
  readonly reenter: boolean;
};
export type On = Readonly<Record<string, readonly Step[]>>;
export type MachineSpec = {
  readonly states: readonly { readonly on: On; readonly final: boolean }[];
  readonly root: On;
  readonly contextByFunction: boolean;
};

export const guard = fc.constantFrom<Guard>('none', 'none', 'named', 'inline', 'with-params', 'computed-params');
export const actions = fc.array(
  fc.constantFrom<Action>('by-function', 'by-member', 'by-constant', 'named', 'with-params', 'computed-params'),
  { maxLength: 3 },
);
const step: fc.Arbitrary<Step> = fc.record({
  guard,
  actions,
  target: fc.option(fc.constantFrom(...STATES), { nil: undefined }),
  reenter: fc.boolean(),
});
/** No step at all is a transition that is forbidden: it hides that of the root. */
export const on = fc.dictionary(fc.constantFrom(...EVENTS), fc.array(step, { maxLength: 3 }), { maxKeys: 4 });

export const specs: fc.Arbitrary<MachineSpec> = fc.record({
  states: fc.tuple(...STATES.map((_, at) => fc.record({ on, final: at === 3 ? fc.boolean() : fc.constant(false) }))),
  root: on,
  contextByFunction: fc.boolean(),
});

export const histories = fc.array(
  fc.record({ type: fc.constantFrom(...EVENTS, 'E9'), n: fc.integer({ min: 0, max: 9 }) }),
  {
    maxLength: 20,
  },
);

type Context = { readonly count: number; readonly last: number; readonly log: readonly string[] };
type Event = { readonly type: string; readonly n: number };
type Scope = { readonly context: Context; readonly event: Event };

export const start: Context = { count: 0, last: -1, log: [] };
const logged = (context: Context, word: string): readonly string[] => [...context.log, word].slice(-6);

const parts = setup({
  types: { context: {} as Context, events: {} as Event },
  guards: {
    isEven: ({ context, event }) => (context.count + event.n) % 2 === 0,
    isBelow: ({ event }, params: { readonly below: number }) => event.n < params.below,
  },
  actions: {
    count: assign({ count: ({ context }) => context.count + 1, log: ({ context }) => logged(context, 'named') }),
    add: assign(({ context }, params: { readonly by: number }) => ({
      count: context.count + params.by,
      log: logged(context, `add ${params.by}`),
    })),
  },
});

export const GUARDS: Readonly<Record<Guard, unknown>> = {
  none: undefined,
  named: 'isEven',
  inline: ({ context, event }: Scope) => event.n > context.last,
  'with-params': { type: 'isBelow', params: { below: 6 } },
  'computed-params': { type: 'isBelow', params: ({ context, event }: Scope) => ({ below: context.count + event.n }) },
};
const ACTIONS: Readonly<Record<Action, unknown>> = {
  'by-function': assign(({ context, event }: Scope) => ({ last: event.n, log: logged(context, 'function') })),
  'by-member': assign({
    count: ({ context }: Scope) => context.count * 2 + 1,
    last: ({ context }: Scope) => context.count,
  }),
  'by-constant': assign({ last: 7 }),
  named: 'count',
  'with-params': { type: 'add', params: { by: 3 } },
  'computed-params': { type: 'add', params: ({ context, event }: Scope) => ({ by: context.count + event.n }) },
};

type TargetOf = (name: string) => string;
const sibling: TargetOf = (name) => name;
const child: TargetOf = (name) => `.${name}`;

export const actionsOf = (actions: readonly Action[]): readonly unknown[] => actions.map((action) => ACTIONS[action]);

const transitionsOf = (steps: readonly Step[], targetOf: TargetOf): unknown =>
  steps.length === 0
    ? {}
    : steps.map(({ guard, actions, target, reenter }) => ({
        ...(GUARDS[guard] === undefined ? {} : { guard: GUARDS[guard] }),
        ...(actions.length === 0 ? {} : { actions: actionsOf(actions) }),
        ...(target === undefined ? {} : { target: targetOf(target), reenter }),
      }));

export const onOf = (described: On, targetOf: TargetOf) =>
  Object.fromEntries(Object.entries(described).map(([type, steps]) => [type, transitionsOf(steps, targetOf)]));

/** The machine of a description. Its configuration is assembled at run time, so its types are those of any machine. */
export const machineOf = (spec: MachineSpec): AnyStateMachine => {
  const states = Object.fromEntries(
    spec.states.map(({ on: own, final }, at) => [STATES[at], final ? { type: 'final' } : { on: onOf(own, sibling) }]),
  );
  const config = { id: 'random', context: spec.contextByFunction ? () => start : start, initial: 's0', states };
  return assembled({ ...config, on: onOf(spec.root, child) });
};

/** A configuration as a machine, with what it names. */
export const assembled = (config: object): AnyStateMachine => {
  const machine = createMachine(JSON_CONFIG(config));
  return machine.provide(parts.createMachine({ context: start }).implementations as never);
};

const JSON_CONFIG = (config: object): Parameters<typeof createMachine>[0] => config as never;
