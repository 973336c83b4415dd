/** Laws of the shipped clinical machines: random walks, compiled and interpreted alike; every state is reached, and none is left unlawfully. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AggregateDefinition, MachineEvent } from '../../../src/core/aggregate.ts';
import { isJson, isRecord } from '../../../src/core/json.ts';
import { EVERYTHING, keysTouched } from '../../../src/core/schema.ts';
import { interpretMachine } from '../../../src/machines/aggregate.ts';
import { day, utc } from '../../../src/machines/clinical/fields.ts';
import { DiaryEntry, Form, Query, Subject, Visit } from '../../../src/machines/clinical/index.ts';
import { arbitraryOf, type GivenArbitraries } from '../../../src/testing/index.ts';
import { machineOfAggregate } from '../../unit/machines/machineOf.ts';

/** Few moments and days, so that they meet, and lie before, in and after each other's windows. */
const few: GivenArbitraries = [
  [utc, fc.constantFrom('2026-01-05T08:00:00.000Z', '2026-01-05T12:00:00.000Z', '2026-01-06T08:00:00.000Z')],
  [day, fc.constantFrom('2026-01-05', '2026-01-06', '2026-02-05')],
];

const eventsOf = ({ events }: AggregateDefinition): fc.Arbitrary<MachineEvent> =>
  fc.oneof(
    ...[...events].map(([type, { schema }]) =>
      arbitraryOf(fc, schema, few).map((payload): MachineEvent => ({ ...payload, type })),
    ),
  );

const SHIPPED: readonly AggregateDefinition[] = [Form, Query, DiaryEntry, Subject, Visit];

it.each(SHIPPED.map((definition) => [definition.type, definition] as const))(
  'the machine of %s is a table that walks as the interpreter does, and visits each of its states [AGG-02, CLN-01]',
  (_, definition) => {
    const machine = machineOfAggregate(definition);
    const interpreted = interpretMachine(machine);
    expect(definition.replay.compiled).toBe(true);
    const reached = new Set<unknown>();
    fc.assert(
      fc.property(fc.array(eventsOf(definition), { maxLength: 60, size: 'max' }), (events) => {
        let state = definition.replay.initial;
        for (const event of events) {
          const next = definition.replay.next(state, event);
          expect(next).toEqual(interpreted.next(state, event));
          if (next === undefined) expect(definition.legalIn(event, state.context)).not.toContain(state.value);
          state = next ?? state;
          reached.add(state.value);
          expect(isJson(state.context)).toBe(true);
        }
        expect(definition.replay.next(state, { type: 'Unknown' })).toBeUndefined();
      }),
      { numRuns: 100, seed: 5 },
    );
    expect([...reached, definition.replay.initial.value].sort()).toEqual(
      [...Object.keys(machine.states), definition.replay.initial.value].sort(),
    );
  },
);

it.each(SHIPPED.map((definition) => [definition.type, definition] as const))(
  'wherever a %s stands, an event that touches all of it is legal: what devices did apart can be decided [CLN-09]',
  (_, definition) => {
    const isWide = ({ type, ...payload }: MachineEvent) => {
      const known = [...definition.events].find(([name]) => name === type)?.[1];
      return known !== undefined && isJson(payload) && keysTouched(known, payload).includes(EVERYTHING);
    };
    const wide = fc.sample(eventsOf(definition), { numRuns: 400, seed: 7 }).filter(isWide);
    fc.assert(
      fc.property(fc.array(eventsOf(definition), { maxLength: 40, size: 'max' }), (events) => {
        const { initial, next } = definition.replay;
        const state = events.reduce((before, event) => next(before, event) ?? before, initial);
        if (state.value === initial.value) return; // nothing of it has any effect yet
        expect(wide.some((event) => next(state, event) !== undefined)).toBe(true);
      }),
      { numRuns: 60, seed: 11 },
    );
  },
);

it('data that is recorded again asks for a reason, and touches nothing but its own field [CLN-02]', () => {
  const fields = {
    ItemRecorded: Form,
    DiaryItemRecorded: DiaryEntry,
    DiaryItemCorrected: DiaryEntry,
    SubjectCorrected: Subject,
  };
  for (const [type, definition] of Object.entries<AggregateDefinition>(fields)) {
    const known = [...definition.events].find(([name]) => name === type)?.[1];
    if (known === undefined) throw new Error(`${type} is not an event any more`);
    fc.assert(
      fc.property(arbitraryOf(fc, known.schema, few), (payload) => {
        if (!isRecord(payload) || !isJson(payload)) throw new Error('a payload is a JSON object');
        const [key, ...others] = keysTouched(known, payload);
        expect(others).toEqual([]);
        const items = { [String(key)]: null };
        expect(definition.needsReason({ ...payload, type }, { items, window: null })).toBe(true);
      }),
      { numRuns: 20 },
    );
  }
});
