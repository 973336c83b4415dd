/** Rows by key with their indexes, in memory. Invariant: every index holds every row, and nothing else. Law: `query.laws`. */
import type { Entry, ReadyQuery, Row } from './query.ts';
import { answer } from './queryPlan.ts';
import { sortedIndex } from './sortedIndex.ts';
import { sameRow } from './view.ts';

/** What became of one row. */
export type RowChange<R extends Row = Row> = {
  readonly key: string;
  readonly before: R | undefined;
  readonly after: R | undefined;
};

export type Table<R extends Row = Row> = {
  readonly get: (key: string) => R | undefined;
  readonly entries: () => IterableIterator<Entry<R>>;
  readonly find: (query: ReadyQuery) => readonly Entry<R>[];
  /** Puts rows in their place, undefined for none; gives those that say something else now. Each key at most once. */
  readonly apply: (rows: Iterable<readonly [key: string, row: R | undefined]>) => readonly RowChange<R>[];
  readonly clear: () => readonly RowChange<R>[];
};

/** An empty table. @param indexes  the members of each index, in their order */
export const openTable = <R extends Row>(indexes: readonly (readonly string[])[]): Table<R> => {
  const rows = new Map<string, R>();
  const sorted = indexes.map((members) => sortedIndex<R>(members, rows));
  const reindex = (changes: readonly RowChange<R>[]): void => {
    if (sorted.length === 0 || changes.length === 0) return;
    const removed: Entry<R>[] = [];
    const added: Entry<R>[] = [];
    for (const { key, before, after } of changes) {
      if (before !== undefined) removed.push([key, before]);
      if (after !== undefined) added.push([key, after]);
    }
    for (const index of sorted) index.change(removed, added);
  };
  return {
    get: (key) => rows.get(key),
    entries: () => rows.entries(),
    find: (query) => answer(rows, sorted, query).entries,
    apply: (given) => {
      const changes: RowChange<R>[] = [];
      for (const [key, after] of given) {
        const before = rows.get(key);
        if (sameRow(before, after)) continue;
        if (after === undefined) rows.delete(key);
        else rows.set(key, after);
        changes.push({ key, before, after });
      }
      reindex(changes);
      return changes;
    },
    clear: () => {
      const changes = [...rows].map(([key, before]) => ({ key, before, after: undefined }));
      rows.clear();
      reindex(changes);
      return changes;
    },
  };
};
