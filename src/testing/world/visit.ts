/** What people record in a world that is given no aggregate of somebody else: visits. */
import { setup } from 'xstate';
import * as z from 'zod';
import { defineEvent } from '../../core/schema.ts';
import { defineAggregate } from '../../machines/aggregate.ts';
import { defineRollup } from '../../projections/rollup.ts';
import { defineView } from '../../projections/view.ts';
import { worldModel } from './model.ts';
import { ITEMS, LOCK_EVERY, nextVisitModel, VALUES } from './nextVisit.ts';

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

/** Visits with a few items each, which are recorded, corrected, locked and unlocked. */
export const visitModel = worldModel({
  aggregate: Visit,
  views: [casebook, byState],
  next: nextVisitModel,
  event: (draw, { value }) => {
    if (draw(LOCK_EVERY) === 0 || value === 'locked')
      return { type: value === 'open' ? 'VisitLocked' : 'VisitUnlocked' };
    return { type: 'ItemRecorded', item: ITEMS[draw(ITEMS.length)] ?? 'a', value: draw(VALUES) };
  },
});
