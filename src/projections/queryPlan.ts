/**
 * How a query is answered: by the index that has the fewest rows to look at, or by looking at all. Pure.
 *
 * Invariant: whatever way is taken, the answer is that of `runQuery` over all rows. Law: `query.laws`.
 */
import { compareValues, type Entry, type ReadyQuery, type Row, runQuery, type Test } from './query.ts';
import type { Run, SortedIndex } from './sortedIndex.ts';

/** So many values of `in` are looked up one by one. */
const POINTS_MAX = 64;

/** The ways into an index: runs of it that hold every row asked for, in the index's order. */
type Way<R extends Row> = {
  readonly index: SortedIndex<R>;
  readonly runs: readonly Run[];
  /** Rows in the runs. */
  readonly rows: number;
  /** True if the runs, one after the other, are in the order asked for, or in the reverse of it. */
  readonly ordered: 'forwards' | 'backwards' | undefined;
};

/** The smallest value above every text that begins so; what comes after all text where there is none. */
const afterPrefix = (prefix: string): unknown => {
  for (let end = prefix.length; end > 0; end -= 1) {
    const unit = prefix.charCodeAt(end - 1);
    if (unit < 0xffff) return prefix.slice(0, end - 1) + String.fromCharCode(unit + 1);
  }
  return {};
};

const isText = (value: unknown): boolean => typeof value === 'string';

/** The run in which a range of the member after `known` lies. A range holds for values of one kind only. */
const rangeIn = <R extends Row>(index: SortedIndex<R>, known: readonly unknown[], test: Test): Run => {
  const place = (value: unknown, after = false) => index.place([...known, value], after);
  switch (test.kind) {
    case 'from':
      return { from: place(test.bound.value, test.bound.open), to: place(isText(test.bound.value) ? {} : '') };
    case 'to': {
      const from = isText(test.bound.value) ? '' : Number.NEGATIVE_INFINITY;
      return { from: place(from), to: place(test.bound.value, !test.bound.open) };
    }
    case 'prefix':
      return { from: place(test.prefix), to: place(afterPrefix(test.prefix)) };
    case 'in':
      return { from: index.place(known), to: index.place(known, true) };
  }
};

const meet = (a: Run, b: Run): Run => ({ from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) });

/** Whether the rest of an index is in the order asked for, when its first `fixed` members are the same in all rows. */
const orderOf = (members: readonly string[], fixed: number, { orderBy }: ReadyQuery): Way<Row>['ordered'] => {
  const known = new Set(members.slice(0, fixed));
  const asked = orderBy.filter(({ member }) => !known.has(member));
  const rest = members.slice(fixed);
  if (asked.length !== rest.length || !asked.every(({ member }, at) => member === rest[at])) return undefined;
  if (asked.every(({ descending }) => !descending)) return 'forwards';
  return asked.every(({ descending }) => descending) ? 'backwards' : undefined;
};

/** Where a page begins: nothing before the values of the cursor is in it. */
const fromCursor = <R extends Row>(way: Way<R>, known: readonly unknown[], query: ReadyQuery): Way<R> => {
  const { index, ordered } = way;
  const [run] = way.runs;
  if (query.after === undefined || run === undefined || way.runs.length > 1 || ordered === undefined) return way;
  const values = [...known];
  for (const member of index.members.slice(known.length))
    values.push(query.after.values[query.orderBy.findIndex((order) => order.member === member)]);
  const met = meet(
    run,
    ordered === 'forwards'
      ? { from: index.place(values), to: run.to }
      : { from: run.from, to: index.place(values, true) },
  );
  return { ...way, runs: [met], rows: Math.max(0, met.to - met.from) };
};

