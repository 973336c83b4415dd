/**
 * A diary entry as an aggregate: a window is set, the participant fills it in and submits it, on time or late; a window that passes
 * without it is missed.
 *
 * Law: `diary.test` (the window's edges) and `clinical.laws`. The machine reads no clock: each event of the participant says the device time of the
 * entry, and is legal only inside the window. `opens` and `closes` belong to it; until `lateUntil` an entry counts as late. Afterwards a value is
 * corrected with a reason only, and so is what became of the entry: which also ends a conflict of two that made an end of it apart. Context: the window, the newest value of each item, and by how much the entry was late.
 */
import { setup } from 'xstate';
import * as z from 'zod';
import { defineEvent } from '../../core/schema.ts';
import { defineAggregate } from '../aggregate.ts';
import { enteredValue, oid, utc } from './fields.ts';

const DiaryWindowSchema = z
  .strictObject({ opens: utc, closes: utc, lateUntil: utc })
  .refine(({ opens, closes, lateUntil }) => opens < closes && closes <= lateUntil, 'not a window');
const DiaryItemSchema = z.strictObject({ item: oid, value: enteredValue, at: utc });
const DiaryCorrectionSchema = z.strictObject({ item: oid, value: enteredValue });
const DiaryMomentSchema = z.strictObject({ at: utc });
const DiaryEndSchema = z.strictObject({
  /** Device time of submitting; null if the entry was missed. */
  submittedAt: utc.nullable(),
});
export type DiaryWindow = z.infer<typeof DiaryWindowSchema>;
export type DiaryItemPayload = z.infer<typeof DiaryItemSchema>;
export type DiaryCorrectionPayload = z.infer<typeof DiaryCorrectionSchema>;
export type DiaryMomentPayload = z.infer<typeof DiaryMomentSchema>;
export type DiaryEndPayload = z.infer<typeof DiaryEndSchema>;

type DiaryEvent =
  | ({ readonly type: 'DiaryScheduled' } & DiaryWindow)
  | ({ readonly type: 'DiaryItemRecorded' } & DiaryItemPayload)
  | ({ readonly type: 'DiaryItemCorrected' } & DiaryCorrectionPayload)
  | ({ readonly type: 'DiarySubmitted' | 'DiaryMissed' } & DiaryMomentPayload)
  | ({ readonly type: 'DiaryEndCorrected' } & DiaryEndPayload);

export type DiaryContext = {
  readonly window: DiaryWindow | null;
  readonly items: Readonly<Record<string, string | null>>;
  /** Device time of submitting; null before that. */
  readonly submittedAt: string | null;
  /** Milliseconds from the window's close to submitting; 0 if it was on time. */
  readonly lateMs: number;
};

/** The device time that an event gives for an entry or its submitting. */
const momentOf = (event: DiaryEvent): string | null => {
  if (event.type === 'DiaryEndCorrected') return event.submittedAt;
  return 'at' in event ? event.at : null;
};

/** True if that time lies between two edges of the window. */
const isBetween = (
  { window }: DiaryContext,
  event: DiaryEvent,
  edges: { readonly from: keyof DiaryWindow; readonly upTo: keyof DiaryWindow },
): boolean => {
  const at = momentOf(event);
  return window !== null && at !== null && window[edges.from] <= at && at <= window[edges.upTo];
};

const diaries = setup({
  types: { context: {} as DiaryContext, events: {} as DiaryEvent },
  guards: {
    'in the window': ({ context, event }) => isBetween(context, event, { from: 'opens', upTo: 'closes' }),
    late: ({ context, event }) => isBetween(context, event, { from: 'closes', upTo: 'lateUntil' }),
    'in the window or late': ({ context, event }) => isBetween(context, event, { from: 'opens', upTo: 'lateUntil' }),
    'as missed': ({ event }) => event.type === 'DiaryEndCorrected' && event.submittedAt === null,
    'too late': ({ context, event }) => context.window !== null && 'at' in event && event.at > context.window.lateUntil,
  },
});

const schedule = diaries.assign(({ event }) => {
  if (event.type !== 'DiaryScheduled') return {};
  const { opens, closes, lateUntil } = event;
  return { window: { opens, closes, lateUntil } };
});
const record = diaries.assign(({ context, event }) =>
  event.type === 'DiaryItemRecorded' || event.type === 'DiaryItemCorrected'
    ? { items: { ...context.items, [event.item]: event.value } }
    : {},
);
const submit = diaries.assign(({ context: { window }, event }) => {
  const at = momentOf(event);
  if (at === null || window === null) return {};
  return { submittedAt: at, lateMs: Math.max(0, Date.parse(at) - Date.parse(window.closes)) };
});
const miss = diaries.assign({ submittedAt: null, lateMs: 0 });

/** What became of the entry is another thing than was recorded, or one of two. */
const endCorrected = [
  { guard: 'in the window', target: 'submitted', actions: submit },
  { guard: 'late', target: 'submittedLate', actions: submit },
  { guard: 'as missed', target: 'missed', actions: miss },
] as const;

const machine = diaries.createMachine({
  id: 'diaryEntry',
  context: { window: null, items: {}, submittedAt: null, lateMs: 0 },
  initial: 'unscheduled',
  states: {
    unscheduled: { on: { DiaryScheduled: { target: 'due', actions: schedule } } },
    due: {
      on: {
        DiaryScheduled: { actions: schedule },
        DiaryItemRecorded: { guard: 'in the window or late', actions: record },
        DiarySubmitted: [
          { guard: 'in the window', target: 'submitted', actions: submit },
          { guard: 'late', target: 'submittedLate', actions: submit },
        ],
        DiaryMissed: { guard: 'too late', target: 'missed' },
      },
    },
    submitted: { on: { DiaryItemCorrected: { actions: record }, DiaryEndCorrected: endCorrected } },
    submittedLate: { on: { DiaryItemCorrected: { actions: record }, DiaryEndCorrected: endCorrected } },
    missed: { on: { DiaryEndCorrected: endCorrected } },
  },
});

/** One entry of a participant's diary. */
export const DiaryEntry = defineAggregate({
  type: 'diaryEntry',
  events: {
    DiaryScheduled: defineEvent({ version: 1, schema: DiaryWindowSchema }),
    DiaryItemRecorded: defineEvent({ version: 1, schema: DiaryItemSchema, touches: ({ item }) => [item] }),
    DiarySubmitted: defineEvent({ version: 1, schema: DiaryMomentSchema }),
    DiaryMissed: defineEvent({ version: 1, schema: DiaryMomentSchema }),
    DiaryItemCorrected: defineEvent({ version: 1, schema: DiaryCorrectionSchema, touches: ({ item }) => [item] }),
    DiaryEndCorrected: defineEvent({ version: 1, schema: DiaryEndSchema }),
  },
  machine,
  needsReason: (event, { items, window }) => {
    if (event.type === 'DiaryScheduled') return window !== null;
    if (event.type === 'DiaryItemRecorded') return event.item in items;
    return event.type === 'DiaryItemCorrected' || event.type === 'DiaryEndCorrected';
  },
});
