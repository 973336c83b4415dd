/**
 * A subject of a study as an aggregate: screened, enrolled, and how it ended. What identifies the person does not belong here: it is a
 * protected field of an aggregate of its own.
 *
 * Law: `clinical.laws`. Whatever ends a subject's part needs a reason, and so does taking it back and each correction. Context: site and
 * number, and the day of each step as the site says it; earlier values are in the history.
 */
import { setup } from 'xstate';
import * as z from 'zod';
import { defineEvent } from '../../core/schema.ts';
import { defineAggregate } from '../aggregate.ts';
import { day, oid } from './fields.ts';

const SubjectScreenedSchema = z.strictObject({ site: oid, number: oid, on: day });
const SubjectStepSchema = z.strictObject({ on: day });
const SubjectCorrectedSchema = z.strictObject({ field: z.enum(['site', 'number']), value: oid });
export type SubjectScreenedPayload = z.infer<typeof SubjectScreenedSchema>;
export type SubjectStepPayload = z.infer<typeof SubjectStepSchema>;
export type SubjectCorrectedPayload = z.infer<typeof SubjectCorrectedSchema>;

type SubjectEvent =
  | ({ readonly type: 'SubjectScreened' } & SubjectScreenedPayload)
  | ({
      readonly type:
        | 'SubjectEnrolled'
        | 'SubjectCompleted'
        | 'SubjectWithdrawn'
        | 'SubjectScreenFailed'
        | 'SubjectDayCorrected';
    } & SubjectStepPayload)
  | ({ readonly type: 'SubjectCorrected' } & SubjectCorrectedPayload)
  | { readonly type: 'SubjectReinstated' };

export type SubjectContext = {
  readonly site: string;
  readonly number: string;
  /** Calendar days; null for a step that was not taken, or was taken back. */
  readonly screened: string | null;
  readonly enrolled: string | null;
  readonly ended: string | null;
};

const subjects = setup({ types: { context: {} as SubjectContext, events: {} as SubjectEvent } });

const screen = subjects.assign(({ event }) =>
  event.type === 'SubjectScreened' ? { site: event.site, number: event.number, screened: event.on } : {},
);
const enrol = subjects.assign(({ event }) => ('on' in event ? { enrolled: event.on } : {}));
const end = subjects.assign(({ event }) => ('on' in event ? { ended: event.on } : {}));
const reinstate = subjects.assign({ ended: null });
const correct = subjects.assign(({ event }) =>
  event.type === 'SubjectCorrected' ? { [event.field]: event.value } : {},
);

const redate = subjects.assign(({ context: { enrolled, ended }, event }) => {
  if (!('on' in event)) return {};
  if (ended !== null) return { ended: event.on };
  return enrolled === null ? { screened: event.on } : { enrolled: event.on };
});

const corrected = { SubjectCorrected: { actions: correct }, SubjectDayCorrected: { actions: redate } } as const;

const machine = subjects.createMachine({
  id: 'subject',
  context: { site: '', number: '', screened: null, enrolled: null, ended: null },
  initial: 'unknown',
  states: {
    unknown: { on: { SubjectScreened: { target: 'screened', actions: screen } } },
    screened: {
      on: {
        SubjectEnrolled: { target: 'enrolled', actions: enrol },
        SubjectScreenFailed: { target: 'screenFailed', actions: end },
        ...corrected,
      },
    },
    enrolled: {
      on: {
        SubjectCompleted: { target: 'completed', actions: end },
        SubjectWithdrawn: { target: 'withdrawn', actions: end },
        ...corrected,
      },
    },
    screenFailed: { on: { SubjectReinstated: { target: 'screened', actions: reinstate }, ...corrected } },
    completed: { on: { SubjectReinstated: { target: 'enrolled', actions: reinstate }, ...corrected } },
    withdrawn: { on: { SubjectReinstated: { target: 'enrolled', actions: reinstate }, ...corrected } },
  },
});

const REASONED = [
  'SubjectScreenFailed',
  'SubjectWithdrawn',
  'SubjectReinstated',
  'SubjectCorrected',
  'SubjectDayCorrected',
];

const step = () => defineEvent({ version: 1, schema: SubjectStepSchema });

/** One subject. */
export const Subject = defineAggregate({
  type: 'subject',
  events: {
    SubjectScreened: defineEvent({ version: 1, schema: SubjectScreenedSchema }),
    SubjectEnrolled: step(),
    SubjectCompleted: step(),
    SubjectWithdrawn: step(),
    SubjectScreenFailed: step(),
    /** Of the latest step. */
    SubjectDayCorrected: step(),
    SubjectReinstated: defineEvent({ version: 1, schema: z.strictObject({}) }),
    SubjectCorrected: defineEvent({ version: 1, schema: SubjectCorrectedSchema, touches: ({ field }) => [field] }),
  },
  machine,
  needsReason: ({ type }) => REASONED.includes(type),
});
