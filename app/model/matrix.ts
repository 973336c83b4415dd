/** The forms of one subject as visits by forms: what the study defines, joined with what is recorded. Pure. */
import { formId } from '../../src/clinical.ts';
import type { CasebookRow } from './casebook.ts';
import type { Catalog } from './catalog.ts';
import { visitId } from './subjectViews.ts';

type Place = { readonly visit: string; readonly repeat: string };

export type MatrixVisit = Place & {
  readonly id: string;
  /** Forms that are recorded, one list for each form, in the order of the forms; repeats in theirs. */
  readonly cells: readonly (readonly CasebookRow[])[];
};
export type Matrix = { readonly forms: readonly string[]; readonly visits: readonly MatrixVisit[] };

const compare = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

/** The id of a form at a visit, where none is recorded yet. */
export const newFormId = (subject: string, { visit, repeat }: Place, form: string): string =>
  formId({
    ...{ subjectKey: subject, studyEventOid: visit, formOid: form },
    ...(repeat === '' ? {} : { studyEventRepeatKey: repeat }),
  });

const orderOf = (catalog: Catalog, kind: 'visit' | 'form') => (a: string, b: string) =>
  catalog.orderOf(kind, a) - catalog.orderOf(kind, b) || compare(a, b);

/** The visits of the study, and those that are recorded besides, in their order. */
export const placesOf = (
  subject: string,
  rows: readonly Pick<CasebookRow, 'visit' | 'visitRepeat'>[],
  catalog: Catalog,
): readonly (Place & { readonly id: string })[] => {
  const recorded = rows.map(({ visit, visitRepeat }): Place => ({ visit, repeat: visitRepeat }));
  const besides = catalog.visits.filter((visit) => recorded.every((place) => place.visit !== visit));
  const places = [...recorded, ...besides.map((visit): Place => ({ visit, repeat: '' }))];
  const byVisit = orderOf(catalog, 'visit');
  return [...new Map(places.map((place) => [visitId(subject, place.visit, place.repeat), place]))]
    .map(([id, place]) => ({ id, ...place }))
    .sort((a, b) => byVisit(a.visit, b.visit) || compare(a.repeat, b.repeat));
};

/** Forms are those of the study and those that are recorded besides. */
export const matrixOf = (subject: string, rows: readonly CasebookRow[], catalog: Catalog): Matrix => {
  const forms = [...new Set([...catalog.forms, ...rows.map(({ form }) => form)])].sort(orderOf(catalog, 'form'));
  const visits = placesOf(subject, rows, catalog).map((place) => {
    const own = rows.filter(({ visit, visitRepeat }) => visit === place.visit && visitRepeat === place.repeat);
    const cellOf = (form: string) =>
      own.filter((row) => row.form === form).sort((a, b) => compare(a.formRepeat, b.formRepeat));
    return { ...place, cells: forms.map(cellOf) };
  });
  return { forms, visits };
};