/** The way through one index: values for as many of its first members as there are, then a range. */
const wayThrough = <R extends Row>(index: SortedIndex<R>, query: ReadyQuery): Way<R> => {
  let points: readonly (readonly unknown[])[] = [[]];
  let fixed = 0;
  for (const member of index.members) {
    const test = query.tests.find((each) => each.kind === 'in' && each.member === member);
    if (test?.kind !== 'in' || test.values.length * points.length > POINTS_MAX) break;
    const values = [...test.values]
      .sort(compareValues)
      .filter((value, at, all) => at === 0 || compareValues(value, all[at - 1]) !== 0);
    points = points.flatMap((point) => values.map((value) => [...point, value]));
    fixed += 1;
  }
  const ranged = index.members[fixed];
  const ranges = query.tests.filter(({ kind, member }) => kind !== 'in' && member === ranged);
  const runs = points
    .map((known) =>
      ranges.reduce<Run>((run, test) => meet(run, rangeIn(index, known, test)), {
        from: index.place(known),
        to: index.place(known, true),
      }),
    )
    .filter(({ from, to }) => from < to);
  const rows = runs.reduce((total, { from, to }) => total + to - from, 0);
  const [only] = points;
  const way: Way<R> = {
    index,
    runs,
    rows,
    ordered: points.length === 1 ? orderOf(index.members, fixed, query) : undefined,
  };
  return only === undefined ? way : fromCursor(way, only, query);
};

/** The rows of a way, one after the other. Backwards, rows that tie keep the order of their keys. */
function* along<R extends Row>({ index, runs, ordered }: Way<R>): Generator<Entry<R>> {
  for (const { from, to } of runs) {
    if (ordered !== 'backwards') {
      for (let place = from; place < to; place += 1) yield* entryAt(index, place);
      continue;
    }
    for (let end = to; end > from; ) {
      const last = index.at(end - 1)?.[1];
      const start = Math.max(from, index.place(index.members.map((member) => last?.[member])));
      for (let place = start; place < end; place += 1) yield* entryAt(index, place);
      end = start;
    }
  }
}

const entryAt = <R extends Row>(index: SortedIndex<R>, place: number): readonly Entry<R>[] => {
  const entry = index.at(place);
  return entry === undefined ? [] : [entry];
};

/** About how many steps a way takes. In the order asked for, it ends when it has enough. */
const costOf = <R extends Row>({ rows, ordered }: Way<R>, { limit }: ReadyQuery, fewest: number): number => {
  if (rows === 0) return 0;
  if (ordered === undefined) return rows * Math.max(1, Math.log2(rows));
  return Math.min(rows, (limit * rows) / Math.max(1, fewest));
};

/** Only what begins with a member that is asked for, or ordered by, can be a way. */
const isOfUse = <R extends Row>({ members: [first] }: SortedIndex<R>, { tests, orderBy }: ReadyQuery): boolean =>
  orderBy[0]?.member === first || tests.some(({ member }) => member === first);

/** The best of the ways, if one is better than looking at all `size` rows. */
const bestWay = <R extends Row>(
  indexes: readonly SortedIndex<R>[],
  query: ReadyQuery,
  size: number,
): Way<R> | undefined => {
  const ways = indexes.filter((index) => isOfUse(index, query)).map((index) => wayThrough(index, query));
  const fewest = ways.reduce((least, { rows }) => Math.min(least, rows), size);
  let best: Way<R> | undefined;
  let least = size * Math.max(1, Math.log2(size));
  for (const way of ways) {
    const cost = costOf(way, query, fewest);
    if (cost >= least) continue;
    [best, least] = [way, cost];
  }
  return best;
};

/** The rows asked for, in the order asked for. `looked`: how many rows were looked at. */
export const answer = <R extends Row>(
  rows: ReadonlyMap<string, R>,
  indexes: readonly SortedIndex<R>[],
  query: ReadyQuery,
): { readonly entries: readonly Entry<R>[]; readonly looked: number } => {
  const way = bestWay(indexes, query, rows.size);
  if (way === undefined) return { entries: runQuery(rows, query), looked: rows.size };
  if (way.ordered === undefined) return { entries: runQuery(along(way), query), looked: way.rows };
  const entries: Entry<R>[] = [];
  let looked = 0;
  for (const entry of along(way)) {
    if (entries.length >= query.limit) break;
    looked += 1;
    if (query.takes(entry)) entries.push(entry);
  }
  return { entries, looked };
};
