/**
 * Rows of a view kept current from aggregate states, and live queries over them.
 *
 * Invariants: after each change the rows are those that a rebuild would give; a query emits only when its own result
 * has changed. Law: `view.laws`.
 */
import { Observable, Subject } from 'rxjs';
import { type StreamId, streamParts } from '../core/ids.ts';
import { matches, type Query, runQuery, type Where } from '../projections/query.ts';
import { type AggregateSnapshot, type Row, sameRow, type ViewDefinition } from '../projections/view.ts';

/** A live query: refine it, then subscribe to `rows$`. */
export type LiveQuery<R extends Row> = {
  /** Keeps rows whose members equal those given. */
  readonly where: (where: Where<R>) => LiveQuery<R>;
  readonly orderBy: (member: keyof R & string, direction?: 'ascending' | 'descending') => LiveQuery<R>;
  readonly limit: (count: number) => LiveQuery<R>;
  /** The rows now, and again whenever they change. */
  readonly rows$: Observable<readonly R[]>;
  /** The rows now. */
  readonly rows: () => readonly R[];
};

type Change<R> = { readonly before: R | undefined; readonly after: R | undefined };

export type LiveView<R extends Row = Row> = {
  readonly query: LiveQuery<R>;
  /** Takes the new states of the named streams. Throws what the definition throws, after all other rows are made. */
  readonly advance: (streams: Iterable<StreamId>) => void;
  /** Forgets every row, at once. */
  readonly clear: () => void;
};

const sameRows = <R extends Row>(a: readonly R[] | undefined, b: readonly R[]): boolean =>
  a !== undefined && a.length === b.length && a.every((row, at) => row === b[at]);

type Snapshots = (stream: StreamId) => AggregateSnapshot | undefined;

/** Gives the row of a stream; none for one whose row cannot be made: an old one would show what is not so any more. */
const rowMaker =
  <R extends Row>(definition: ViewDefinition<R>, snapshotOf: Snapshots, faults: unknown[]) =>
  (stream: StreamId): R | undefined => {
    const snapshot = snapshotOf(stream);
    try {
      return snapshot === undefined ? undefined : definition.row(snapshot);
    } catch (error) {
      faults.push(error);
      return undefined;
    }
  };

/** Starts a view over a source of snapshots. */
export const openView = <R extends Row>(definition: ViewDefinition<R>, snapshotOf: Snapshots): LiveView<R> => {
  const rows = new Map<string, R>();
  const changes = new Subject<readonly Change<R>[]>();

  const faults: unknown[] = [];
  const rowOf = rowMaker(definition, snapshotOf, faults);
  const advance = (streams: Iterable<StreamId>): void => {
    const changed: Change<R>[] = [];
    for (const stream of streams) {
      const { type, id } = streamParts(stream);
      if (type !== definition.type) continue;
      const before = rows.get(id);
      const after = rowOf(stream);
      if (sameRow(before, after)) continue;
      if (after === undefined) rows.delete(id);
      else rows.set(id, after);
      changed.push({ before, after });
    }
    if (changed.length > 0) changes.next(changed);
    const [fault] = faults.splice(0);
    if (fault !== undefined) throw fault;
  };

  const clear = (): void => {
    const changed = [...rows.values()].map((before) => ({ before, after: undefined }));
    rows.clear();
    if (changed.length > 0) changes.next(changed);
  };

  const rowsOf = (query: Query<R>): Observable<readonly R[]> =>
    new Observable((subscriber) => {
      let shown: readonly R[] | undefined;
      const show = () => {
        const found = runQuery(rows, query);
        if (sameRows(shown, found)) return;
        shown = found;
        subscriber.next(found);
      };
      const concerns = (row: R | undefined) => row !== undefined && matches(row, query.where);
      const subscription = changes.subscribe((changed) => {
        if (changed.some(({ before, after }) => concerns(before) || concerns(after))) show();
      });
      show();
      return () => subscription.unsubscribe();
    });

  const liveQuery = (query: Query<R>): LiveQuery<R> => ({
    where: (where) => liveQuery({ ...query, where: { ...query.where, ...where } }),
    orderBy: (member, direction = 'ascending') =>
      liveQuery({ ...query, orderBy: [...query.orderBy, { member, descending: direction === 'descending' }] }),
    limit: (count) => liveQuery({ ...query, limit: count }),
    rows$: rowsOf(query),
    rows: () => runQuery(rows, query),
  });

  return { query: liveQuery({ where: {}, orderBy: [], limit: undefined }), advance, clear };
};
