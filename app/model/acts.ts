/** What a person may do with an aggregate, as buttons: what each asks for, and the event that it records. Pure. */
import type { DiaryContext, DiaryEntry, Query, Subject, Visit } from '../../src/clinical.ts';
import type { AggregateDefinition, EventDefinitions, SendableEvent } from '../../src/index.ts';
import type { Field } from './fields.ts';
import type { Form } from './form.ts';
import { instantOf, localText } from './times.ts';

/** An event as a definition judges it. */
export type Judged = Parameters<AggregateDefinition['needsReason']>[0];

type EventsOf<D> = D extends AggregateDefinition<infer E, infer _C, infer _S> ? E : never;

export type ActField = {
  readonly name: string;
  readonly label: string;
  /** A calendar day, a time of this device, one line, a text, or a value of `field`. */
  readonly kind: 'day' | 'time' | 'line' | 'text' | 'value';
  readonly field?: Field;
  /** What stands in it at first. */
  readonly first?: string;
  readonly hint?: string;
};

/** What was given, by the name of the field: a day as `2026-01-05`, a time in UTC. */
export type Answers = Readonly<Record<string, string>>;

export type Act<E extends EventDefinitions> = {
  /** What the button says. */
  readonly name: string;
  /** Said when it is recorded. */
  readonly done: string;
  /** A button that is in its place while that one is legal and this is not. */
  readonly insteadOf?: string;
  /** When it is legal, where its state alone does not say so. */
  readonly when?: string;
  readonly fields: readonly ActField[];
  readonly reasons?: readonly string[];
  readonly event: (answers: Answers) => SendableEvent<E> & Judged;
};

export type ActOn<D> = Act<EventsOf<D>>;

const given = (answers: Answers, name: string): string => answers[name] ?? '';

const CORRECTIONS = ['Typing error', 'Source document corrected'];
const day = (label = 'Day'): ActField => ({ name: 'on', label, kind: 'day' });
const text = (label: string): ActField => ({ name: 'text', label, kind: 'text' });

/** The stages of a form, but for signing, which takes an electronic signature. */
export const FORM_ACTS: readonly ActOn<typeof Form>[] = [
  { name: 'Complete form', done: 'The form is entered.', fields: [], event: () => ({ type: 'FormCompleted' }) },
  { name: 'Verify form', done: 'The form is verified.', fields: [], event: () => ({ type: 'FormVerified' }) },
  { name: 'Freeze form', done: 'The form is frozen.', fields: [], event: () => ({ type: 'FormFrozen' }) },
  {
    name: 'Unfreeze form',
    insteadOf: 'Freeze form',
    done: 'The form goes on where it was.',
    fields: [],
    event: () => ({ type: 'FormThawed' }),
  },
  { name: 'Lock form', done: 'The form is locked.', fields: [], event: () => ({ type: 'FormLocked' }) },
  {
    name: 'Unlock form',
    insteadOf: 'Lock form',
    done: 'The form is open for entry.',
    fields: [],
    reasons: ['Correction needed', 'Locked too early'],
    event: () => ({ type: 'FormUnlocked' }),
  },
];

/** Asking about a form, or about one of its items. */
export const askAct = (form: string, item: string | null): ActOn<typeof Query> => ({
  name: 'Ask a question',
  done: 'The query is open.',
  fields: [text('Question')],
  event: (answers) => ({ type: 'QueryOpened', form, item, text: given(answers, 'text') }),
});

export const QUERY_ACTS: readonly ActOn<typeof Query>[] = [
  {
    name: 'Answer',
    done: 'The answer is recorded.',
    fields: [text('Answer')],
    event: (answers) => ({ type: 'QueryAnswered', text: given(answers, 'text') }),
  },
  {
    name: 'Ask again',
    done: 'The query is open again.',
    fields: [text('Question')],
    reasons: ['Answer is not sufficient', 'New data'],
    event: (answers) => ({ type: 'QueryReopened', text: given(answers, 'text') }),
  },
  {
    name: 'Close query',
    done: 'The query is closed.',
    fields: [],
    reasons: ['Asked in error', 'Settled otherwise'],
    event: () => ({ type: 'QueryClosed' }),
  },
];

