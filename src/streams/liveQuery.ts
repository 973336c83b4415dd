/**
 * Queries that follow their tables: one emission for each batch of changes that changed the result, with what changed.
 *
 * Invariants: what was emitted last is what asking anew would give; nobody is told whose result is the same. An emission is the whole
 * result, so a consumer that skips some has missed nothing; nothing is queued for it. Laws: `view.laws`, `query.laws`.
 */
import { distinctUntilChanged, map, Observable } from 'rxjs';
import type { Cursor, Direction, Entry, Query, ReadyQuery, Row, Where } from '../projections/query.ts';
import { EVERY_ROW, readyQuery } from '../projections/query.ts';
import type { RollupDefinition } from '../projections/rollup.ts';
import { changeSorted } from '../projections/sortedIndex.ts';
import type { RowChange, Table } from '../projections/table.ts';
import { sameRow, type ViewDefinition } from '../projections/view.ts';
import type { AsOf } from './past.ts';

/** What a query found. */
export type QueryResult<S extends Row = Row> = {
  readonly rows: readonly S[];
  /** The key of each row, in the same order: of a view the aggregate's id. */
  readonly keys: readonly string[];
  /** Keys that came, changed or went since the last emission; in the first one all came. A row that only moved is in none. */
  readonly changes: {
    readonly added: readonly string[];
    readonly updated: readonly string[];
    readonly removed: readonly string[];
  };
  /** Where the next page begins; undefined if this one is not full. For `after`. */
  readonly next: Cursor | undefined;
  /** True while states are folded anew after schemas or machines have changed: rows may be of the ones before, or missing. */
  readonly stale: boolean;
};

type Found = Omit<QueryResult, 'stale'>;

/** A live query over rows R that shows S of them: refine it, then subscribe or ask. */
export type LiveQuery<R extends Row, S extends Row = R> = {
  /** Keeps rows with these members, or whose members satisfy these conditions; together with every earlier `where`. */
  readonly where: (where: Where<R>) => LiveQuery<R, S>;
  /** First by the first one asked for; ties keep the order of keys. */
  readonly orderBy: (member: keyof R & string, direction?: Direction) => LiveQuery<R, S>;
  /** At most so many rows. @throws StoreError `query.wrong-limit` if that is no number of rows, when it is asked */
  readonly limit: (count: number) => LiveQuery<R, S>;
  /**
   * Goes on behind a place that an earlier result of the same order named: of rows that came or went meanwhile none is seen twice.
   * @throws StoreError `query.wrong-cursor`, when it is asked
   */
  readonly after: (cursor: Cursor) => LiveQuery<R, S>;
  /** Shows these members only, and emits only when one of them changes. */
  readonly select: <M extends keyof S & string>(...members: readonly M[]) => LiveQuery<R, Pick<S, M>>;
  /**
   * Shows beside each row, as member `as`, the row of another view whose key is in member `by`; undefined if there is none.
   * @throws StoreError `query.unknown-view` if the view is not registered
   */
  readonly join: <O extends Row, A extends string>(
    view: ViewDefinition<O> | RollupDefinition<O>,
    on: { readonly by: keyof R & string; readonly as: A },
  ) => LiveQuery<R, S & { readonly [K in A]: O | undefined }>;
  /** The rows now, and again whenever they change. */
  readonly rows$: Observable<readonly S[]>;
  /** The same with keys, with what changed, and with where the next page begins. */
  readonly result$: Observable<QueryResult<S>>;
  /** The rows now. */
  readonly rows: () => readonly S[];
  /** The result now, as a first emission. */
  readonly result: () => QueryResult<S>;
  /**
   * The rows as of a moment; of joined views too. Reads the log.
   * @throws StoreError `query.wrong-moment`, `storage.*`
   */
  readonly asOf: (at: AsOf) => Promise<readonly S[]>;
};

/** A live query as it is made, before its rows have a type: the definition that it was opened from says which. */
export type RawQuery = {
  readonly where: (where: Where<Row>) => RawQuery;
  readonly orderBy: (member: string, direction?: Direction) => RawQuery;
  readonly limit: (count: number) => RawQuery;
  readonly after: (cursor: Cursor) => RawQuery;
  readonly select: (...members: readonly string[]) => RawQuery;
  readonly join: (view: AnyView, on: { readonly by: string; readonly as: string }) => RawQuery;
  readonly rows$: Observable<readonly Row[]>;
  readonly result$: Observable<QueryResult>;
  readonly rows: () => readonly Row[];
  readonly result: () => QueryResult;
  readonly asOf: (at: AsOf) => Promise<readonly Row[]>;
};

