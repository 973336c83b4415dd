/** Examples of views and rollups: they hold, or say why not. */
import { expect, it } from 'vitest';
import { defineRollup, defineView } from '../../../src/index.ts';
import { ExampleError, givenRows } from '../../../src/testing/index.ts';
import { item, LOCK, Visit } from '../store/trial.ts';
import { codeOf } from '../support.ts';

const visits = defineView({
  name: 'visits',
  of: Visit,
  row: ({ id, value, context, version }) => ({
    id: String(id),
    state: String(value),
    values: Object.keys(context.items).length,
    version,
  }),
});
const byState = defineRollup({
  name: 'by state',
  of: visits,
  groupBy: ['state'],
  measures: { visits: { count: {} }, values: { sum: 'values' } },
});

const histories = { v2: [item('BP', 120), LOCK], v1: [item('BP', 120), item('HR', 60)] };

it('an example of a view or a rollup shows the rows that a store would, before an event and after it [TKT-03]', () => {
  givenRows(Visit, visits).shows([]);
  const rows = givenRows(Visit, visits, histories);
  rows.shows([
    { id: 'v1', state: 'open', values: 2, version: 2 },
    { id: 'v2', state: 'locked', values: 1, version: 2 },
  ]);
  rows.when('v3', LOCK).shows([
    { id: 'v1', state: 'open', values: 2, version: 2 },
    { id: 'v2', state: 'locked', values: 1, version: 2 },
    { id: 'v3', state: 'locked', values: 0, version: 1 },
  ]);
  const groups = givenRows(Visit, byState, histories);
  groups.shows([
    { state: 'locked', visits: 1, values: 1 },
    { state: 'open', visits: 1, values: 2 },
  ]);
  groups.when('v1', LOCK).shows([{ state: 'locked', visits: 2, values: 3 }]);
});

it('one that does not hold says so, and its events satisfy machine and schema [TKT-03]', () => {
  const rows = givenRows(Visit, byState, histories);
  expect(() => rows.shows([])).toThrow(ExampleError);
  expect(() => rows.shows([])).toThrow('rows: expected [], came [{"state":"locked","visits":1,"values":1}');
  expect(() => rows.when('v2', LOCK)).toThrow('the history is not legal: event 3, VisitLocked, in "locked"');
  expect(codeOf(() => rows.when('v1', item('', 1)))).toBe('append.invalid');
});