export const subjectActs = (subject: string): readonly ActOn<typeof Subject>[] => [
  {
    name: 'Screen',
    done: 'The subject is screened.',
    fields: [
      { name: 'site', label: 'Site', kind: 'line' },
      { name: 'number', label: 'Number', kind: 'line', first: subject },
      day('Day of screening'),
    ],
    event: (answers) => ({
      type: 'SubjectScreened',
      site: given(answers, 'site'),
      number: given(answers, 'number'),
      on: given(answers, 'on'),
    }),
  },
  {
    name: 'Enrol',
    done: 'The subject is enrolled.',
    fields: [day('Day of enrolment')],
    event: (answers) => ({ type: 'SubjectEnrolled', on: given(answers, 'on') }),
  },
  {
    name: 'Screening failed',
    done: 'The failed screening is recorded.',
    fields: [day()],
    reasons: ['Criteria not met', 'Consent not given'],
    event: (answers) => ({ type: 'SubjectScreenFailed', on: given(answers, 'on') }),
  },
  {
    name: 'Complete',
    done: 'The subject has completed the study.',
    fields: [day('Last day')],
    event: (answers) => ({ type: 'SubjectCompleted', on: given(answers, 'on') }),
  },
  {
    name: 'Withdraw',
    done: 'The withdrawal is recorded.',
    fields: [day('Day of withdrawal')],
    reasons: ['Subject’s wish', 'Adverse event', 'Lost to follow-up'],
    event: (answers) => ({ type: 'SubjectWithdrawn', on: given(answers, 'on') }),
  },
  {
    name: 'Take the end back',
    done: 'The subject goes on.',
    fields: [],
    reasons: ['Recorded in error'],
    event: () => ({ type: 'SubjectReinstated' }),
  },
  {
    name: 'Correct the day',
    done: 'The day is corrected.',
    fields: [day('Day of the latest step')],
    reasons: CORRECTIONS,
    event: (answers) => ({ type: 'SubjectDayCorrected', on: given(answers, 'on') }),
  },
  ...(['site', 'number'] as const).map(
    (field): ActOn<typeof Subject> => ({
      name: `Correct the ${field}`,
      done: `The ${field} is corrected.`,
      fields: [{ name: 'value', label: field === 'site' ? 'Site' : 'Number', kind: 'line' }],
      reasons: CORRECTIONS,
      event: (answers) => ({ type: 'SubjectCorrected', field, value: given(answers, 'value') }),
    }),
  ),
];

export const visitActs = (subject: string, visit: string): readonly ActOn<typeof Visit>[] => [
  {
    name: 'Plan',
    done: 'The visit is planned.',
    fields: [
      day('Planned for'),
      { name: 'earliest', label: 'Window from', kind: 'day' },
      { name: 'latest', label: 'Window to', kind: 'day' },
    ],
    event: (answers) => ({
      ...{ type: 'VisitPlanned', subject, visit, on: given(answers, 'on') },
      earliest: given(answers, 'earliest'),
      latest: given(answers, 'latest'),
    }),
  },
  {
    name: 'Start',
    done: 'The visit is started.',
    fields: [day('Day of the visit')],
    event: (answers) => ({ type: 'VisitStarted', on: given(answers, 'on') }),
  },
  { name: 'Complete', done: 'The visit is completed.', fields: [], event: () => ({ type: 'VisitCompleted' }) },
  {
    name: 'Move',
    done: 'The visit is moved.',
    fields: [day('Planned for')],
    reasons: ['Subject’s wish', 'Site is closed'],
    event: (answers) => ({ type: 'VisitRescheduled', on: given(answers, 'on') }),
  },
  {
    name: 'Missed',
    done: 'The visit is marked as missed.',
    fields: [],
    reasons: ['Subject did not come', 'Subject is ill'],
    event: () => ({ type: 'VisitMissed' }),
  },
  {
    name: 'Correct the day',
    done: 'The day is corrected.',
    fields: [day('Day of the visit')],
    reasons: CORRECTIONS,
    event: (answers) => ({ type: 'VisitDayCorrected', on: given(answers, 'on') }),
  },
  {
    name: 'Reopen',
    done: 'The visit is open again.',
    fields: [],
    reasons: ['Recorded in error'],
    event: () => ({ type: 'VisitReopened' }),
  },
];

