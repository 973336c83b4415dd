/** Laws of refusals: the states named are those in which the machine would take the event. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { interpretMachine } from '../../../src/machines/aggregate.ts';
import { Form } from '../../../src/machines/clinical/form.ts';
import { legalStates } from '../../../src/machines/legal.ts';
import { histories, machineOf, specs } from './machines.ts';

it('a state is named if and only if the interpreter, in that state and with this context, takes the event [AGG-08]', () => {
  let named = 0;
  fc.assert(
    fc.property(specs, histories, (spec, events) => {
      const machine = machineOf(spec);
      const replay = interpretMachine(machine);
      let state = replay.initial;
      for (const event of events) {
        const takes = Object.keys(machine.states).filter(
          (value) => replay.next({ value, context: state.context }, event) !== undefined,
        );
        expect(legalStates(machine, event, state.context)).toEqual(takes);
        named += takes.length;
        state = replay.next(state, event) ?? state;
      }
    }),
    { numRuns: 100 },
  );
  expect(named).toBeGreaterThan(100);
});

const REVIEW = createMachine({
  context: {},
  type: 'parallel',
  states: {
    data: {
      initial: 'draft',
      states: {
        draft: { on: { Entered: 'entered' } },
        entered: {
          initial: 'clean',
          states: { clean: { on: { Queried: 'queried' } }, queried: {} },
          on: { Reset: 'draft' },
        },
      },
    },
    lock: { initial: 'off', states: { off: { on: { Locked: 'on' } }, on: { on: { Reset: 'off', 'Note.*': 'off' } } } },
  },
});

it('nested and parallel states are named by their path, with the answers of the states around them [AGG-08]', () => {
  const named = (type: string) => legalStates(REVIEW, { type }, {});
  expect(named('Entered')).toEqual(['data.draft']);
  expect(named('Queried')).toEqual(['data.entered.clean']);
  expect(named('Reset')).toEqual(['data.entered.clean', 'data.entered.queried', 'lock.on']);
  expect(named('Note.added')).toEqual(['lock.on']);
  expect(named('Unknown')).toEqual([]);
});

it('a state whose guard cannot judge the context is not named, and ends nothing [AGG-08]', () => {
  const machine = createMachine({
    context: {},
    initial: 'one',
    states: {
      one: {
        on: {
          Go: {
            target: 'two',
            guard: () => {
              throw new Error('no such member');
            },
          },
        },
      },
      two: { on: { Go: 'one' } },
    },
  });
  expect(legalStates(machine, { type: 'Go' }, {})).toEqual(['two']);
});

it('the shipped form names where its events are legal [AGG-08]', () => {
  const { context } = Form.replay.initial;
  for (const type of Form.events.keys())
    for (const state of Form.legalIn({ type }, context))
      expect(Form.replay.next({ value: state, context }, { type })).toBeDefined();
});
