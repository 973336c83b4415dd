/** What the inbox says of each kind of record in conflict: in words, with the names that the study has, and the way to where it is decided. */
import { expect, it } from 'vitest';
import { catalogOf } from '../../../app/model/catalog.ts';
import { inboxLine } from '../../../app/model/inbox.ts';
import type { Definition } from '../../../app/model/study.ts';
import { visitId } from '../../../app/model/subjectViews.ts';
import { formId } from '../../../src/clinical.ts';
import { aggregateId, aggregateType, eventId, eventType, streamId, userId } from '../../../src/core/ids.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { OpenedEvent } from '../../../src/index.ts';
import { eventsOf, live } from '../../properties/fold/traces.ts';

const PLACE = { subjectKey: '101', studyEventOid: 'SE.V1' };
const VITALS = formId({ ...PLACE, formOid: 'F.VITALS' });
const QUERY = 'query 7';
const ERASURE = '01a20a62-1e15-7000-8019-c12e9503c15e';
const QUESTION: Definition = {
  kind: 'item',
  ...{ oid: 'I.PULSE', question: 'Pulse', dataType: 'integer', unit: '/min', codeList: '', ranges: [] },
};
const DEFINED: readonly Definition[] = [
  { kind: 'study', oid: 'ST', name: 'Asthma study', protocol: '', description: '', version: '1' },
  { kind: 'visit', oid: 'SE.V1', name: 'Screening', order: 1, repeating: false },
  { kind: 'form', oid: 'F.VITALS', name: 'Vital signs', order: 1, groups: [] },
  { kind: 'form', oid: 'F.DIARY', name: 'Asthma diary', order: 2, groups: [] },
  QUESTION,
];
const names = {
  catalog: catalogOf([
    { id: 'ST', definitions: Object.fromEntries(DEFINED.map((one) => [`${one.kind}/${one.oid}`, one])), conflicts: 0 },
  ]),
  formOfQuery: (id: string) => (id === QUERY ? VITALS : undefined),
  erasureText: () => 'One name of subject 101',
};

type Side = readonly [type: string, payload?: JsonObject];
const USERS = ['ada', 'ben'];

/** The line of a record with these conflicts, each by its key, one side by each of two people. */
const lineOf = (type: string, id: string, conflicts: Readonly<Record<string, readonly [Side, Side]>>) => {
  const entries = Object.entries(conflicts).map(([key, sides], nth) => ({
    key,
    heads: eventsOf(live(['A*', 'B*'])).map((event, at): OpenedEvent => {
      const [name = '', payload = {}] = sides[at] ?? [];
      const { body, context } = event;
      const own = eventId(`${body.id.slice(0, -1)}${nth}`);
      const actor = { ...context.actor, user: userId(USERS[at] ?? '') };
      return { ...event, payload, body: { ...body, id: own, type: eventType(name) }, context: { ...context, actor } };
    }),
  }));
  const [kind, own] = [aggregateType(type), aggregateId(id)];
  return inboxLine({ stream: streamId(kind, own), type: kind, id: own, conflicts: entries, settled: [] }, names);
};
const value = (text: string): Side => ['ItemRecorded', { group: 'G', groupRepeat: '', item: 'I.PULSE', value: text }];
const FORM = { kind: 'form', id: VITALS };
const SUBJECT = { kind: 'subject', id: '101' };

it('a form tells the questions in conflict; where more is, what each side did [APP-06]', () => {
  const where = 'Subject 101, Screening, Vital signs';
  expect(lineOf('form', VITALS, { 'G//I.PULSE': [value('71'), value('82')] })).toEqual({
    ...{ where, told: 'Pulse, by ada and ben', way: FORM, compared: [] },
  });
  for (const [act, words] of [
    ['FormLocked', 'Form locked'],
    ['FormSigned', 'Form signed'],
  ] as const)
    expect(lineOf('form', VITALS, { 'G//I.PULSE': [[act], value('82')] })).toMatchObject({
      ...{ where, told: `${words} by ada; Pulse by ben`, way: FORM },
    });
});

