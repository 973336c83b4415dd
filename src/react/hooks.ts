/**
 * What components read of a store, each by a hook. A component renders again when what it reads says something else, and for
 * nothing else; all of them show one state of the store at a time. Laws: `react/hooks`.
 */
import { useMemo, useState } from 'react';
import { map } from 'rxjs';
import type { AggregateDefinition, EventDefinitions } from '../core/aggregate.ts';
import { sameJson } from '../core/json.ts';
import type { Cursor, Direction, Row, Where } from '../projections/query.ts';
import type { RollupDefinition } from '../projections/rollup.ts';
import type { AggregateSnapshot, ViewDefinition } from '../projections/view.ts';
import type { HealthState } from '../store/healthState.ts';
import type { AggregateHandle, ConflictedAggregate, Store } from '../store/types.ts';
import type { LiveQuery } from '../streams/liveQuery.ts';
import type { RebuildStatus } from '../streams/rebuilding.ts';
import type { SyncStatus } from '../sync/runner.ts';
import { currentOf, type Source, sourceOf, useSource } from './follow.ts';
import { useStore } from './provider.ts';

/** The selected part of a source: the selection runs once for each value of the source. */
const selectionOf = <S, T>({ subscribe, snapshot }: Source<S>, select: (value: S) => T): Source<T> => {
  let last: { readonly from: S; readonly value: T } | undefined;
  return {
    subscribe,
    snapshot: () => {
      const from = snapshot();
      if (last === undefined || !Object.is(last.from, from)) last = { from, value: select(from) };
      return last.value;
    },
  };
};

type Tied<E extends EventDefinitions, C, S> = {
  readonly handle: AggregateHandle<E, C, S>;
  readonly source: Source<AggregateSnapshot<C>>;
};

const useTied = <E extends EventDefinitions, C, S>(
  definition: AggregateDefinition<E, C, S>,
  id: string,
): Tied<E, C, S> => {
  const store = useStore();
  return useMemo(() => {
    const handle = store.aggregate(definition, id);
    const source = sourceOf({ source$: handle.state$, read: handle.state, same: Object.is });
    return { handle, source };
  }, [store, definition, id]);
};

/**
 * An aggregate: its state now, and its handle, whose members are the same for as long as definition and id are.
 * @throws StoreError `aggregate.unknown-type`, `id.malformed`, `store.not-provided`
 */
export const useAggregate = <E extends EventDefinitions, C, S>(
  definition: AggregateDefinition<E, C, S>,
  id: string,
): readonly [AggregateSnapshot<C>, AggregateHandle<E, C, S>] => {
  const { handle, source } = useTied(definition, id);
  return [useSource(source), handle];
};

/**
 * A part of an aggregate's state. The component renders again when `select` gives something else, by identity: select a
 * member, a number, a text.
 * @throws as `useAggregate`
 */
export const useAggregateValue = <E extends EventDefinitions, C, S, T>(
  definition: AggregateDefinition<E, C, S>,
  id: string,
  select: (state: AggregateSnapshot<C>) => T,
): T => {
  const { source } = useTied(definition, id);
  return useSource(useMemo(() => selectionOf(source, select), [source, select]));
};

/** Which rows of a view, in which order, how many, and what of them. It may be written in place: it is compared by what it says. */
export type ViewQuery<R extends Row> = {
  /** Members that a row must have, or conditions that they satisfy. */
  readonly where?: Where<R>;
  /** First by the first; a name stands for its ascending order. */
  readonly orderBy?: readonly ((keyof R & string) | readonly [member: keyof R & string, direction: Direction])[];
  readonly limit?: number;
  /** Only rows behind this place: the next page of another query of the same order. */
  readonly after?: Cursor;
};

/** The query as it was first written, for as long as it says the same. */
const useSteady = <T>(given: T): T => {
  const [steady, setSteady] = useState(() => given);
  if (steady === given || sameJson(steady, given)) return steady;
  setSteady(() => given);
  return given;
};

