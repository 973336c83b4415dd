/**
 * Rows of views kept current from aggregate states, and rollups over them.
 *
 * Invariants: after each change the rows are those that a rebuild would give; all views and rollups change together, before anybody is
 * told, so that a query over two of them never shows one without the other. Laws: `view.laws`, `rollup.laws`.
 */
import { Subject } from 'rxjs';
import { StoreError } from '../core/errors.ts';
import { type StreamId, streamParts } from '../core/ids.ts';
import type { Row } from '../projections/query.ts';
import { openGroups, type RollupDefinition } from '../projections/rollup.ts';
import { openTable, type RowChange, type Table } from '../projections/table.ts';
import type { AggregateSnapshot, ViewDefinition } from '../projections/view.ts';
import { liveQuery, type RawQuery, type TableChanges, type Tables } from './liveQuery.ts';

export type LiveViews = {
  /** @throws StoreError `query.unknown-view` for a view that is not among them */
  readonly query: (definition: ViewDefinition | RollupDefinition) => RawQuery;
  /** Takes the new states of the named streams. Throws what a definition throws, after all other rows are made. */
  readonly advance: (streams: Iterable<StreamId>) => void;
  /** Forgets every row, at once. */
  readonly clear: () => void;
};

type Snapshots = (stream: StreamId) => AggregateSnapshot | undefined;
type Changed = Map<Table, readonly RowChange[]>;

/** Gives the row of a stream; none for one whose row cannot be made: an old one would show what is not so any more. */
const rowMaker =
  (snapshotOf: Snapshots, faults: unknown[]) =>
  ({ row }: ViewDefinition, stream: StreamId): Row | undefined => {
    try {
      const snapshot = snapshotOf(stream);
      return snapshot === undefined ? undefined : row(snapshot);
    } catch (error) {
      faults.push(error);
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
    tell: (of: Changed): void => {
      if (of.size === 0) return;
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

const openAll = (definitions: readonly (ViewDefinition | RollupDefinition)[]) => {
  const tables = new Map<ViewDefinition | RollupDefinition, Table>();
  const tableOf = (definition: ViewDefinition | RollupDefinition): Table => {
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

/**
 * Starts views and rollups over a source of snapshots; a rollup after what it is of.
 * @throws StoreError `query.unknown-view` for a rollup over a view that is not named before it
 */
export const openViews = (
  definitions: readonly (ViewDefinition | RollupDefinition)[],
  snapshotOf: Snapshots,
): LiveViews => {
  const { opened, tableOf } = openAll(definitions);
  const { tell, changes$, changed } = teller();
  const tables: Tables = { tableOf, changes$, changed };
  const faults: unknown[] = [];
  const rowOf = rowMaker(snapshotOf, faults);

  /** Changes the views by `change`, and the rollups by what that changed. */
  const changeAll = (change: (definition: ViewDefinition, table: Table) => readonly RowChange[]): void => {
    const all: Changed = new Map();
    for (const each of opened) {
      const changes =
        each.kind === 'view'
          ? change(each.definition, each.table)
          : each.table.apply(each.groups(all.get(each.base) ?? []));
      if (changes.length > 0) all.set(each.table, changes);
    }
    tell(all);
  };

  return {
    query: (definition) => liveQuery(tables, tableOf(definition)),
    advance: (streams) => {
      const named = [...streams].map((stream) => ({ stream, ...streamParts(stream) }));
      changeAll((definition, table) => {
        const own = named.filter(({ type }) => type === definition.type);
        return table.apply(own.map(({ stream, id }) => [id, rowOf(definition, stream)]));
      });
      const [fault] = faults.splice(0);
      if (fault !== undefined) throw fault;
    },
    clear: () => changeAll((_, table) => table.clear()),
  };
};
