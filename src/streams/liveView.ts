/**
 * Rows of views kept current from aggregate states, and rollups over them.
 *
 * Invariants: after each change the rows are those that a rebuild would give; all views and rollups change together, before anybody is
 * told, so that a query over two of them never shows one without the other. Laws: `view.laws`, `rollup.laws`.
 */
import { Subject } from 'rxjs';
import { StoreError } from '../core/errors.ts';
import { type StreamId, streamParts } from '../core/ids.ts';
import { openGroups } from '../projections/groups.ts';
import type { Row } from '../projections/query.ts';
import { openTable, type RowChange, type Table } from '../projections/table.ts';
import type { AggregateSnapshot, ViewDefinition } from '../projections/view.ts';
import { type AnyView, liveQuery, type RawQuery, type TableChanges, type Tables } from './liveQuery.ts';
import type { AsOf } from './past.ts';

export type LiveViews = {
  /** @throws StoreError `query.unknown-view` for a view that is not among them */
  readonly query: (definition: AnyView) => RawQuery;
  /** Takes the new states of the named streams. Throws what a definition throws, after all other rows are made. */
  readonly advance: (streams: Iterable<StreamId>) => void;
  /** Tells whoever follows rows that they are not stale any more. */
  readonly refresh: () => void;
  /** Forgets every row, at once. */
  readonly clear: () => void;
};

type Snapshots = (stream: StreamId) => AggregateSnapshot | undefined;
type Changed = Map<Table, readonly RowChange[]>;

/**
 * Gives the row of a stream; none for one whose row cannot be made: an old one would show what is not so any more. A state of other
 * rules may be one that the definition does not know, or nothing yet.
 */
const rowMaker =
  (snapshotOf: Snapshots, faults: unknown[]) =>
  ({ row }: ViewDefinition, stream: StreamId): Row | undefined => {
    const snapshot = snapshotOf(stream);
    if (snapshot === undefined || (snapshot.stale && snapshot.version === 0)) return undefined;
    try {
      return row(snapshot);
    } catch (error) {
      if (!snapshot.stale) faults.push(error);
      return undefined;
    }
  };

/** Tells of changes one after the other, also where telling leads to more of them. */
const teller = () => {
  const changes = new Subject<TableChanges>();
  const waiting: TableChanges[] = [];
  let changed = 0;
  let isTelling = false;
  return {
    changes$: changes.asObservable(),
    changed: () => changed,
    /** `isTold`: though nothing has changed. */
    tell: (of: Changed, isTold = false): void => {
      if (of.size === 0 && !isTold) return;
      changed += 1;
      waiting.push({ at: changed, of });
      if (isTelling) return;
      isTelling = true;
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) changes.next(next);
      isTelling = false;
    },
  };
};

type Opened =
  | { readonly kind: 'view'; readonly definition: ViewDefinition; readonly table: Table }
  | {
      readonly kind: 'rollup';
      readonly base: Table;
      readonly groups: ReturnType<typeof openGroups>;
      readonly table: Table;
    };

const openAll = (definitions: readonly AnyView[]) => {
  const tables = new Map<AnyView, Table>();
  const tableOf = (definition: AnyView): Table => {
    const table = tables.get(definition);
    if (table === undefined) throw new StoreError('query.unknown-view', { view: definition.name });
    return table;
  };
  const opened = definitions.map((definition): Opened => {
    const table = openTable<Row>(definition.indexes);
    tables.set(definition, table);
    if (!('measures' in definition)) return { kind: 'view', definition, table };
    return { kind: 'rollup', base: tableOf(definition.of), groups: openGroups(definition), table };
  });
  return { opened, tableOf };
};

/** Changes the views by `change`, and the rollups by what that changed; gives what became of each table. */
const changeAll = (
  opened: readonly Opened[],
  change: (definition: ViewDefinition, table: Table) => readonly RowChange[],
): Changed => {
  const all: Changed = new Map();
  for (const each of opened) {
    const changes =
      each.kind === 'view'
        ? change(each.definition, each.table)
        : each.table.apply(each.groups(all.get(each.base) ?? []));
    if (changes.length > 0) all.set(each.table, changes);
  }
  return all;
};

/** Makes the rows of these streams. Throws what a definition throws, after `done`. */
const advanceAll = (
  opened: readonly Opened[],
  parts: {
    readonly streams: Iterable<StreamId>;
    readonly snapshotOf: Snapshots;
    readonly done: (all: Changed) => void;
  },
): void => {
  const faults: unknown[] = [];
  const rowOf = rowMaker(parts.snapshotOf, faults);
  const named = [...parts.streams].map((stream) => ({ stream, ...streamParts(stream) }));
  const changed = changeAll(opened, (definition, table) => {
    const own = named.filter(({ type }) => type === definition.type);
    return table.apply(own.map(({ stream, id }) => [id, rowOf(definition, stream)]));
  });
  parts.done(changed);
  if (faults.length > 0) throw faults[0];
};

/** What has to be there for these, in the order in which it was defined. */
const neededFor = (wanted: readonly AnyView[], definitions: readonly AnyView[]): readonly AnyView[] => {
  const needed = new Set(wanted);
  for (const definition of definitions.toReversed())
    if (needed.has(definition) && 'measures' in definition) needed.add(definition.of);
  return definitions.filter((definition) => needed.has(definition));
};

/** The type of the aggregates that a view, or a rollup over one, is made of. */
const typeOf = (view: AnyView): string => ('measures' in view ? typeOf(view.of) : view.type);

/** Gives the aggregates of some types as of a moment. */
export type PastSnapshots = (at: AsOf, types: ReadonlySet<string>) => Promise<ReadonlyMap<StreamId, AggregateSnapshot>>;

/** What views show. `isStale`: states of the type are of other rules than now, or not opened yet. */
export type ViewSources = {
  readonly snapshotOf: Snapshots;
  readonly pastSnapshots: PastSnapshots;
  readonly isStale: (type: string) => boolean;
};

/**
 * Starts views and rollups over a source of snapshots; a rollup after what it is of.
 * @throws StoreError `query.unknown-view` for a rollup over a view that is not named before it
 */
export const openViews = (
  definitions: readonly AnyView[],
  { snapshotOf, pastSnapshots, isStale }: ViewSources,
): LiveViews => {
  const { opened, tableOf } = openAll(definitions);
  let isCleared = false;
  const { tell, changes$, changed } = teller();
  const past: Tables['past'] = async (at, views) => {
    const needed = neededFor(views, definitions);
    const fresh = openAll(needed);
    const types = new Set<string>(needed.flatMap((each) => ('measures' in each ? [] : [each.type])));
    const snapshots = await pastSnapshots(at, types);
    advanceAll(fresh.opened, {
      ...{ streams: snapshots.keys(), snapshotOf: (stream) => snapshots.get(stream), done: () => undefined },
    });
    return { ...fresh, isStale: () => false };
  };
  const tables: Tables = {
    tableOf,
    changes$,
    changed,
    past,
    isStale: (views) => !isCleared && views.some((view) => isStale(typeOf(view))),
  };
  return {
    query: (definition) => liveQuery(tables, definition),
    advance: (streams) => advanceAll(opened, { streams, snapshotOf, done: tell }),
    refresh: () => tell(new Map(), true),
    clear: () => {
      isCleared = true; // that there is nothing is not of before
      tell(
        changeAll(opened, (_, table) => table.clear()),
        true,
      );
    },
  };
};