const refine = <R extends Row>(
  all: LiveQuery<R>,
  { where, orderBy = [], limit, after }: ViewQuery<R>,
): LiveQuery<R> => {
  let query = where === undefined ? all : all.where(where);
  for (const order of orderBy) query = typeof order === 'string' ? query.orderBy(order) : query.orderBy(...order);
  if (after !== undefined) query = query.after(after);
  return limit === undefined ? query : query.limit(limit);
};

const EVERY_ROW = {};

/**
 * The rows of a registered view or rollup. The component renders again when its own rows change.
 * @throws StoreError `query.unknown-view`, `query.wrong-cursor`, `query.wrong-limit`, `store.not-provided`
 */
export const useView = <R extends Row>(
  definition: ViewDefinition<R> | RollupDefinition<R>,
  query: ViewQuery<R> = EVERY_ROW,
): readonly R[] => {
  const store = useStore();
  const steady = useSteady(query);
  return useRows(useMemo(() => refine(store.view(definition), steady), [store, definition, steady]));
};

/**
 * The rows of a query that was made outside of rendering, with everything that a query can do: `select`, `join`. Keep it: another one
 * on each rendering is followed anew each time.
 */
export const useRows = <R extends Row, S extends Row>(query: LiveQuery<R, S>): readonly S[] =>
  useSource(useMemo(() => sourceOf({ source$: query.rows$, read: query.rows }), [query]));

/**
 * Whether rows of a view or rollup are of before: states are folded anew. The component renders again when they are current.
 * @throws StoreError `query.unknown-view`, `store.not-provided`
 */
export const useIsStale = <R extends Row>(definition: ViewDefinition<R> | RollupDefinition<R>): boolean => {
  const store = useStore();
  const source = useMemo(() => {
    const query = store.view(definition).limit(0); // that it is stale is said of no rows, too
    const stale$ = query.result$.pipe(map(({ stale }) => stale));
    return sourceOf({ source$: stale$, read: () => query.result().stale, same: Object.is });
  }, [store, definition]);
  return useSource(source);
};

/** Where folding anew stands, for people: `percent` of the log that is folded by now, whole; 100 when all is current. */
export type RebuildProgress = Pick<RebuildStatus, 'state'> & { readonly percent: number };

const progressOf = ({ state, folded, size }: RebuildStatus): RebuildProgress => ({
  state,
  percent: state === 'current' ? 100 : Math.floor((100 * folded) / Math.max(1, size)),
});

const progressSource = ({ rebuild$ }: Store) =>
  sourceOf({ source$: rebuild$.pipe(map(progressOf)), read: () => progressOf(currentOf(rebuild$)) });

const statusSource = ({ syncStatus$ }: Store) => sourceOf({ source$: syncStatus$, read: () => currentOf(syncStatus$) });
const conflictsSource = ({ conflicts$ }: Store) => sourceOf({ source$: conflicts$, read: () => currentOf(conflicts$) });
const healthSource = ({ health$ }: Store) => sourceOf({ source$: health$, read: () => currentOf(health$) });

const useOf = <T>(make: (store: Store) => Source<T>): T => {
  const store = useStore();
  return useSource(useMemo(() => make(store), [make, store]));
};

/** Where syncing stands; undefined until `store.sync` was called. @throws StoreError `store.not-provided` */
export const useSyncStatus = (): SyncStatus | undefined => useOf(statusSource);

/** Whether all states are current, and how far they are; it renders again for each whole percent. @throws StoreError `store.not-provided` */
export const useRebuild = (): RebuildProgress => useOf(progressSource);

/** What is known of the store's health; nothing is checked for it. @throws StoreError `store.not-provided` */
export const useHealth = (): HealthState => useOf(healthSource);

/** Every aggregate in conflict, sorted by stream, and what rules have settled. @throws StoreError `store.not-provided` */
export const useConflicts = (): readonly ConflictedAggregate[] => useOf(conflictsSource);
