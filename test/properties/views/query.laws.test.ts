/** Laws of queries: whatever index, page or join answers, it gives what looking at all rows gives. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EVERY_ROW, type Row, readyQuery, runQuery } from '../../../src/projections/query.ts';
import { answer } from '../../../src/projections/queryPlan.ts';
import { sortedIndex } from '../../../src/projections/sortedIndex.ts';
import { defineView } from '../../../src/projections/view.ts';
import type { QueryResult } from '../../../src/streams/liveQuery.ts';
import { outcomeOf, Visit } from '../../unit/store/trial.ts';
import { ask, asked, changes, openWorld, type PointRow } from './world.ts';

it('an indexed view answers any query as filter and sort of all its rows do, after every change [PRJ-07]', () => {
  fc.assert(
    fc.property(changes, fc.array(asked, { minLength: 1, maxLength: 5 }), (steps, queries) => {
      const world = openWorld();
      for (const step of steps) {
        world.change(step);
        for (const query of queries) expect(ask(world.query(), query).rows()).toEqual(ask(world.plain(), query).rows());
      }
    }),
    { numRuns: 300 },
  );
});

it('conditions mean what their names say, and a range takes values of its own kind only [PRJ-07]', () => {
  const world = openWorld();
  const values = [-1, 0, 1, 2, null];
  world.change(values.map((n, at) => [`p${at}`, { site: ['', '01', '012', '02', '1'][at] ?? '', n }]));
  const found = (where: Parameters<ReturnType<typeof world.query>['where']>[0]) =>
    world
      .query()
      .where(where)
      .rows()
      .map(({ n }) => n);
  expect(found({ n: { gt: 0 } })).toEqual([1, 2]);
  expect(found({ n: { gte: 0, lt: 2 } })).toEqual([0, 1]);
  expect(found({ n: { lte: 0 } })).toEqual([-1, 0]);
  expect(found({ n: { between: [0, 1] } })).toEqual([0, 1]);
  expect(found({ n: { in: [2, null, 7] } })).toEqual([2, null]);
  expect(found({ n: null })).toEqual([null]);
  expect(found({ site: { prefix: '01' } })).toEqual([0, 1]);
  expect(found({ site: { gt: '01' } })).toEqual([1, 2, null]);
  expect(found({ site: { prefix: '0' }, n: { gt: 0 } })).toEqual([1, 2]);
  expect(
    world
      .query()
      .where({ n: { gt: -1 } })
      .where({ n: { lt: 2 } })
      .rows()
      .map(({ n }) => n),
  ).toEqual([0, 1]);
});

it('looks at no more rows than an index makes necessary: of a thousand, those of the page [PRJ-08]', () => {
  const rows = new Map<string, Row>();
  for (let at = 0; at < 1_000; at += 1) rows.set(`p${at}`, { site: `s${at % 10}`, n: at });
  const indexes = [sortedIndex(['site'], rows), sortedIndex(['n'], rows)];
  const looked = (query: Partial<typeof EVERY_ROW>): number => {
    const ready = readyQuery({ ...EVERY_ROW, ...query });
    const found = answer(rows, indexes, ready);
    expect(found.entries).toEqual(runQuery(rows, ready));
    return found.looked;
  };
  const orderBy = [{ member: 'n', descending: true }];
  expect(looked({ where: [{ site: 's3' }] })).toBe(100);
  expect(looked({ where: [{ n: { between: [10, 19] } }] })).toBe(10);
  expect(looked({ where: [{ n: { gte: 990 } }, { site: { prefix: 's' } }] })).toBe(10);
  expect(looked({ orderBy, limit: 7 })).toBe(7);
  expect(looked({ orderBy, limit: 7, after: { values: [500], key: 'p500' } })).toBe(8);
  expect(looked({ where: [{ n: { in: [1, 2, 3] } }] })).toBe(3);
  expect(looked({ where: [{ n: 5_000 }] })).toBe(0);
  expect(looked({ where: [{ other: 1 }] })).toBe(1_000);
});

it('pages put together are the whole, and what changes between two of them shows no row twice [PRJ-09]', () => {
  fc.assert(
    fc.property(changes, asked, fc.integer({ min: 1, max: 3 }), (steps, query, limit) => {
      const world = openWorld();
      for (const step of steps) world.change(step);
      const pages = (between: () => void): readonly string[] => {
        const keys: string[] = [];
        let page = ask(world.query(), { ...query, limit }).result();
        for (keys.push(...page.keys); page.next !== undefined; keys.push(...page.keys)) {
          between();
          page = ask(world.query(), { ...query, limit }, page.next).result();
        }
        return keys;
      };
      expect(pages(() => undefined)).toEqual(ask(world.query(), { ...query, limit: undefined }).result().keys);
      const [first = []] = steps;
      const gone = pages(() => world.change(first.map(([id]) => [id, undefined])));
      expect(new Set(gone).size).toBe(gone.length);
    }),
    { numRuns: 200 },
  );
});

it('refuses a limit that is no number of rows [PRJ-09]', async () => {
  const world = openWorld();
  world.change([['a', { site: '01', n: 1 }]]);
  for (const limit of [-1, 1.5, Number.NaN])
    expect(await outcomeOf(Promise.resolve().then(world.query().limit(limit).rows))).toBe('query.wrong-limit');
  expect([0, 1, Number.POSITIVE_INFINITY].map((limit) => world.query().limit(limit).rows().length)).toEqual([0, 1, 1]);
});

it('refuses a cursor of a query that orders by other members [PRJ-09]', async () => {
  const world = openWorld();
  const query = world.query().orderBy('n').after({ values: [], key: 'a' });
  expect(await outcomeOf(Promise.resolve().then(query.rows))).toBe('query.wrong-cursor');
});

/** Checks that what changed says how a result came from the one before it. */
const checkChanges = (
  before: QueryResult | undefined,
  { rows, keys, changes: { added, updated, removed } }: QueryResult,
) => {
  const was = new Map(before?.keys.map((key, at) => [key, before.rows[at]]));
  const now = new Map(keys.map((key, at) => [key, rows[at]]));
  const isNew = (key: string) => !was.has(key);
  const differs = (key: string) => was.has(key) && JSON.stringify(was.get(key)) !== JSON.stringify(now.get(key));
  expect(added).toEqual(keys.filter(isNew));
  expect(updated).toEqual(keys.filter(differs));
  expect(removed).toEqual([...was.keys()].filter((key) => !now.has(key)));
  for (const key of keys) if (!isNew(key) && !differs(key)) expect(now.get(key)).toBe(was.get(key));
};

