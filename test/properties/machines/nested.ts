/**
 * Random machines of any shape: states within states, parallel ones, final ones and what follows when they are reached, transitions taken
 * at once, on entry and on exit, wildcards, tags and meta. What is taken at once leads to a later state, so that it comes to an end.
 */
import fc from 'fast-check';
import type { AnyStateMachine } from 'xstate';
import {
  type Action,
  actions,
  actionsOf,
  assembled,
  GUARDS,
  type Guard,
  guard,
  type On,
  on,
  onOf,
  start,
} from './machines.ts';

/** A step that is taken without an event of its own. */
type Onward = { readonly guard: Guard; readonly actions: readonly Action[]; readonly by: number };

export type Tree = {
  readonly kind: 'atomic' | 'final' | 'compound' | 'parallel';
  readonly on: On;
  readonly wild: On[string] | undefined;
  readonly always: Onward | undefined;
  readonly onDone: Onward | undefined;
  readonly entry: readonly Action[];
  readonly exit: readonly Action[];
  readonly tag: boolean;
  readonly inner: readonly Tree[];
};

const DEPTH_MAX = 3;
const INNER_MAX = 3;

const few = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: actions });
const onward = fc.option(fc.record({ guard, actions: few, by: fc.integer({ min: 1, max: INNER_MAX }) }), {
  nil: undefined,
  freq: 4,
});
const members = {
  ...{ on, always: onward, onDone: onward, entry: few, exit: few, tag: fc.boolean() },
  wild: fc.option(
    on.map((drawn) => Object.values(drawn)[0] ?? []),
    { nil: undefined, freq: 8 },
  ),
};

const treeOf = (depth: number): fc.Arbitrary<Tree> => {
  const leaf: fc.Arbitrary<Tree> = fc.record({
    ...members,
    kind: fc.constantFrom('atomic' as const, 'atomic' as const, 'final' as const),
    inner: fc.constant([]),
  });
  return depth >= DEPTH_MAX
    ? leaf
    : fc.oneof({ weight: 2, arbitrary: leaf }, { weight: 1, arbitrary: branchOf(depth) });
};
const branchOf = (depth: number): fc.Arbitrary<Tree> =>
  fc.record({
    ...members,
    kind: fc.constantFrom('compound' as const, 'compound' as const, 'parallel' as const),
    inner: fc.array(treeOf(depth + 1), { minLength: 1, maxLength: INNER_MAX }),
  });
export const trees: fc.Arbitrary<Tree> = branchOf(0);

type Place = { readonly at: number; readonly siblings: number };

/** Names of states that are not there stand for others that are. */
const among = (count: number, name: string): string => `s${Number(name.slice(1)) % count}`;

const onwardOf = (step: Onward | undefined, { at, siblings }: Place): object | undefined => {
  if (step === undefined || at + step.by >= siblings) return undefined;
  const { guard: name, actions: does } = step;
  return {
    ...(GUARDS[name] === undefined ? {} : { guard: GUARDS[name] }),
    ...{ actions: actionsOf(does), target: `s${at + step.by}` },
  };
};

const configOf = (tree: Tree, place: Place): object => {
  const { kind, inner, wild, tag } = tree;
  const doing = { entry: actionsOf(tree.entry), exit: actionsOf(tree.exit) };
  const shown = { ...(tag ? { tags: ['tagged'] } : {}), meta: { kind, at: place.at } };
  if (kind === 'final') return { type: 'final', entry: doing.entry, ...shown };
  const answers = place.siblings === 0 ? staying(tree.on) : tree.on;
  // a wildcard answers to the end of a state too, and one that leads back into it would never come to an end
  const all = { ...answers, ...(wild === undefined ? {} : staying({ '*': wild })) };
  const always = onwardOf(tree.always, place);
  const own = {
    ...{ ...doing, ...shown, on: onOf(all, (name) => among(place.siblings, name)) },
    ...(always === undefined ? {} : { always }),
  };
  if (kind === 'atomic') return own;
  const onDone = onwardOf(tree.onDone, place);
  return {
    ...own,
    ...(onDone === undefined ? {} : { onDone }),
    ...(kind === 'parallel' ? { type: 'parallel' } : { initial: 's0' }),
    states: statesOf(inner, kind === 'parallel'),
  };
};

/** Regions of a parallel state are no states to go to, nor is the root: what they answer does something, and stays. */
const staying = (all: On): On =>
  Object.fromEntries(
    Object.entries(all).map(([type, steps]) => [type, steps.map((step) => ({ ...step, target: undefined }))]),
  );

const statesOf = (inner: readonly Tree[], areRegions: boolean): object =>
  Object.fromEntries(
    inner.map((tree, at) => [`s${at}`, configOf(tree, { at, siblings: areRegions ? 0 : inner.length })]),
  );

/** The machine of a tree. */
export const nestedMachineOf = (tree: Tree): AnyStateMachine =>
  assembled({ ...configOf(tree, { at: 0, siblings: 0 }), id: 'random', context: start });
