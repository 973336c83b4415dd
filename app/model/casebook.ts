/** The casebook: one row for each form, live. */
import { type FormContext, parseFormId } from '../../src/clinical.ts';
import { type AggregateSnapshot, defineView, type Store } from '../../src/index.ts';
import { Form } from './form.ts';
import { queriesByForm } from './queryView.ts';

type FormRow = {
  readonly id: string;
  readonly subject: string;
  readonly visit: string;
  readonly visitRepeat: string;
  readonly form: string;
  readonly formRepeat: string;
  readonly values: number;
  readonly state: AggregateSnapshot['value'];
  readonly pending: number;
  readonly conflicts: number;
  readonly items: FormContext['items'];
};

/** `queries`: what waits for somebody about the form; undefined if nothing does. */
export type CasebookRow = FormRow & { readonly queries: { readonly waiting: number } | undefined };

export const casebook = defineView({
  name: 'casebook',
  of: Form,
  row: ({ id, value, context, pending, conflicts }): FormRow => {
    const key = parseFormId(id);
    return {
      id,
      subject: key?.subjectKey ?? id,
      visit: key?.studyEventOid ?? '',
      visitRepeat: key?.studyEventRepeatKey ?? '',
      form: key?.formOid ?? '',
      formRepeat: key?.formRepeatKey ?? '',
      values: Object.values(context.items).filter((item) => item !== null).length,
      state: value,
      pending,
      conflicts: conflicts.length,
      items: context.items,
    };
  },
});

/** The casebook with the queries that wait. */
export const casebookWithQueries = (store: Store) =>
  store.view(casebook).join(queriesByForm, { by: 'id', as: 'queries' });

/**
 * A short digest of everything a device shows: equal on two devices when they hold equal states. Not a proof, that is
 * what verification is for.
 */
export const fingerprintOf = async (rows: readonly CasebookRow[]): Promise<string> => {
  const shown = [...rows]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, state, items, conflicts }) => [id, state, conflicts, Object.entries(items).sort(byKey)]);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(shown)));
  const hex = [...new Uint8Array(digest, 0, 6)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/(.{4})(?=.)/g, '$1 ');
};

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);