it('each emission names exactly the keys that came, changed or went; rows that stay are the same objects [PRJ-10]', () => {
  fc.assert(
    fc.property(changes, asked, fc.boolean(), (steps, query, selects) => {
      const world = openWorld();
      const all = ask(world.query(), query);
      const seen: QueryResult[] = [];
      (selects ? all.select('site') : all).result$.subscribe((result) => seen.push(result));
      for (const step of steps) world.change(step);
      for (const [at, result] of seen.entries()) checkChanges(seen[at - 1], result);
      expect(seen.at(-1)?.keys).toEqual(all.result().keys);
    }),
    { numRuns: 300 },
  );
});

it('of a hundred subscribers it wakes the one whose result has changed [PRJ-04]', () => {
  const world = openWorld();
  const ids = Array.from({ length: 100 }, (_, at) => `p${at}`);
  world.change(ids.map((id, n) => [id, { site: `${n % 10}`, n }]));
  let woken: string[] = [];
  for (const id of ids)
    world
      .query()
      .where({ id })
      .rows$.subscribe(() => woken.push(id));
  world
    .query()
    .orderBy('n')
    .limit(5)
    .rows$.subscribe(() => woken.push('first five'));
  world
    .query()
    .select('site')
    .rows$.subscribe(() => woken.push('sites'));
  woken = [];
  world.change([['p50', { site: '0', n: 51 }]]);
  expect(woken).toEqual(['p50']);
  woken = [];
  world.change([['p50', { site: '0', n: 51 }]]);
  expect(woken).toEqual([]);
  world.change([['p50', { site: '1', n: -1 }]]);
  expect(woken).toEqual(['p50', 'first five', 'sites']);
});

it('shows the joined row as it is: both views of a batch change in one emission [PRJ-11]', () => {
  const sites = defineView({
    name: 'sites',
    of: Visit,
    row: ({ id }) => (id.startsWith('0') ? { name: id, seen: seenOf(id) } : undefined),
  });
  const seen = new Map<string, number>();
  const seenOf = (id: string): number => seen.get(id) ?? 0;
  const world = openWorld(() => [sites]);
  const joined = world
    .query()
    .where({ id: { prefix: 'p' } })
    .join(sites, { by: 'site', as: 'at' });
  const shown: (readonly (PointRow & { readonly at: { readonly seen: number } | undefined })[])[] = [];
  joined.rows$.subscribe((rows) => shown.push(rows));
  world.change([
    ['01', undefined],
    ['p1', { site: '01', n: 1 }],
    ['p2', { site: '02', n: 1 }],
  ]);
  seen.set('01', 1);
  world.change([
    ['01', undefined],
    ['p2', { site: '01', n: 2 }],
  ]);
  world.change([['02', undefined]]);
  expect(shown.map((rows) => rows.map(({ id, at }) => [id, at?.seen]))).toEqual([
    [],
    [
      ['p1', 0],
      ['p2', undefined],
    ],
    [
      ['p1', 1],
      ['p2', 1],
    ],
  ]);
  expect(shown.at(-1)).toEqual(joined.rows());
});
