/**
 * Visits as the next version of the application has them: an item says where its value comes from, and a locked visit is reviewed.
 * What the version before recorded is upcast, and shown as assumed.
 */
import { setup } from 'xstate';
import * as z from 'zod';
import { defineEvent } from '../../core/schema.ts';
import { defineAggregate } from '../../machines/aggregate.ts';
import { defineView } from '../../projections/view.ts';
import { worldModel } from './model.ts';

export const ITEMS = ['a', 'b', 'c'] as const;
export const VALUES = 1_000;
/** One event in so many locks the visit, or unlocks it. */
export const LOCK_EVERY = 16;

type VisitSource = 'entered' | 'assumed';

const ItemRecorded = z.strictObject({
  item: z.string().min(1).max(20),
  value: z.number(),
  source: z.enum(['entered', 'assumed']),
});
type VisitEvent =
  | ({ readonly type: 'ItemRecorded' } & z.infer<typeof ItemRecorded>)
  | { readonly type: 'VisitLocked' | 'VisitUnlocked' | 'VisitReviewed' };
/** What people enter themselves. */
const ENTERED: VisitSource = 'entered';

type VisitContext = {
  readonly items: Readonly<Record<string, number>>;
  readonly assumed: readonly string[];
  readonly reviews: number;
};

const visits = setup({ types: { context: {} as VisitContext, events: {} as VisitEvent } });
const record = visits.assign(({ context: { items, assumed }, event }) => {
  if (event.type !== 'ItemRecorded') return {};
  const others = assumed.filter((item) => item !== event.item);
  return {
    items: { ...items, [event.item]: event.value },
    assumed: event.source === 'assumed' ? [...others, event.item].sort() : others,
  };
});

const NextVisit = defineAggregate({
  type: 'visit',
  events: {
    ItemRecorded: defineEvent({
      version: 2,
      schema: ItemRecorded,
      upcast: { 1: (payload) => ({ ...payload, source: 'assumed' }) },
      touches: ({ item }) => [item],
    }),
    VisitLocked: defineEvent({ version: 1, schema: z.strictObject({}) }),
    VisitUnlocked: defineEvent({ version: 1, schema: z.strictObject({}) }),
    VisitReviewed: defineEvent({ version: 1, schema: z.strictObject({}), touches: () => ['review'] }),
  },
  machine: visits.createMachine({
    context: { items: {}, assumed: [], reviews: 0 },
    initial: 'open',
    states: {
      open: { on: { ItemRecorded: { actions: record }, VisitLocked: 'locked' } },
      locked: {
        on: {
          VisitUnlocked: 'open',
          VisitReviewed: { actions: visits.assign(({ context }) => ({ reviews: context.reviews + 1 })) },
        },
      },
    },
  }),
  needsReason: (event, context) => event.type === 'ItemRecorded' && event.item in context.items,
});

const casebook = defineView({
  name: 'casebook',
  of: NextVisit,
  row: ({ id, value, context: { items, assumed, reviews }, conflicts }) => ({
    ...{ id, state: String(value), assumed: assumed.length, reviews, conflicts: conflicts.length },
    sum: Object.values(items).reduce((total, each) => total + each, 0),
  }),
  indexes: [['state', 'assumed']],
});

export const nextVisitModel = worldModel({
  aggregate: NextVisit,
  views: [casebook],
  event: (draw, { value }) => {
    if (value === 'locked') return { type: draw(2) === 0 ? 'VisitReviewed' : 'VisitUnlocked' };
    if (draw(LOCK_EVERY) === 0) return { type: 'VisitLocked' };
    return { type: 'ItemRecorded', item: ITEMS[draw(ITEMS.length)] ?? 'a', value: draw(VALUES), source: ENTERED };
  },
});