/** What became of the rows of all tables at once, as the `at`-th time. */
export type TableChanges = { readonly at: number; readonly of: ReadonlyMap<Table, readonly RowChange[]> };

export type AnyView = ViewDefinition | RollupDefinition;

export type Tables = {
  readonly changes$: Observable<TableChanges>;
  /** How often the tables have changed. */
  readonly changed: () => number;
  /** @throws StoreError `query.unknown-view` */
  readonly tableOf: (definition: AnyView) => Table;
  /** The tables of some views as of a moment. */
  readonly past: (at: AsOf, views: readonly AnyView[]) => Promise<Tabled>;
  /** True while states that one of the views is made of are of other rules than now. */
  readonly isStale: (views: readonly AnyView[]) => boolean;
};

type Tabled = Pick<Tables, 'tableOf' | 'isStale'>;

/** A join as it is asked for, and with the rows that it finds. */
type Asked = { readonly view: AnyView; readonly by: string; readonly as: string };
type Join = { readonly table: Table; readonly by: string; readonly as: string };
type Shape = { readonly joins: readonly Join[]; readonly members: readonly string[] | undefined };

const keyIn = (row: Row, by: string): string => {
  const key = row[by];
  return typeof key === 'string' ? key : '';
};

const shownOf = (row: Row, { joins, members }: Shape): Row => {
  if (joins.length === 0 && members === undefined) return row;
  const joined = joins.map(({ table, by, as }) => [as, table.get(keyIn(row, by))] as const);
  const whole: Row = { ...row, ...Object.fromEntries(joined) };
  return members === undefined ? whole : Object.fromEntries(members.map((member) => [member, whole[member]]));
};

/** The entries of a query after changes of its table, from those before: `again` is asked where that does not tell. */
const advanceWindow = (
  window: readonly Entry[],
  changes: readonly RowChange[],
  { query, again }: { readonly query: ReadyQuery; readonly again: () => readonly Entry[] },
): readonly Entry[] => {
  const { limit, takes, compare } = query;
  const last = window.length >= limit ? window.at(-1) : undefined;
  if (limit === 0) return window;
  const isSeen = (entry: Entry): boolean => takes(entry) && (last === undefined || compare(entry, last) <= 0);
  const removed: Entry[] = [];
  const added: Entry[] = [];
  for (const { key, before, after } of changes) {
    if (before !== undefined && isSeen([key, before])) removed.push([key, before]);
    if (after !== undefined && isSeen([key, after])) added.push([key, after]);
  }
  if (removed.length === 0 && added.length === 0) return window;
  const next = changeSorted([...window], { removed, added }, compare);
  if (last !== undefined && next.length < limit) return again();
  return next.length > limit ? next.slice(0, limit) : next;
};

const nextPage = (window: readonly Entry[], { limit, cursorOf }: ReadyQuery): Cursor | undefined => {
  const last = window.at(-1);
  return last === undefined || window.length < limit ? undefined : cursorOf(last);
};

/** Keeps what is shown of each row as the same object for as long as it says the same. */
const showing = (query: ReadyQuery, shape: Shape) => {
  let shown = new Map<string, { readonly row: Row; readonly as: Row }>();
  let isFirst = true;
  /** The result for these entries; undefined if it is the one before. `isTouched`: a joined row of it has changed. */
  return (window: readonly Entry[], isTouched: (row: Row) => boolean): Found | undefined => {
    const [added, updated]: [string[], string[]] = [[], []];
    const next: typeof shown = new Map();
    for (const [key, row] of window) {
      const was = shown.get(key);
      const isKept = was !== undefined && was.row === row && !isTouched(row);
      const as = isKept ? was.as : shownOf(row, shape);
      if (was === undefined) added.push(key);
      else if (!sameRow(was.as, as)) updated.push(key);
      next.set(key, { row, as: was !== undefined && sameRow(was.as, as) ? was.as : as });
    }
    const before = [...shown.keys()];
    const removed = before.filter((key) => !next.has(key));
    const keys = [...next.keys()];
    shown = next;
    const isSame = added.length + updated.length + removed.length === 0 && keys.every((key, at) => key === before[at]);
    if (isSame && !isFirst) return undefined;
    isFirst = false;
    const rows = [...next.values()].map(({ as }) => as);
    return { rows, keys, changes: { added, updated, removed }, next: nextPage(window, query) };
  };
};

