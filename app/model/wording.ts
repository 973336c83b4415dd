/** What people call the aggregates of the study: their states, with a picture each, and their events. Pure. */
import { DiaryEntry, Query, Subject, Visit } from '../../src/clinical.ts';
import type { AggregateSnapshot } from '../../src/index.ts';
import { Form } from './form.ts';
import { utcText } from './times.ts';

type MachineValue = AggregateSnapshot['value'];

export type IconName =
  | 'open'
  | 'draft'
  | 'entered'
  | 'done'
  | 'signed'
  | 'held'
  | 'locked'
  | 'due'
  | 'ended'
  | 'missed';
export type StateWords = { readonly text: string; readonly icon: IconName };

export type Wording = {
  /** With its article, in the middle of a sentence. */
  readonly noun: string;
  readonly states: Readonly<Record<string, StateWords>>;
  readonly events: Readonly<Record<string, string>>;
};

const FORM: Wording = {
  noun: 'the form',
  states: {
    empty: { text: 'Empty', icon: 'open' },
    draft: { text: 'Draft', icon: 'draft' },
    entered: { text: 'Entered', icon: 'entered' },
    verified: { text: 'Verified', icon: 'done' },
    signed: { text: 'Signed', icon: 'signed' },
    frozen: { text: 'Frozen', icon: 'held' },
    locked: { text: 'Locked', icon: 'locked' },
  },
  events: {
    ItemRecorded: 'Value recorded',
    FormCompleted: 'Form completed',
    FormVerified: 'Form verified',
    FormSigned: 'Form signed',
    FormFrozen: 'Form frozen',
    FormThawed: 'Form unfrozen',
    FormLocked: 'Form locked',
    FormUnlocked: 'Form unlocked',
  },
};

const QUERY: Wording = {
  noun: 'the query',
  states: {
    unasked: { text: 'Not asked', icon: 'open' },
    opened: { text: 'Open', icon: 'due' },
    answered: { text: 'Answered', icon: 'entered' },
    closed: { text: 'Closed', icon: 'done' },
  },
  events: {
    QueryOpened: 'Asked',
    QueryAnswered: 'Answered',
    QueryReopened: 'Asked again',
    QueryClosed: 'Closed',
  },
};

const DIARY: Wording = {
  noun: 'the diary entry',
  states: {
    unscheduled: { text: 'Not scheduled', icon: 'open' },
    due: { text: 'Due', icon: 'due' },
    submitted: { text: 'Submitted', icon: 'done' },
    submittedLate: { text: 'Submitted late', icon: 'done' },
    missed: { text: 'Missed', icon: 'missed' },
  },
  events: {
    DiaryScheduled: 'Window set',
    DiaryItemRecorded: 'Value recorded',
    DiaryItemCorrected: 'Value corrected',
    DiarySubmitted: 'Submitted',
    DiaryMissed: 'Marked as missed',
    DiaryEndCorrected: 'End corrected',
  },
};

const SUBJECT: Wording = {
  noun: 'the subject',
  states: {
    unknown: { text: 'Not screened', icon: 'open' },
    screened: { text: 'Screened', icon: 'draft' },
    enrolled: { text: 'Enrolled', icon: 'entered' },
    screenFailed: { text: 'Screening failed', icon: 'missed' },
    completed: { text: 'Completed', icon: 'done' },
    withdrawn: { text: 'Withdrawn', icon: 'ended' },
  },
  events: {
    SubjectScreened: 'Screened',
    SubjectEnrolled: 'Enrolled',
    SubjectCompleted: 'Completed',
    SubjectWithdrawn: 'Withdrawn',
    SubjectScreenFailed: 'Screening failed',
    SubjectReinstated: 'End taken back',
    SubjectCorrected: 'Corrected',
    SubjectDayCorrected: 'Day corrected',
  },
};

const VISIT: Wording = {
  noun: 'the visit',
  states: {
    unplanned: { text: 'Not planned', icon: 'open' },
    planned: { text: 'Planned', icon: 'due' },
    started: { text: 'Started', icon: 'entered' },
    completed: { text: 'Completed', icon: 'done' },
    missed: { text: 'Missed', icon: 'missed' },
  },
  events: {
    VisitPlanned: 'Planned',
    VisitRescheduled: 'Moved',
    VisitStarted: 'Started',
    VisitDayCorrected: 'Day corrected',
    VisitCompleted: 'Completed',
    VisitMissed: 'Marked as missed',
    VisitReopened: 'Reopened',
  },
};

const PERSON: Wording = {
  noun: 'the name',
  states: { known: { text: 'Recorded', icon: 'entered' } },
  events: { PersonNamed: 'Name recorded' },
};

const WORDINGS: ReadonlyMap<string, Wording> = new Map([
  [Form.type, FORM],
  [Query.type, QUERY],
  [DiaryEntry.type, DIARY],
  [Subject.type, SUBJECT],
  [Visit.type, VISIT],
  ['person', PERSON], // whose module needs this one
]);

const NONE: Wording = { noun: 'this', states: {}, events: {} };

/** Of an aggregate's type; of one without words of its own, its names as they are. */
export const wordingOf = (type: string): Wording => WORDINGS.get(type) ?? NONE;

/** All machines of this app are flat. */
const stateName = (value: MachineValue): string => (typeof value === 'string' ? value : JSON.stringify(value));

export const stateWords = (type: string, value: MachineValue): StateWords => {
  const name = stateName(value);
  return wordingOf(type).states[name] ?? { text: name, icon: 'open' };
};

export const eventText = (type: string, event: string): string => wordingOf(type).events[event] ?? event;

/** One of several, in a sentence: `draft, entered or verified`. */
export const oneOf = (texts: readonly string[]): string => {
  const last = texts.at(-1) ?? '';
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(', ')} or ${last}`;
};

/** States of an aggregate in a sentence. */
export const statesText = (type: string, names: readonly string[]): string =>
  oneOf(names.map((name) => stateWords(type, name).text.toLowerCase()));

const isTime = (text: string): boolean => /^\d{4}-\d\d-\d\dT/.test(text);

const LONG_NAMES: Readonly<Record<string, string>> = { lateUntil: 'late until', submittedAt: 'submitted at' };

/** What of an event's payload is told in one line of a history: days, times, texts and values. */
export const detailText = (payload: Readonly<Record<string, unknown>>): string =>
  [
    'field',
    'value',
    'number',
    'site',
    'on',
    'earliest',
    'latest',
    'opens',
    'closes',
    'lateUntil',
    'at',
    'submittedAt',
    'text',
  ]
    .flatMap((name) => {
      const given = payload[name];
      if (name === 'submittedAt' && given === null) return ['missed'];
      if (typeof given !== 'string') return [];
      return [`${LONG_NAMES[name] ?? name} ${isTime(given) ? utcText(given) : given}`];
    })
    .map((text) => text.replace(/^(?:text|value) /, ''))
    .join(', ');
