/** Worlds whose aggregate has a policy for conflicts, in one module that can be bundled over a product that is broken. */
import { setup } from 'xstate';
import { z } from 'zod';
import { type ConflictPolicy, defineAggregate, defineEvent } from '../../src/index.ts';
import { CLONES, drawnHistory, type HistoryReport, worldModel } from '../../src/testing/index.ts';

const VALUES = 3;
const Measured = z.strictObject({ pulse: z.number().optional(), weight: z.number().optional() });
type MeasuredEvent = { readonly type: 'Measured' } & z.infer<typeof Measured>;
type Vitals = Omit<MeasuredEvent, 'type'>;

/** What conflicts are about: everything, what an event type names, or whatever the policy makes of it. */
type Terms = { readonly conflicts: ConflictPolicy; readonly isKeyed?: true };

const leastId: ConflictPolicy = ({ heads }) => heads.map(({ body }) => body.id).sort()[0];

export const POLICIES: Readonly<Record<string, Terms>> = {
  fieldwise: { conflicts: 'fieldwise' },
  'the last writer wins': { conflicts: 'lastWriterWins' },
  'the last writer wins, by key': { conflicts: 'lastWriterWins', isKeyed: true },
  'a rule of the application': { conflicts: leastId },
  'a rule of the application, by key': { conflicts: leastId, isKeyed: true },
};

/** Vital signs of which one or both are recorded at a time. */
const vitalsUnder = ({ conflicts, isKeyed }: Terms) => {
  const vitals = setup({ types: { context: {} as Vitals, events: {} as MeasuredEvent } });
  const measure = vitals.assign(({ event: { type: _, ...values } }) => values);
  const touches = isKeyed === true ? { touches: (values: Vitals) => Object.keys(values) } : {};
  const aggregate = defineAggregate({
    type: 'vitals',
    events: { Measured: defineEvent({ version: 1, schema: Measured, ...touches }) },
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

export const OPERATIONS = 100;

/** Lives a history of a policy by its name. */
export const livedUnder = (name: string, seed: number): Promise<HistoryReport> => {
  const terms = POLICIES[name];
  if (terms === undefined) throw new RangeError(name);
  return drawnHistory({ seed, operations: OPERATIONS, weights: CLONES, model: vitalsUnder(terms) });
};
