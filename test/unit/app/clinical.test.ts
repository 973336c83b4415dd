/** What the app says of clinical aggregates, against the machines themselves; the matrix of a subject. */
import fc from 'fast-check';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import {
  type Answers,
  askAct,
  diaryActs,
  FORM_ACTS,
  QUERY_ACTS,
  subjectActs,
  visitActs,
} from '../../../app/model/acts.ts';
import type { CasebookRow } from '../../../app/model/casebook.ts';
import { catalogOf } from '../../../app/model/catalog.ts';
import { matrixOf, newFormId } from '../../../app/model/matrix.ts';
import { subjectOfVisit, visitId } from '../../../app/model/subjectViews.ts';
import { eventText, stateWords } from '../../../app/model/wording.ts';
import { Standing } from '../../../app/ui/StateTag.tsx';
import { DiaryEntry, Form, formId, parseFormId, Query, Subject, Visit } from '../../../src/clinical.ts';
import type { AggregateDefinition } from '../../../src/core/aggregate.ts';
import { machineOfAggregate } from '../machines/machineOf.ts';

const SHOWN: readonly AggregateDefinition[] = [Form, Query, DiaryEntry, Subject, Visit];

it('every state and every event of an aggregate has words of its own [APP-21]', () => {
  for (const definition of SHOWN) {
    const names = Object.keys(machineOfAggregate(definition).states);
    const texts = names.map((name) => stateWords(definition.type, name).text);
    expect(new Set(texts).size).toBe(names.length);
    for (const text of texts) expect(text).toMatch(/^[A-Z]/);
    for (const event of definition.events.keys()) expect(eventText(definition.type, event)).not.toBe(event);
  }
});

it('every event of a person has a button, but for signing and for values, which have controls of their own [APP-21]', () => {
  const now = () => '2026-01-05T08:00:00.000Z';
  const acts: readonly (readonly [
    AggregateDefinition,
    readonly { event: (answers: Answers) => { type: string } }[],
  ])[] = [
    [Form, FORM_ACTS],
    [Query, [askAct('f', null), ...QUERY_ACTS]],
    [Subject, subjectActs('101')],
    [Visit, visitActs('101', 'V1')],
    [DiaryEntry, diaryActs(now, { submittedAt: null, window: null })],
  ];
  const elsewhere = ['ItemRecorded', 'FormSigned', 'DiaryItemRecorded', 'DiaryItemCorrected'];
  for (const [definition, own] of acts) {
    const offered = own.map(({ event }) => event({}).type);
    const all = [...definition.events.keys()].filter((type) => !elsewhere.includes(type));
    expect([...new Set(offered)].sort()).toEqual(all.sort());
  }
});

const part = fc.string({ minLength: 1, maxLength: 8 });
const row = (id: string): CasebookRow => {
  const key = parseFormId(id);
  return {
    ...{ id, subject: key?.subjectKey ?? '', visit: key?.studyEventOid ?? '', form: key?.formOid ?? '' },
    ...{ visitRepeat: key?.studyEventRepeatKey ?? '', formRepeat: key?.formRepeatKey ?? '' },
    ...{ values: 0, state: 'draft', pending: 0, conflicts: 0, items: {}, queries: undefined },
  };
};

it('each form of a subject stands once among its visits and forms, whatever its keys [APP-23]', () => {
  const place = fc.record({
    ...{ studyEventOid: part, formOid: part },
    ...{ studyEventRepeatKey: fc.option(part, { nil: undefined }), formRepeatKey: fc.option(part, { nil: undefined }) },
  });
  fc.assert(
    fc.property(part, fc.array(place, { maxLength: 8 }), (subject, places) => {
      const ids = places.map(({ studyEventRepeatKey, formRepeatKey, ...rest }) =>
        formId({
          ...{ subjectKey: subject, ...rest },
          ...(studyEventRepeatKey === undefined ? {} : { studyEventRepeatKey }),
          ...(formRepeatKey === undefined ? {} : { formRepeatKey }),
        }),
      );
      const distinct = [...new Set(ids)];
      const { forms, visits } = matrixOf(subject, distinct.map(row), catalogOf([]));
      const shown = visits.flatMap(({ cells }) => cells.flat());
      expect(shown.map(({ id }) => id).sort()).toEqual(distinct.sort());
      for (const visit of visits) {
        expect(visit.id).toBe(visitId(subject, visit.visit, visit.repeat));
        expect(subjectOfVisit(visit.id)).toBe(subject);
        for (const [at, cell] of visit.cells.entries())
          for (const found of cell) expect([found.form, found.visit]).toEqual([forms[at], visit.visit]);
        for (const form of forms)
          expect(parseFormId(newFormId(subject, visit, form))).toMatchObject({ subjectKey: subject, formOid: form });
      }
    }),
    { numRuns: 50 },
  );
});

it('what cannot be relied on of an aggregate is said with what to do [APP-21]', () => {
  const calm = { conflicts: 0, pending: 0, readOnly: false, damaged: false, inapplicable: 0 };
  const said = (facts: Partial<typeof calm>) => renderToStaticMarkup(createElement(Standing, { ...calm, ...facts }));
  expect(said({})).toBe('');
  expect(said({ conflicts: 2 })).toContain('Conflict');
  expect(said({ pending: 3 })).toContain('Pending 3');
  expect(said({ readOnly: true })).toContain('Read only: update the app');
  expect(said({ damaged: true })).toContain('damaged on this device');
  expect(said({ inapplicable: 1 })).toContain('1 without effect');
});
