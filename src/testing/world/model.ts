/** What the people of a simulated world record: an application's aggregates, and a source of events for them. */
import { setup } from 'xstate';
import * as z from 'zod';
import { defineEvent } from '../../core/schema.ts';
import {
  type AggregateDefinition,
  defineAggregate,
  type EventDefinitions,
  type SendableEvent,
} from '../../machines/aggregate.ts';
import { defineRollup, type RollupDefinition } from '../../projections/rollup.ts';
import { type AggregateSnapshot, defineView, type ViewDefinition } from '../../projections/view.ts';
import type { SeededEntropy } from '../entropy.ts';

/** Draws a whole number from 0 to `below` - 1. */
export type Draw = SeededEntropy['below'];

export type WorldModel = {
  readonly aggregate: AggregateDefinition;
  /** Views, and rollups each after what it is of: all replicas with the same events have to show the same rows of them. */
  readonly views: readonly (ViewDefinition | RollupDefinition)[];
  /** Something that a person may try to record, legal or not. */
  readonly event: (draw: Draw, state: AggregateSnapshot) => SendableEvent<EventDefinitions>;
};

/** What people record in a world: events of one aggregate, drawn from the state in which it is shown to them. */
export const worldModel = <E extends EventDefinitions, C, S>(input: {
  readonly aggregate: AggregateDefinition<E, C, S>;
  readonly views?: readonly (ViewDefinition | RollupDefinition)[];
  readonly event: (draw: Draw, state: AggregateSnapshot<C>) => SendableEvent<E>;
}): WorldModel => ({
  aggregate: input.aggregate,
  views: input.views ?? [],
  // the world hands over snapshots of this aggregate only
  event: (draw, state) => input.event(draw, state as AggregateSnapshot<C>),
});

const ItemRecorded = z.strictObject({ item: z.string().min(1).max(20), value: z.number() });
type VisitEvent =
  | ({ readonly type: 'ItemRecorded' } & z.infer<typeof ItemRecorded>)
  | { readonly type: 'VisitLocked' | 'VisitUnlocked' };
export type VisitContext = { readonly items: Readonly<Record<string, number>> };

const visits = setup({ types: { context: {} as VisitContext, events: {} as VisitEvent } });
const record = visits.assign(({ context, event }) =>
  event.type === 'ItemRecorded' ? { items: { ...context.items, [event.item]: event.value } } : {},
);

/** A visit whose items are recorded, corrected, locked and unlocked. */
export const Visit = defineAggregate({
  type: 'visit',
  events: {
    ItemRecorded: defineEvent({ version: 1, schema: ItemRecorded, touches: ({ item }) => [item] }),
    VisitLocked: defineEvent({ version: 1, schema: z.strictObject({}) }),
    VisitUnlocked: defineEvent({ version: 1, schema: z.strictObject({}) }),
  },
  machine: visits.createMachine({
    context: { items: {} },
    initial: 'open',
    states: {
      open: { on: { ItemRecorded: { actions: record }, VisitLocked: 'locked' } },
      locked: { on: { VisitUnlocked: 'open' } },
    },
  }),
  needsReason: (event, context) => event.type === 'ItemRecorded' && event.item in context.items,
});

const casebook = defineView({
  name: 'casebook',
  of: Visit,
  row: ({ id, value, context, conflicts }) => ({
    id,
    state: String(value),
    sum: Object.values(context.items).reduce((total, each) => total + each, 0),
    conflicts: conflicts.length,
  }),
  indexes: [['state', 'sum']],
});

const byState = defineRollup({
  name: 'by state',
  of: casebook,
  groupBy: ['state'],
  measures: { visits: { count: {} }, contested: { count: { conflicts: { gt: 0 } } }, sum: { sum: 'sum' } },
});

const ITEMS = ['a', 'b', 'c'] as const;
const VALUES = 1_000;
/** One event in so many locks the visit, or unlocks it. */
const LOCK_EVERY = 16;

/** Visits with a few items each, which are recorded, corrected, locked and unlocked. */
export const visitModel = worldModel({
  aggregate: Visit,
  views: [casebook, byState],
  event: (draw, { value }) => {
    if (draw(LOCK_EVERY) === 0 || value === 'locked')
      return { type: value === 'open' ? 'VisitLocked' : 'VisitUnlocked' };
    return { type: 'ItemRecorded', item: ITEMS[draw(ITEMS.length)] ?? 'a', value: draw(VALUES) };
  },
});
