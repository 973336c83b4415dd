/** Visits and diaries of subjects as rows; and the ids by which they are found. */
import { DiaryEntry, formId, parseFormId, Visit } from '../../src/clinical.ts';
import { defineView } from '../../src/index.ts';

/** Of a visit: what the ids of its forms begin with. */
export const visitId = (subject: string, visit: string, repeat: string): string => {
  const form = formId({
    ...{ subjectKey: subject, studyEventOid: visit, formOid: 'F' },
    ...(repeat === '' ? {} : { studyEventRepeatKey: repeat }),
  });
  return form.slice(0, form.lastIndexOf('/'));
};

/** Whose visit an id names; empty if `visitId` makes no such id. */
export const subjectOfVisit = (id: string): string => parseFormId(`${id}/F`)?.subjectKey ?? '';

const DIARY = 'diary';

/** @param opens  time in UTC, which tells the entries of one questionnaire apart */
export const diaryId = (subject: string, form: string, opens: string): string =>
  formId({ subjectKey: subject, studyEventOid: DIARY, formOid: form, formRepeatKey: opens });

export const visits = defineView({
  name: 'visits',
  of: Visit,
  row: ({ id, value, context: { planned, on, deviationDays }, conflicts }) => ({
    id,
    subject: planned?.subject ?? '',
    visit: planned?.visit ?? '',
    state: String(value),
    on: on ?? planned?.on ?? '',
    deviationDays,
    conflicts: conflicts.length,
  }),
  indexes: [['subject']],
});

export const diary = defineView({
  name: 'diary',
  of: DiaryEntry,
  row: ({ id, value, context: { window, lateMs }, conflicts }) => {
    const key = parseFormId(id);
    return {
      ...{ id, subject: key?.subjectKey ?? '', form: key?.formOid ?? '', state: String(value) },
      ...{ opens: window?.opens ?? '', lateMs, conflicts: conflicts.length },
    };
  },
  indexes: [['subject', 'opens']],
});
