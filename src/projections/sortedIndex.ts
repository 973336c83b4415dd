/**
 * Rows in the order of some of their members: what finds equal, ranged and ordered rows without looking at all.
 *
 * Invariant: it gives at least the rows that a query takes, so the query alone decides. Law: `query.laws`.
 */
import { compareValues, type Entry, type Row } from './query.ts';

/** A run of places in an index, the end excluded. */
export type Run = { readonly from: number; readonly to: number };

export type SortedIndex<R extends Row = Row> = {
  readonly members: readonly string[];
  readonly at: (place: number) => Entry<R> | undefined;
  /** The place of the first row whose first members are not less than `values` (`after`: that are greater). */
  readonly place: (values: readonly unknown[], after?: boolean) => number;
  /** Takes what has just changed in the rows. */
  readonly change: (removed: readonly Entry<R>[], added: readonly Entry<R>[]) => void;
};

/** As many changes at once are merged in one pass; fewer are put in their places, each by itself. */
const MERGED_FROM = 16;

/** The first place of which `isBehind` holds; it holds of all that follow. */
export const firstPlace = (length: number, isBehind: (place: number) => boolean): number => {
  let [from, to] = [0, length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (isBehind(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
};

/** Keeps entries sorted while some go and others come; what goes is there, as the same object or an equal one. */
export const changeSorted = <R extends Row>(
  entries: Entry<R>[],
  { removed, added }: { readonly removed: readonly Entry<R>[]; readonly added: readonly Entry<R>[] },
  compare: (a: Entry, b: Entry) => number,
): Entry<R>[] => {
  const placeOf = (entry: Entry<R>, list: readonly Entry<R>[]): number =>
    firstPlace(list.length, (place) => compare(list[place] ?? entry, entry) >= 0);
  if (removed.length + added.length < MERGED_FROM) {
    for (const entry of removed) entries.splice(placeOf(entry, entries), 1);
    for (const entry of added) entries.splice(placeOf(entry, entries), 0, entry);
    return entries;
  }
  const gone = new Set(removed.map((entry) => placeOf(entry, entries)));
  const incoming = [...added].sort(compare);
  const merged: Entry<R>[] = [];
  let next = 0;
  for (const [place, entry] of entries.entries()) {
    if (gone.has(place)) continue;
    for (let head = incoming[next]; head !== undefined && compare(head, entry) < 0; head = incoming[next]) {
      merged.push(head);
      next += 1;
    }
    merged.push(entry);
  }
  for (const entry of incoming.slice(next)) merged.push(entry);
  return merged;
};

/** An index over rows, sorted when it is first of use: opening a store does not wait for it. */
export const sortedIndex = <R extends Row>(
  members: readonly string[],
  rows: { readonly entries: () => Iterable<Entry<R>> },
): SortedIndex<R> => {
  let sorted: Entry<R>[] | undefined;
  const compare = ([keyA, a]: Entry, [keyB, b]: Entry): number => {
    for (const member of members) {
      const order = compareValues(a[member], b[member]);
      if (order !== 0) return order;
    }
    return compareValues(keyA, keyB);
  };
  const made = (): Entry<R>[] => {
    sorted ??= [...rows.entries()].sort(compare);
    return sorted;
  };
  const compareTo = (entries: readonly Entry<R>[], place: number, values: readonly unknown[]): number => {
    const row = entries[place]?.[1];
    for (const [at, value] of values.entries()) {
      const order = compareValues(row?.[members[at] ?? ''], value);
      if (order !== 0) return order;
    }
    return 0;
  };
  return {
    members,
    at: (place) => made()[place],
    place: (values, after = false) => {
      const entries = made();
      return firstPlace(entries.length, (place) => {
        const order = compareTo(entries, place, values);
        return after ? order > 0 : order >= 0;
      });
    },
    change: (removed, added) => {
      if (sorted !== undefined) sorted = changeSorted(sorted, { removed, added }, compare);
    },
  };
};
