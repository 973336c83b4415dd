/** Queries over the rows of a view: which rows, in which order, how many. Pure. */
import type { Row } from './view.ts';

/** Members that a row must have, by equality. */
export type Where<R extends Row> = { readonly [K in keyof R]?: R[K] };

export type Query<R extends Row> = {
  readonly where: Where<R>;
  readonly orderBy: readonly { readonly member: keyof R & string; readonly descending: boolean }[];
  readonly limit: number | undefined;
};

/** True if the row has every member asked for. */
export const matches = <R extends Row>(row: R, where: Where<R>): boolean =>
  Object.entries(where).every(([name, value]) => Object.is(row[name], value));

const rank = (value: unknown): number => {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'number' || typeof value === 'boolean') return Number.isNaN(value) ? 1 : 2;
  return typeof value === 'string' ? 3 : 4;
};

/** Nothing, then what is not a number, numbers, text, and all else, which has no order of its own; text by code units. */
export const compareValues = (a: unknown, b: unknown): number => {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  const order = rank(a) - rank(b);
  return order !== 0 || rank(a) !== 2 ? order : Number(a) - Number(b) || 0;
};

/** The rows asked for, in the order asked for; ties keep the order of aggregate ids. */
export const runQuery = <R extends Row>(rows: ReadonlyMap<string, R>, query: Query<R>): readonly R[] => {
  const found = [...rows].filter(([, row]) => matches(row, query.where));
  found.sort(([idA, a], [idB, b]) => {
    for (const { member, descending } of query.orderBy) {
      const order = compareValues(a[member], b[member]);
      if (order !== 0) return descending ? -order : order;
    }
    return compareValues(idA, idB);
  });
  const limited = query.limit === undefined ? found : found.slice(0, query.limit);
  return limited.map(([, row]) => row);
};