const NONE: readonly RowChange[] = [];
const NO_CHANGES: QueryResult['changes'] = { added: [], updated: [], removed: [] };
const untouched = (): boolean => false;

/** Which rows show a joined row that has changed. */
const touchedBy = ({ joins }: Shape, of: TableChanges['of']): ((row: Row) => boolean) => {
  const touched = joins.flatMap(({ table, by }) => {
    const keys = new Set(of.get(table)?.map(({ key }) => key));
    return keys.size === 0 ? [] : [{ by, keys }];
  });
  return touched.length === 0 ? untouched : (row) => touched.some(({ by, keys }) => keys.has(keyIn(row, by)));
};

const follow = (tables: Tables, { views, table, query, shape }: Bound) =>
  new Observable<QueryResult>((subscriber) => {
    const isStale = () => tables.isStale(views);
    const again = () => table.find(query);
    const show = showing(query, shape);
    const since = tables.changed();
    let window = again();
    let last: QueryResult | undefined;
    const emit = (isTouched: (row: Row) => boolean) => {
      const stale = isStale();
      const found =
        show(window, isTouched) ?? (last?.stale === stale ? undefined : last && { ...last, changes: NO_CHANGES });
      if (found === undefined) return;
      last = { ...found, stale };
      subscriber.next(last);
    };
    const subscription = tables.changes$.subscribe(({ at, of }) => {
      if (at <= since) return;
      const before = window;
      window = advanceWindow(window, of.get(table) ?? NONE, { query, again });
      const isTouched = touchedBy(shape, of);
      if (window !== before || isTouched !== untouched || last?.stale !== isStale()) emit(isTouched);
    });
    subscriber.add(subscription);
    emit(untouched);
  });

type Spec = {
  readonly query: Query;
  readonly joins: readonly Asked[];
  readonly members: readonly string[] | undefined;
};
const ALL: Spec = { query: EVERY_ROW, joins: [], members: undefined };

/** A query and the rows that it is about. */
type Bound = {
  readonly views: readonly AnyView[];
  readonly table: Table;
  readonly query: ReadyQuery;
  readonly shape: Shape;
};

const bind = ({ tableOf }: Pick<Tables, 'tableOf'>, view: AnyView, { query, joins, members }: Spec): Bound => ({
  views: [view, ...joins.map((join) => join.view)],
  table: tableOf(view),
  query: readyQuery(query),
  shape: { joins: joins.map((join) => ({ ...join, table: tableOf(join.view) })), members },
});

const resultOf = (tables: Tabled, view: AnyView, spec: Spec): QueryResult => {
  const { views, table, query, shape } = bind(tables, view, spec);
  const found = showing(query, shape)(table.find(query), untouched);
  return { ...(found ?? { rows: [], keys: [], changes: NO_CHANGES, next: undefined }), stale: tables.isStale(views) };
};

/** Queries over one view. @throws StoreError `query.unknown-view` */
export const liveQuery = (tables: Tables, view: AnyView, spec: Spec = ALL): RawQuery => {
  const { query, joins } = spec;
  bind(tables, view, { ...spec, query: EVERY_ROW });
  const refined = (more: Partial<Query>) => liveQuery(tables, view, { ...spec, query: { ...query, ...more } });
  const result = (): QueryResult => resultOf(tables, view, spec);
  const result$ = new Observable<QueryResult>((subscriber) =>
    follow(tables, bind(tables, view, spec)).subscribe(subscriber),
  );
  return {
    where: (where) => refined({ where: [...query.where, where] }),
    orderBy: (member, direction = 'ascending') =>
      refined({ orderBy: [...query.orderBy, { member, descending: direction === 'descending' }] }),
    limit: (limit) => refined({ limit }),
    after: (after) => refined({ after }),
    select: (...members) => liveQuery(tables, view, { ...spec, members }),
    join: (other, { by, as }) => liveQuery(tables, view, { ...spec, joins: [...joins, { view: other, by, as }] }),
    rows$: result$.pipe(
      map(({ rows }) => rows),
      distinctUntilChanged(), // the rows stay the same ones where only `stale` has changed
    ),
    result$,
    rows: () => result().rows,
    result,
    asOf: async (at) => {
      const past = await tables.past(at, [view, ...joins.map((join) => join.view)]);
      return resultOf(past, view, spec).rows;
    },
  };
};
