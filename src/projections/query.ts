/**
 * Queries over keyed rows: which rows, in which order, how many, from where on. Pure.
 *
 * `runQuery` is the plain version, filter and sort of all rows: what indexes and live results are compared with. Law: `query.laws`.
 */
import { StoreError } from '../core/errors.ts';

/** One line of a view: named JSON values. */
export type Row = Readonly<Record<string, unknown>>;

/** What is asked of one member, instead of a value that it has to equal. Text is compared by code units. */
export type Condition<V> = {
  readonly gt?: V;
  readonly gte?: V;
  readonly lt?: V;
  readonly lte?: V;
  /** Both ends included. */
  readonly between?: readonly [from: V, to: V];
  readonly in?: readonly V[];
  /** How a text begins. */
  readonly prefix?: string;
};

/** Members that a row must have, by equality or by a condition. A range holds for values of the kind of its bounds only. */
export type Where<R extends Row> = { readonly [K in keyof R]?: R[K] | Condition<R[K]> };

export type Direction = 'ascending' | 'descending';
export type Order = { readonly member: string; readonly descending: boolean };

/** A place in the order of a query. Holds the ordering values of one row: as private as the row is. */
export type Cursor = { readonly values: readonly unknown[]; readonly key: string };

export type Query = {
  /** All of them have to hold. */
  readonly where: readonly Where<Row>[];
  readonly orderBy: readonly Order[];
  readonly limit: number | undefined;
  /** Only rows behind this place. */
  readonly after: Cursor | undefined;
};

export const EVERY_ROW: Query = { where: [], orderBy: [], limit: undefined, after: undefined };

export type Entry<R extends Row = Row> = readonly [key: string, row: R];

const [NOTHING, NOT_A_NUMBER, NUMBER, TEXT, OTHER] = [0, 1, 2, 3, 4];

const rank = (value: unknown): number => {
  if (value === undefined || value === null) return NOTHING;
  if (typeof value === 'number' || typeof value === 'boolean') return Number.isNaN(value) ? NOT_A_NUMBER : NUMBER;
  return typeof value === 'string' ? TEXT : OTHER;
};

/** Nothing, then what is not a number, numbers, text, and all else, which has no order of its own; text by code units. */
export const compareValues = (a: unknown, b: unknown): number => {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  const order = rank(a) - rank(b);
  return order !== 0 || rank(a) !== NUMBER ? order : Number(a) - Number(b) || 0;
};

/** Equality of scalars, by which -0 is 0 and what is not a number equals itself. */
const isSame = (a: unknown, b: unknown): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b));

type Bound = { readonly value: unknown; readonly open: boolean };

/** One condition, taken apart: values that it may have, or the ends of a range. */
export type Test =
  | { readonly kind: 'in'; readonly member: string; readonly values: readonly unknown[] }
  | { readonly kind: 'from' | 'to'; readonly member: string; readonly bound: Bound }
  | { readonly kind: 'prefix'; readonly member: string; readonly prefix: string };

const isCondition = (value: unknown): value is Condition<unknown> => typeof value === 'object' && value !== null;

const testsOfMember = (member: string, asked: unknown): readonly Test[] => {
  if (!isCondition(asked)) return [{ kind: 'in', member, values: [asked] }];
  const tests: Test[] = [];
  const range = (kind: 'from' | 'to', name: 'gt' | 'gte' | 'lt' | 'lte') => {
    if (Object.hasOwn(asked, name))
      tests.push({ kind, member, bound: { value: asked[name], open: name === 'gt' || name === 'lt' } });
  };
  range('from', 'gt');
  range('from', 'gte');
  range('to', 'lt');
  range('to', 'lte');
  if (asked.between !== undefined) {
    const [from, to] = asked.between;
    tests.push({ kind: 'from', member, bound: { value: from, open: false } });
    tests.push({ kind: 'to', member, bound: { value: to, open: false } });
  }
  if (asked.in !== undefined) tests.push({ kind: 'in', member, values: asked.in });
  if (asked.prefix !== undefined) tests.push({ kind: 'prefix', member, prefix: asked.prefix });
  return tests;
};

const isWithin = (value: unknown, kind: 'from' | 'to', { value: end, open }: Bound): boolean => {
  const kindOf = rank(end);
  if (rank(value) !== kindOf || (kindOf !== NUMBER && kindOf !== TEXT)) return false;
  const order = compareValues(value, end);
  return order === 0 ? !open : order < 0 === (kind === 'to');
};

const passes = (row: Row, test: Test): boolean => {
  const value = row[test.member];
  switch (test.kind) {
    case 'in':
      return test.values.some((each) => isSame(value, each));
    case 'prefix':
      return typeof value === 'string' && value.startsWith(test.prefix);
    case 'from':
    case 'to':
      return isWithin(value, test.kind, test.bound);
  }
};

/** Every condition of a query, taken apart. */
const testsOf = (where: readonly Where<Row>[]): readonly Test[] =>
  where.flatMap((each) => Object.entries(each).flatMap(([member, asked]) => testsOfMember(member, asked)));

/** A query made ready: asked of each row that changes. */
export type ReadyQuery = {
  readonly tests: readonly Test[];
  readonly orderBy: readonly Order[];
  readonly after: Cursor | undefined;
  readonly limit: number;
  /** True if a row is asked for, whatever the limit. */
  readonly takes: (entry: Entry) => boolean;
  readonly matches: (row: Row) => boolean;
  /** The order of the result; ties by key. */
  readonly compare: (a: Entry, b: Entry) => number;
  readonly cursorOf: (entry: Entry) => Cursor;
};

const compareEntries =
  (orderBy: readonly Order[]) =>
  ([keyA, a]: Entry, [keyB, b]: Entry): number => {
    for (const { member, descending } of orderBy) {
      const order = compareValues(a[member], b[member]);
      if (order !== 0) return descending ? -order : order;
    }
    return compareValues(keyA, keyB);
  };

/** @throws StoreError `query.wrong-cursor` if the cursor is of a query that orders otherwise; `query.wrong-limit` */
export const readyQuery = ({ where, orderBy, limit = Number.POSITIVE_INFINITY, after }: Query): ReadyQuery => {
  const isCount = limit === Number.POSITIVE_INFINITY || (Number.isSafeInteger(limit) && limit >= 0);
  if (!isCount) throw new StoreError('query.wrong-limit', { limit });
  const tests = testsOf(where);
  const compare = compareEntries(orderBy);
  if (after !== undefined && after.values.length !== orderBy.length)
    throw new StoreError('query.wrong-cursor', { members: orderBy.length, values: after.values.length });
  const cursor: Entry | undefined = after && [
    after.key,
    Object.fromEntries(orderBy.map(({ member }, at) => [member, after.values[at]])),
  ];
  const matches = (row: Row): boolean => tests.every((test) => passes(row, test));
  return {
    ...{ tests, orderBy, after, matches, compare },
    limit,
    takes: (entry) => matches(entry[1]) && (cursor === undefined || compare(cursor, entry) < 0),
    cursorOf: ([key, row]) => ({ values: orderBy.map(({ member }) => row[member]), key }),
  };
};

/** The rows asked for, in the order asked for; ties keep the order of keys. */
export const runQuery = <R extends Row>(rows: Iterable<Entry<R>>, query: ReadyQuery): readonly Entry<R>[] => {
  const found = [...rows].filter(query.takes).sort(query.compare);
  return found.length <= query.limit ? found : found.slice(0, query.limit);
};
