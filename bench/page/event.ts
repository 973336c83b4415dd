/** The event that both sides record: one corrected item of a form, by a person, with a reason. */

import { setup } from 'xstate';
import * as z from 'zod';
import { type BulkItem, defineAggregate, defineEvent, protect } from '../../src/index.ts';

/** Aggregates that the events are spread over, in turn. */
export const AGGREGATES = 500;
const ITEMS = 12;
const REASON = 'transcription error';
const ROLE = 'site-coordinator';
const USER = 'coordinator-3';

const schema = z.strictObject({
  form: z.string().min(1).max(80),
  group: z.string().max(80),
  groupRepeat: z.number().int().min(0),
  item: z.string().min(1).max(80),
  value: z.union([z.string().max(4_000), z.number()]),
  unit: z.string().max(40),
  method: z.enum(['manual', 'device', 'imported']),
  measuredAt: z.string().max(40),
});
type Payload = z.infer<typeof schema>;

const payloadOf = (at: number): Payload => ({
  form: 'VITAL_SIGNS',
  group: 'IG.VS.BLOOD_PRESSURE',
  groupRepeat: at % 3,
  item: `IT.VS.ITEM_${Math.floor(at / AGGREGATES) % ITEMS}`,
  value: 90 + (at % 80),
  unit: 'mmHg',
  method: 'manual',
  measuredAt: '2026-03-01T09:30:00+01:00',
});
const aggregateOf = (at: number): string => `subject-${String(at % AGGREGATES).padStart(4, '0')}/visit-1`;

export type VisitContext = { readonly recorded: number; readonly items: Readonly<Record<string, string | number>> };
const visitSetup = setup({
  types: {
    context: {} as VisitContext,
    events: {} as ({ readonly type: 'ItemRecorded' } & Payload) | { readonly type: 'VisitCompleted' | 'VisitReopened' },
  },
  guards: { isMeasured: ({ event }) => event.type === 'ItemRecorded' && event.value !== '' },
});
const record = visitSetup.assign(({ context, event }) =>
  event.type === 'ItemRecorded'
    ? { recorded: context.recorded + 1, items: { ...context.items, [event.item]: event.value } }
    : {},
);
const machine = visitSetup.createMachine({
  context: { recorded: 0, items: {} },
  initial: 'planned',
  states: {
    planned: { on: { ItemRecorded: { target: 'capturing', guard: 'isMeasured', actions: record } } },
    capturing: {
      on: { ItemRecorded: { guard: 'isMeasured', actions: record }, VisitCompleted: { target: 'completed' } },
    },
    completed: { on: { VisitReopened: { target: 'capturing' } } },
  },
});

const events = {
  ItemRecorded: defineEvent({ version: 1, schema, touches: ({ item }) => [item] }),
  VisitCompleted: defineEvent({ version: 1, schema: z.strictObject({}) }),
  VisitReopened: defineEvent({ version: 1, schema: z.strictObject({}) }),
};

/** The aggregate as the product holds it. */
export const Visit = defineAggregate({ type: 'visit', events, machine });

const { value, measuredAt } = schema.shape;
const subject = { key: 'subject' } as const;
/** The same with two protected fields, each under the key of its subject: one for each aggregate. */
export const ProtectedVisit = defineAggregate({
  type: 'visit',
  subjectOf: (id) => id.slice(0, id.indexOf('/')),
  events: {
    ...events,
    ItemRecorded: defineEvent({
      version: 1,
      schema: z.strictObject({
        ...schema.shape,
        value: protect(value, subject),
        measuredAt: protect(measuredAt, subject),
      }),
      touches: ({ item }) => [item],
    }),
  },
  machine,
});
export const currentActor = () => ({ userId: USER, role: ROLE });

/** What the product is given for the event at `at`. */
export const itemOf = (at: number): BulkItem<typeof events> => ({
  id: aggregateOf(at),
  event: { type: 'ItemRecorded', ...payloadOf(at) },
  options: { reason: REASON },
});

/** The same recorded in a visit of its own choice. */
export const itemFor = (aggregate: number, at: number) => ({ ...itemOf(at), id: `subject-${aggregate}/visit-1` });

const uuidOf = (at: number): string => `019500a0-1b2c-7d3e-8f40-${at.toString(16).padStart(12, '0')}`;

/** What bare IndexedDB is given for the event at `at`: 12 members, the payload nested, made before the clock starts. */
export const recordOf = (at: number) => ({
  seq: at + 1,
  id: uuidOf(at),
  agg: aggregateOf(at),
  ver: Math.floor(at / AGGREGATES) + 1,
  type: 'ItemRecorded',
  schema: 1,
  device: '3f1c9a77d2e84b06b5a1c4e0f7d29318',
  user: USER,
  role: ROLE,
  at: '2026-03-01T09:30:00.125Z',
  reason: REASON,
  payload: payloadOf(at),
});
export type BareRecord = ReturnType<typeof recordOf>;

/** The first `count` events from `from` on, as `make` gives them. */
export const series = <T>(make: (at: number) => T, count: number, from = 0): readonly T[] =>
  Array.from({ length: count }, (_, index) => make(from + index));
