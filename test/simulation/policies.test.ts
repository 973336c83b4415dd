/** Worlds whose aggregate has a policy for conflicts: what it settles is what the events themselves tell of, losers and all. */
import { expect, it } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { defineAggregate, defineEvent } from '../../src/index.ts';
import { CLONES, drawnHistory, failureText, worldModel } from '../../src/testing/index.ts';

const VALUES = 9;
const Measured = z.strictObject({ pulse: z.number().optional(), weight: z.number().optional() });
type MeasuredEvent = { readonly type: 'Measured' } & z.infer<typeof Measured>;
type Vitals = Omit<MeasuredEvent, 'type'>;

type Policy = Parameters<typeof defineAggregate>[0]['conflicts'];

/** Vital signs of which one or both are recorded at a time. */
const vitalsUnder = (conflicts: Exclude<Policy, undefined>) => {
  const vitals = setup({ types: { context: {} as Vitals, events: {} as MeasuredEvent } });
  const measure = vitals.assign(({ event: { type: _, ...values } }) => values);
  const aggregate = defineAggregate({
    type: 'vitals',
    events: { Measured: defineEvent({ version: 1, schema: Measured }) },
    machine: vitals.createMachine({ context: {}, on: { Measured: { actions: measure } } }),
    conflicts,
  });
  return worldModel({
    aggregate,
    event: (draw) => {
      const which = draw(3);
      const [pulse, weight] = [draw(VALUES), draw(VALUES)];
      return { type: 'Measured', ...(which === 1 ? {} : { pulse }), ...(which === 2 ? {} : { weight }) };
    },
  });
};

it.each<readonly [string, Exclude<Policy, undefined>]>([
  ['fieldwise', 'fieldwise'],
  ['the last writer wins', 'lastWriterWins'],
  ['a rule of the application', ({ heads }) => heads.map(({ body }) => body.id).sort()[0]],
])(
  'conflicts under a policy (%s) are those of the events, and what does not count is shown [SIM-13]',
  async (_, policy) => {
    for (const seed of [1, 2]) {
      const report = await drawnHistory({ seed, operations: 150, weights: CLONES, model: vitalsUnder(policy) });
      expect(report.violations, failureText(report)).toEqual([]);
      expect(report.acknowledged).toBeGreaterThan(20);
    }
  },
);
