/** Laws of replay: the compiled table and XState's own interpreter are the same function. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import type { MachineEvent, MachineState, Replay } from '../../../src/core/aggregate.ts';
import { interpretMachine } from '../../../src/machines/aggregate.ts';
import { Form } from '../../../src/machines/clinical/form.ts';
import { compileMachine } from '../../../src/machines/compile.ts';
import { EVENTS, histories, machineOf, specs } from './machines.ts';

const compiled = (machine: AnyStateMachine): Replay => {
  const replay = compileMachine(machine);
  if (replay === undefined) throw new Error('a flat machine was not compiled');
  return replay;
};

/** Every state of a history with what each event came to. */
const run = (replay: Replay, events: readonly MachineEvent[]): readonly (MachineState | undefined)[] => {
  let state = replay.initial;
  return [replay.initial, ...events].map((event) => {
    if (!('type' in event)) return state;
    const next = replay.next(state, event);
    state = next ?? state;
    return next;
  });
};

it('a compiled machine takes and refuses what the interpreter does, with the same value and context after each event [AGG-02]', () => {
  fc.assert(
    fc.property(specs, histories, (spec, events) => {
      const machine = machineOf(spec);
      expect(run(compiled(machine), events)).toEqual(run(interpretMachine(machine), events));
    }),
    { numRuns: 600 },
  );
});

it('replay changes no state that it was given [AGG-02]', () => {
  const frozen = (value: unknown): unknown => {
    if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
    return value;
  };
  fc.assert(
    fc.property(specs, histories, (spec, events) => {
      const replay = compiled(machineOf(spec));
      let state = replay.initial;
      for (const event of events) {
        frozen(state.context);
        const before = JSON.stringify(state);
        const next = replay.next(state, event);
        expect(JSON.stringify(state)).toBe(before);
        state = next ?? state;
      }
    }),
    { numRuns: 100 },
  );
});

it('an event that no machine knows is refused by both [AGG-01]', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const machine = machineOf(spec);
      for (const type of ['', 'e0', 'E', 'constructor', 'toString', '__proto__', '*']) {
        for (const replay of [compiled(machine), interpretMachine(machine)])
          expect(EVENTS.some((known) => known === type) || replay.next(replay.initial, { type })).toBeUndefined();
      }
    }),
    { numRuns: 30 },
  );
});

it('the shipped form is replayed by a table [AGG-02]', () => {
  expect(Form.replay.compiled).toBe(true);
});
