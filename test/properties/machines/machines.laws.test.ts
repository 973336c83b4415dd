/** Laws of replay: the compiled table and XState's own interpreter are the same function. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type AnyMachineSnapshot, type AnyStateMachine, createActor } from 'xstate';
import type { MachineEvent, MachineState, Replay } from '../../../src/core/aggregate.ts';
import { defineAggregate, interpretMachine } from '../../../src/machines/aggregate.ts';
import { Form } from '../../../src/machines/clinical/form.ts';
import { compileMachine } from '../../../src/machines/compile.ts';
import { EVENTS, histories, machineOf, specs } from './machines.ts';
import { nestedMachineOf, trees } from './nested.ts';

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

/** What an actor of XState shows that is sent the same events: it keeps its whole snapshot, where a replay has value and context alone. */
const acted = (machine: AnyStateMachine, events: readonly MachineEvent[]) => {
  const actor = createActor(machine).start();
  const seen = events.map((event) => {
    const snapshot = actor.getSnapshot();
    if (snapshot.status !== 'active' || !snapshot.can(event)) return undefined;
    actor.send(event);
    return shownOf(actor.getSnapshot());
  });
  return { seen, last: shownOf(actor.getSnapshot()) };
};
const shownOf = (snapshot: AnyMachineSnapshot) => {
  const { value, context, status, tags } = snapshot;
  return { value, context, status, tags: [...tags].sort(), meta: snapshot.getMeta() };
};

it('an aggregate of any pure machine is, by value and context alone, what an actor is: nested, parallel, final, at once, on entry and exit, by tags and meta [AGG-02]', () => {
  const met = { interpreted: 0, taken: 0, refused: 0, parallel: 0, done: 0 };
  fc.assert(
    fc.property(trees, histories, (tree, events) => {
      const machine = nestedMachineOf(tree);
      const { replay, snapshotOf } = defineAggregate({ type: 'random', events: {}, machine });
      const { seen, last } = acted(machine, events);
      let state = replay.initial;
      for (const [at, event] of events.entries()) {
        const next = replay.next(structuredClone(state), event);
        expect(next && shownOf(snapshotOf(next))).toEqual(seen[at]);
        met[next === undefined ? 'refused' : 'taken'] += 1;
        state = next ?? state;
      }
      expect(shownOf(snapshotOf(state))).toEqual(last);
      met.interpreted += replay.compiled ? 0 : 1;
      met.parallel += JSON.stringify(tree).includes('"parallel"') ? 1 : 0;
      met.done += last.status === 'done' ? 1 : 0;
    }),
    { numRuns: 150 },
  );
  for (const [what, times] of Object.entries(met)) expect(times, what).toBeGreaterThan(3);
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