it('what is of a subject leads to its page, and says what each side recorded [APP-06]', () => {
  const on = (day: string) => ({ on: day });
  const diary = formId({ subjectKey: '101', studyEventOid: 'diary', formOid: 'F.DIARY', formRepeatKey: 'x' });
  const rows = [
    ['person', '101', [['PersonNamed'], ['PersonNamed']], 'Subject 101: the name', 'recorded by ada and ben'],
    [
      ...(['subject', '101'] as const),
      [
        ['SubjectWithdrawn', on('2026-02-01')],
        ['SubjectDayCorrected', on('2026-01-13')],
      ],
      ...(['Subject 101', 'Withdrawn on 2026-02-01 by ada; Day corrected on 2026-01-13 by ben'] as const),
    ],
    [
      ...(['visit', visitId('101', 'SE.V1', '')] as const),
      [['VisitMissed'], ['VisitStarted', on('2026-01-09')]],
      ...(['Subject 101: Screening', 'Marked as missed by ada; Started on 2026-01-09 by ben'] as const),
    ],
    [
      ...(['diaryEntry', diary] as const),
      [
        ['DiaryEndCorrected', { submittedAt: '2026-01-09T08:00:00.000Z' }],
        ['DiaryEndCorrected', { submittedAt: null }],
      ],
      'Subject 101: Asthma diary',
      'End corrected submitted at 2026-01-09 08:00:00 UTC by ada; End corrected missed by ben',
    ],
    [
      ...(['diaryEntry', diary] as const),
      [
        ['DiaryItemCorrected', { item: 'I.PULSE', value: '71' }],
        ['DiaryItemCorrected', { item: 'I.PULSE', value: null }],
      ],
      ...([
        'Subject 101: Asthma diary',
        'Value corrected Pulse: 71 /min by ada; Value corrected Pulse: no value by ben',
      ] as const),
    ],
  ] as const;
  for (const [type, id, sides, where, told] of rows)
    expect(lineOf(type, id, { key: sides })).toEqual({ where, told, way: SUBJECT, compared: [] });
});

it('what has no page of its own is called by its name, and says what can be done [APP-06]', () => {
  const way = { kind: 'erasures' };
  const erasure = lineOf('erasure', ERASURE, { decision: [['ErasureRefused', { by: 'ada' }], ['ErasureApproved']] });
  expect(erasure).toMatchObject({ where: 'Erasure: One name of subject 101', way });
  expect(erasure?.told).toBe('Erasure refused by ada; Erasure approved by ben');
  const records = [{ stream: `form/${VITALS}` }];
  const withdrawn: Side = ['SignatureWithdrawn', { records }];
  const signature = lineOf('electronicSignature', ERASURE, { withdrawn: [withdrawn, withdrawn] });
  expect(signature?.where).toBe('A signature of Subject 101, Screening, Vital signs');
  expect(signature?.toDo).toContain('sign the form again');
  const role = (text: string): Side => ['UserChanged', { user: 'cem', role: text }];
  expect(lineOf('access', 'access', { 'user/cem': [role('monitor'), role('nurse')] })).toMatchObject({
    ...{ where: 'Who may do what', told: 'User changed by ada; User changed by ben' },
  });
  expect(lineOf('query', QUERY, { '*': [['QueryAnswered', { text: 'yes' }], ['QueryClosed']] })).toEqual({
    ...{ where: 'Subject 101, Screening, Vital signs: the query', way: FORM, compared: [] },
    told: 'Answered by ada; Closed by ben',
  });
  for (const line of [erasure, signature]) expect(JSON.stringify({ ...line, compared: [] })).not.toContain(ERASURE);
});

it('of a study that two devices imported, only definitions that differ wait for a person [APP-06, CNF-01]', () => {
  const defines = (definition: Definition): Side => ['StudyDefinitionImported', { definition }];
  const same: readonly [Side, Side] = [defines(QUESTION), defines(QUESTION)];
  const differs: readonly [Side, Side] = [defines(QUESTION), defines({ ...QUESTION, unit: 'bpm' })];
  expect(lineOf('study', 'ST', { 'item/A': same, 'item/B': same })).toBeUndefined();
  const line = lineOf('study', 'ST', { 'item/A': same, 'item/B': differs });
  expect(line).toMatchObject({ where: 'Definitions of Asthma study', told: 'imported by ada and ben' });
  expect(line?.compared.map(({ key }) => key)).toEqual(['item/B']);
});
