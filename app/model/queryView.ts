/** Queries as rows: what each is about, where it stands, and how many of a form wait for somebody. */
import { parseFormId, Query } from '../../src/clinical.ts';
import { defineRollup, defineView } from '../../src/index.ts';

export const WAITING = ['opened', 'answered'];

/** `item`: key of the item (`itemKey`); empty if the query is about the form as a whole. */
export const queries = defineView({
  name: 'queries',
  of: Query,
  row: ({ id, value, context: { about, thread }, conflicts, pending }) => ({
    id,
    form: about?.form ?? '',
    item: about?.item ?? '',
    subject: parseFormId(about?.form ?? '')?.subjectKey ?? '',
    state: String(value),
    /** What was written last. */
    text: thread.at(-1)?.text ?? '',
    entries: thread.length,
    conflicts: conflicts.length,
    pending,
  }),
  indexes: [['state'], ['form', 'item']],
});

/** One row for each form of which a query waits; its key is the form's id. */
export const queriesByForm = defineRollup({
  name: 'queries by form',
  of: queries,
  where: { state: { in: WAITING } },
  groupBy: ['form'],
  measures: { waiting: { count: {} }, answered: { count: { state: 'answered' } } },
});
