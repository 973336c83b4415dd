/**
 * A visit of a subject as an aggregate: planned with its window, perhaps moved, begun, and completed or missed.
 *
 * Law: `visit.test` (the window's edges) and `clinical.laws`. A visit outside its window is recorded like any other: the deviation is counted in days,
 * never refused. Moving, missing, reopening and correcting the day need a reason. Days are calendar days as the site says them.
 */
import { setup } from 'xstate';
import * as z from 'zod';
import { defineEvent } from '../../core/schema.ts';
import { defineAggregate } from '../aggregate.ts';
import { aggregateRef, day, oid } from './fields.ts';

const VisitPlannedSchema = z
  .strictObject({ subject: aggregateRef, visit: oid, on: day, earliest: day, latest: day })
  .refine(({ on, earliest, latest }) => earliest <= on && on <= latest, 'not in its window');
const VisitDaySchema = z.strictObject({ on: day });
export type VisitPlannedPayload = z.infer<typeof VisitPlannedSchema>;
export type VisitDayPayload = z.infer<typeof VisitDaySchema>;

type VisitEvent =
  | ({ readonly type: 'VisitPlanned' } & VisitPlannedPayload)
  | ({ readonly type: 'VisitRescheduled' | 'VisitStarted' | 'VisitDayCorrected' } & VisitDayPayload)
  | { readonly type: 'VisitCompleted' | 'VisitMissed' | 'VisitReopened' };

export type VisitContext = {
  readonly planned: VisitPlannedPayload | null;
  /** The day on which it took place; null before that. */
  readonly on: string | null;
  /** Days outside the window: below 0 before it, above 0 after it. */
  readonly deviationDays: number;
};

const DAY_MS = 86_400_000;
const daysBetween = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);

const deviation = ({ earliest, latest }: VisitPlannedPayload, on: string): number => {
  if (on < earliest) return daysBetween(earliest, on);
  return on > latest ? daysBetween(latest, on) : 0;
};

const visits = setup({ types: { context: {} as VisitContext, events: {} as VisitEvent } });

const plan = visits.assign(({ event }) => {
  if (event.type !== 'VisitPlanned') return {};
  const { subject, visit, on, earliest, latest } = event;
  return { planned: { subject, visit, on, earliest, latest } };
});
const reschedule = visits.assign(({ context: { planned }, event }) =>
  event.type === 'VisitRescheduled' && planned !== null ? { planned: { ...planned, on: event.on } } : {},
);
const happen = visits.assign(({ context: { planned }, event }) =>
  'on' in event && planned !== null ? { on: event.on, deviationDays: deviation(planned, event.on) } : {},
);

const corrected = { VisitDayCorrected: { actions: happen } } as const;

const machine = visits.createMachine({
  id: 'visit',
  context: { planned: null, on: null, deviationDays: 0 },
  initial: 'unplanned',
  states: {
    unplanned: { on: { VisitPlanned: { target: 'planned', actions: plan } } },
    planned: {
      on: {
        VisitRescheduled: { actions: reschedule },
        VisitStarted: { target: 'started', actions: happen },
        VisitMissed: { target: 'missed' },
      },
    },
    started: { on: { VisitCompleted: { target: 'completed' }, ...corrected } },
    completed: { on: { VisitReopened: { target: 'started' }, ...corrected } },
    missed: { on: { VisitReopened: { target: 'planned' } } },
  },
});

const REASONED = ['VisitRescheduled', 'VisitMissed', 'VisitReopened', 'VisitDayCorrected'];

const status = () => defineEvent({ version: 1, schema: z.strictObject({}) });

/** One visit of one subject. */
export const Visit = defineAggregate({
  type: 'visit',
  events: {
    VisitPlanned: defineEvent({ version: 1, schema: VisitPlannedSchema }),
    VisitRescheduled: defineEvent({ version: 1, schema: VisitDaySchema }),
    VisitStarted: defineEvent({ version: 1, schema: VisitDaySchema }),
    VisitDayCorrected: defineEvent({ version: 1, schema: VisitDaySchema }),
    VisitCompleted: status(),
    VisitMissed: status(),
    VisitReopened: status(),
  },
  machine,
  needsReason: ({ type }) => REASONED.includes(type),
});
