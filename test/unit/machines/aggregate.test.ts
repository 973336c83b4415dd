/** What a machine may be: compiled where it is flat, interpreted where it is not, refused where it is not pure. */
import { expect, it } from 'vitest';
import { type AnyStateMachine, assign, createMachine, enqueueActions, fromPromise, log, raise, sendTo } from 'xstate';
import { z } from 'zod';
import type { MachineEvent } from '../../../src/core/aggregate.ts';
import { defineEvent } from '../../../src/core/schema.ts';
import { defineAggregate } from '../../../src/machines/aggregate.ts';
import { codeOf } from '../support.ts';

const Go = defineEvent({ version: 1, schema: z.strictObject({}) });
const define = (machine: AnyStateMachine) => defineAggregate({ type: 'sample', events: { GO: Go, BACK: Go }, machine });

const count = assign({ count: ({ context }: { context: { count: number } }) => context.count + 1 });
const context = { count: 0 };

/** Values and counts after each event; `-` where it is refused. */
const run = (machine: AnyStateMachine, types: readonly string[]): readonly string[] => {
  const { replay } = define(machine);
  expect(replay.compiled).toBe(false);
  let state = replay.initial;
  return types.map((type) => {
    const event: MachineEvent = { type };
    const next = replay.next(state, event);
    state = next ?? state;
    return next === undefined ? '-' : JSON.stringify([next.value, next.context]);
  });
};

it.each<[string, AnyStateMachine, readonly string[], readonly string[]]>([
  [
    'nested states',
    createMachine({
      initial: 'open',
      states: {
        open: { initial: 'a', states: { a: { on: { GO: 'b' } }, b: {} }, on: { BACK: 'closed' } },
        closed: {},
      },
    }),
    ['GO', 'GO', 'BACK', 'BACK'],
    ['[{"open":"b"},{}]', '-', '["closed",{}]', '-'],
  ],
  [
    'parallel states',
    createMachine({
      type: 'parallel',
      states: {
        x: { initial: 'a', states: { a: { on: { GO: 'b' } }, b: {} } },
        y: { initial: 'a', states: { a: { on: { BACK: 'b' } }, b: {} } },
      },
    }),
    ['GO', 'BACK', 'GO'],
    ['[{"x":"b","y":"a"},{}]', '[{"x":"b","y":"b"},{}]', '-'],
  ],
  [
    'transitions taken at once',
    createMachine({
      context,
      initial: 'a',
      states: { a: { on: { GO: 'b' } }, b: { always: { target: 'c', actions: count } }, c: {} },
    }),
    ['GO', 'GO'],
    ['["c",{"count":1}]', '-'],
  ],
  [
    'entry and exit',
    createMachine({
      context,
      initial: 'a',
      states: { a: { entry: count, exit: count, on: { GO: { target: 'a', reenter: true } } } },
    }),
    ['GO', 'GO'],
    ['["a",{"count":3}]', '["a",{"count":5}]'],
  ],
  [
    'a wildcard',
    createMachine({ context, initial: 'a', states: { a: { on: { GO: {}, '*': { actions: count } } } } }),
    ['GO', 'BACK', 'OTHER'],
    ['-', '["a",{"count":1}]', '["a",{"count":2}]'],
  ],
  [
    'a partial wildcard',
    createMachine({ context, initial: 'a', states: { a: { on: { 'GO.*': { actions: count } } } } }),
    ['GO.far', 'BACK'],
    ['["a",{"count":1}]', '-'],
  ],
  [
    'a root that is left',
    createMachine({
      context,
      exit: count,
      initial: 'a',
      states: { a: { on: { GO: 'end' } }, end: { type: 'final' } },
      on: { BACK: '.a' },
    }),
    ['GO', 'BACK'],
    ['["end",{"count":1}]', '-'],
  ],
])('%s are left to the interpreter, and work [AGG-02]', (_, machine, types, expected) => {
  expect(run(machine, types)).toEqual(expected);
});

const impure: readonly (readonly [string, AnyStateMachine])[] = [
  ['an actor', createMachine({ initial: 'a', states: { a: { invoke: { src: fromPromise(async () => 1) } } } })],
  ['a timer', createMachine({ initial: 'a', states: { a: { after: { 100: 'b' } }, b: {} } })],
  [
    'a function of its own',
    createMachine({ initial: 'a', states: { a: { on: { GO: { actions: () => undefined } } } } }),
  ],
  ['a function on entry', createMachine({ initial: 'a', states: { a: { entry: () => undefined } } })],
  ['a function on exit', createMachine({ initial: 'a', states: { a: { exit: () => undefined } } })],
  [
    'a function of the root',
    createMachine({ initial: 'a', states: { a: {} }, on: { GO: { actions: () => undefined } } }),
  ],
  [
    'an action without implementation',
    createMachine({ initial: 'a', states: { a: { on: { GO: { actions: 'missing' } } } } }),
  ],
  ['a log line', createMachine({ initial: 'a', states: { a: { on: { GO: { actions: log('went') } } } } })],
  [
    'an event it raises',
    createMachine({ initial: 'a', states: { a: { on: { GO: { actions: raise({ type: 'BACK' }) } } } } }),
  ],
  [
    'a message',
    createMachine({ initial: 'a', states: { a: { on: { GO: { actions: sendTo('x', { type: 'Y' }) } } } } }),
  ],
  [
    'enqueued actions',
    createMachine({ initial: 'a', states: { a: { on: { GO: { actions: enqueueActions(() => undefined) } } } } }),
  ],
  [
    'an effect of a transition taken at once',
    createMachine({ initial: 'a', states: { a: { always: { target: 'b', actions: () => undefined } }, b: {} } }),
  ],
  [
    'an effect of the first state',
    createMachine({ initial: { target: 'a', actions: () => undefined }, states: { a: {} } }),
  ],
  [
    'an effect further in',
    createMachine({
      initial: 'a',
      states: { a: { initial: 'b', states: { b: { on: { GO: { actions: () => undefined } } } } } },
    }),
  ],
  [
    'a history state, which a value does not show',
    createMachine({ initial: 'a', states: { a: { initial: 'x', states: { x: {}, h: { type: 'history' } } } } }),
  ],
];
it.each(impure)('a machine with %s is refused [AGG-01]', (_, machine) => {
  expect(codeOf(() => define(machine))).toBe('aggregate.impure');
});

it('a name that is none is refused when the aggregate is defined [AGG-01]', () => {
  const machine = createMachine({ initial: 'a', states: { a: {} } });
  expect(codeOf(() => defineAggregate({ type: 'with space', events: {}, machine }))).toBe('id.malformed');
  expect(codeOf(() => defineAggregate({ type: 'ok', events: { 'with space': Go }, machine }))).toBe('id.malformed');
});
