/** The query, the diary entry, the subject and the visit, by examples; their pictures. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { chartOf } from '../../../scripts/charts.mjs';
import type { AggregateDefinition } from '../../../src/core/aggregate.ts';
import * as clinical from '../../../src/machines/clinical/index.ts';
import { DiaryEntry, Query, Subject, Visit } from '../../../src/machines/clinical/index.ts';
import { given } from '../../../src/testing/index.ts';
import { codeOf } from '../support.ts';
import { machineOfAggregate } from './machineOf.ts';

const ASKED = { type: 'QueryOpened', form: 'f1', item: 'VS//SYS', text: 'Is this right?' } as const;
const ANSWERED = { type: 'QueryAnswered', text: 'Yes.' } as const;

it('a query is answered and closed, or closed unanswered with a reason, and asked again from there [CLN-03]', () => {
  given(Query).when(ANSWERED).refused('illegal', ['opened', 'answered']);
  given(Query, [ASKED]).when({ type: 'QueryClosed' }).refused('reason-required');
  given(Query, [ASKED]).when({ type: 'QueryClosed' }, { reason: 'asked in error' }).leadsTo({ value: 'closed' });
  given(Query, [ASKED, ANSWERED])
    .when({ type: 'QueryClosed' })
    .leadsTo({ value: 'closed', context: { closed: true } });
  const closed = given(Query, [ASKED, ANSWERED, { type: 'QueryClosed' }]);
  closed.when(ANSWERED).refused('illegal');
  closed.when({ type: 'QueryReopened', text: 'Sure?' }).refused('reason-required');
  closed.when({ type: 'QueryReopened', text: 'Sure?' }, { reason: 'new data' }).leadsTo({
    value: 'opened',
    context: {
      about: { form: 'f1', item: 'VS//SYS' },
      thread: [
        { kind: 'asked', text: 'Is this right?' },
        { kind: 'answered', text: 'Yes.' },
        { kind: 'asked', text: 'Sure?' },
      ],
      closed: false,
    },
  });
});

const at = (hour: number, ms = 0): string => new Date(Date.UTC(2026, 0, 5, hour, 0, 0, ms)).toISOString();
const WINDOW = { type: 'DiaryScheduled', opens: at(8), closes: at(10), lateUntil: at(12) } as const;
const submit = (when: string) => given(DiaryEntry, [WINDOW]).when({ type: 'DiarySubmitted', at: when });

it('a diary entry is taken from the first to the last millisecond of its window, and says by how much it is late [CLN-04]', () => {
  submit(at(8, -1)).refused('illegal');
  submit(at(8)).leadsTo({ value: 'submitted', context: { lateMs: 0, submittedAt: at(8) } });
  submit(at(10)).leadsTo({ value: 'submitted', context: { lateMs: 0 } });
  submit(at(10, 1)).leadsTo({ value: 'submittedLate', context: { lateMs: 1 } });
  submit(at(12)).leadsTo({ value: 'submittedLate', context: { lateMs: 7_200_000 } });
  submit(at(12, 1)).refused('illegal');
  const missed = (when: string) => given(DiaryEntry, [WINDOW]).when({ type: 'DiaryMissed', at: when });
  missed(at(12)).refused('illegal');
  missed(at(12, 1)).leadsTo({ value: 'missed' });
  expect(codeOf(() => given(DiaryEntry, [{ ...WINDOW, lateUntil: at(9) }]))).toBe('append.invalid');
});

it('what is in a diary changes with a reason only, and after submitting by a correction only [CLN-02, CLN-04]', () => {
  const pain = { type: 'DiaryItemRecorded', item: 'PAIN', value: '3', at: at(9) } as const;
  given(DiaryEntry, [WINDOW])
    .when(pain)
    .leadsTo({ value: 'due', context: { items: { PAIN: '3' } } });
  given(DiaryEntry, [WINDOW, pain])
    .when({ ...pain, value: '4' })
    .refused('reason-required');
  given(DiaryEntry, [WINDOW, pain])
    .when({ ...WINDOW, closes: at(11) })
    .refused('reason-required');
  const submitted = given(DiaryEntry, [WINDOW, pain, { type: 'DiarySubmitted', at: at(9) }]);
  submitted.when(pain).refused('illegal');
  const correction = { type: 'DiaryItemCorrected', item: 'PAIN', value: '5' } as const;
  submitted.when(correction).refused('reason-required');
  submitted.when(correction, { reason: 'misread' }).leadsTo({ value: 'submitted', context: { items: { PAIN: '5' } } });
});

it('what became of a diary entry is corrected with a reason, to on time, late or missed, and never to a time outside its window [CLN-02, CLN-04]', () => {
  const [submitted, missed] = [
    { type: 'DiarySubmitted', at: at(9) } as const,
    { type: 'DiaryMissed', at: at(13) } as const,
  ];
  const end = (submittedAt: string | null) => ({ type: 'DiaryEndCorrected', submittedAt }) as const;
  given(DiaryEntry, [WINDOW])
    .when(end(at(9)))
    .refused('illegal', ['submitted', 'submittedLate', 'missed']);
  given(DiaryEntry, [WINDOW, missed])
    .when(end(at(9)))
    .refused('reason-required');
  const why = { reason: 'the participant’s own device is right' };
  for (const first of [submitted, missed]) {
    const ended = given(DiaryEntry, [WINDOW, first]);
    ended.when(end(at(8, -1)), why).refused('illegal');
    ended.when(end(at(12, 1)), why).refused('illegal');
    ended.when(end(at(10)), why).leadsTo({ value: 'submitted', context: { submittedAt: at(10), lateMs: 0 } });
    ended.when(end(at(11)), why).leadsTo({ value: 'submittedLate', context: { lateMs: 3_600_000 } });
    ended.when(end(null), why).leadsTo({ value: 'missed', context: { submittedAt: null, lateMs: 0 } });
  }
});

const SCREENED = { type: 'SubjectScreened', site: '042', number: '17', on: '2026-01-05' } as const;

it('a subject is screened, enrolled and ends in one of three ways, each taken back with a reason [CLN-05]', () => {
  const enrolled = [SCREENED, { type: 'SubjectEnrolled', on: '2026-01-12' }] as const;
  given(Subject, [SCREENED]).when({ type: 'SubjectCompleted', on: '2026-02-01' }).refused('illegal', ['enrolled']);
  given(Subject, enrolled).when({ type: 'SubjectWithdrawn', on: '2026-02-01' }).refused('reason-required');
  given(Subject, enrolled).when({ type: 'SubjectCompleted', on: '2026-02-01' }).leadsTo({ value: 'completed' });
  const ends = [
    [[SCREENED], 'SubjectScreenFailed', 'screenFailed', 'screened'],
    [enrolled, 'SubjectWithdrawn', 'withdrawn', 'enrolled'],
    [enrolled, 'SubjectCompleted', 'completed', 'enrolled'],
  ] as const;
  for (const [history, type, ended, back] of ends) {
    const after = given(Subject, [...history, { type, on: '2026-02-01' }]);
    expect(after.state).toMatchObject({ value: ended, context: { ended: '2026-02-01' } });
    after.when({ type: 'SubjectReinstated' }).refused('reason-required');
    after.when({ type: 'SubjectReinstated' }, { reason: 'error' }).leadsTo({ value: back, context: { ended: null } });
  }
  const correction = { type: 'SubjectCorrected', field: 'number', value: '18' } as const;
  given(Subject, enrolled)
    .when(correction, { reason: 'typing error' })
    .leadsTo({ value: 'enrolled', context: { number: '18', site: '042' } });
  const redated = { type: 'SubjectDayCorrected', on: '2026-01-06' } as const;
  given(Subject, enrolled).when(redated).refused('reason-required');
  for (const [history, context] of [
    [[SCREENED], { screened: redated.on }],
    [enrolled, { screened: SCREENED.on, enrolled: redated.on }],
    [[...enrolled, { type: 'SubjectCompleted', on: '2026-02-01' }], { enrolled: '2026-01-12', ended: redated.on }],
  ] as const)
    given(Subject, history).when(redated, { reason: 'typing error' }).leadsTo({ context });
});

const PLANNED = {
  type: 'VisitPlanned',
  subject: 's17',
  visit: 'V2',
  on: '2026-02-27',
  earliest: '2026-02-26',
  latest: '2026-03-01',
} as const;

it('a visit outside its window is recorded with the days by which it is, and moved or missed with a reason [CLN-06]', () => {
  const days = (on: string) => given(Visit, [PLANNED]).when({ type: 'VisitStarted', on });
  for (const [on, deviationDays] of [
    ['2026-02-24', -2],
    ['2026-02-26', 0],
    ['2026-03-01', 0],
    ['2026-03-02', 1],
    ['2026-04-01', 31],
  ] as const)
    days(on).leadsTo({ value: 'started', context: { on, deviationDays } });
  given(Visit, [PLANNED]).when({ type: 'VisitMissed' }).refused('reason-required');
  given(Visit, [PLANNED]).when({ type: 'VisitCompleted' }).refused('illegal', ['started']);
  given(Visit, [PLANNED, { type: 'VisitStarted', on: '2026-03-05' }])
    .when({ type: 'VisitDayCorrected', on: '2026-03-01' }, { reason: 'typing error' })
    .leadsTo({ value: 'started', context: { on: '2026-03-01', deviationDays: 0 } });
  given(Visit, [PLANNED, { type: 'VisitMissed' }])
    .when({ type: 'VisitReopened' }, { reason: 'error' })
    .leadsTo({ value: 'planned' });
});

const isAggregate = (value: unknown): value is AggregateDefinition =>
  typeof value === 'object' && value !== null && 'events' in value && value.events instanceof Map;

it('the picture of each shipped aggregate is the one that its machine gives [CLN-07]', () => {
  const folder = new URL('../../../docs/charts/', import.meta.url);
  const exported: readonly unknown[] = Object.values(clinical);
  const shipped = exported.filter(isAggregate);
  expect(readdirSync(folder).sort()).toEqual(shipped.map(({ type }) => `${type}.svg`).sort());
  for (const definition of shipped) {
    const drawn = readFileSync(new URL(`${definition.type}.svg`, folder), 'utf8');
    expect(drawn, `run: node scripts/charts.mjs`).toBe(
      chartOf(machineOfAggregate(definition), `States of ${definition.type}`),
    );
    for (const event of definition.events.keys()) expect(drawn).toContain(event);
  }
});