const WINDOW: readonly ActField[] = [
  { name: 'opens', label: 'Opens', kind: 'time' },
  { name: 'closes', label: 'Closes', kind: 'time' },
  { name: 'lateUntil', label: 'Taken late until', kind: 'time' },
];

export const scheduleAct = (name: string): ActOn<typeof DiaryEntry> => ({
  name,
  done: 'The window of the diary entry is set.',
  fields: WINDOW,
  event: (answers) => ({
    type: 'DiaryScheduled',
    opens: given(answers, 'opens'),
    closes: given(answers, 'closes'),
    lateUntil: given(answers, 'lateUntil'),
  }),
});

/** Entering an item of a diary, or correcting it once the entry is submitted. @param now  the device's time, in UTC */
export const diaryValueAct = (
  field: Field,
  {
    isDue,
    value,
    now,
  }: { readonly isDue: boolean; readonly value: string | null | undefined; readonly now: () => string },
): ActOn<typeof DiaryEntry> => {
  const { item } = field.place;
  return {
    name: isDue ? (value === undefined ? 'Enter' : 'Change') : 'Correct',
    done: `${field.question}: recorded on this device.`,
    ...(isDue ? { when: 'from when it opens until it is taken no more' } : {}),
    fields: [{ name: 'value', label: field.question, kind: 'value', field, first: value ?? '' }],
    event: (answers) => {
      const entered = { item, value: given(answers, 'value') };
      return isDue ? { type: 'DiaryItemRecorded', ...entered, at: now() } : { type: 'DiaryItemCorrected', ...entered };
    },
  };
};

type Ended = Pick<DiaryContext, 'submittedAt' | 'window'>;

/** What became of an entry, corrected; where two devices ended it apart, decided. */
const endActs = ({ submittedAt, window }: Ended): readonly ActOn<typeof DiaryEntry>[] => {
  const known = submittedAt ?? window?.closes;
  const first = known === undefined ? '' : localText(Date.parse(known));
  // a field shows no milliseconds: a time that was not changed in it stays as it was recorded
  const timeOf = (given: string): string => (known !== undefined && given === instantOf(first) ? known : given);
  return [
    {
      name: 'Was submitted',
      insteadOf: 'Submit',
      done: 'The entry counts as submitted.',
      fields: [{ name: 'submittedAt', label: 'Submitted at', kind: 'time', first }],
      reasons: ['Participant’s own device is right', 'Paper diary'],
      event: (answers) => ({ type: 'DiaryEndCorrected', submittedAt: timeOf(given(answers, 'submittedAt')) }),
    },
    {
      name: 'Was missed',
      insteadOf: 'Missed',
      done: 'The entry counts as missed.',
      fields: [],
      reasons: ['Submitted in error'],
      event: () => ({ type: 'DiaryEndCorrected', submittedAt: null }),
    },
  ];
};

/** @param now  the device's time, in UTC */
export const diaryActs = (now: () => string, ended: Ended): readonly ActOn<typeof DiaryEntry>[] => [
  {
    name: 'Submit',
    done: 'The entry is submitted.',
    when: 'from when it opens until it is taken no more',
    fields: [],
    event: () => ({ type: 'DiarySubmitted', at: now() }),
  },
  {
    name: 'Missed',
    done: 'The entry is marked as missed.',
    when: 'when it is taken no more',
    fields: [],
    event: () => ({ type: 'DiaryMissed', at: now() }),
  },
  scheduleAct('Move the window'),
  ...endActs(ended),
];
