/**
 * What a view or a rollup shows, said as an example: given histories, then these rows; when an event comes, then those. Needs no store, no
 * storage and no test runner; rows are made as a store makes them. Law: `givenRows.test`.
 */
import type { AggregateDefinition, EventDefinitions, SendableEvent } from '../core/aggregate.ts';
import { aggregateId, streamId, streamParts } from '../core/ids.ts';
import type { Row } from '../projections/query.ts';
import type { RollupDefinition } from '../projections/rollup.ts';
import type { AggregateSnapshot, ViewDefinition } from '../projections/view.ts';
import { openViews } from '../streams/liveView.ts';
import { compare, replayed } from './example.ts';

/** The events of each aggregate, by its id, in their order. */
export type Histories<E extends EventDefinitions> = Readonly<Record<string, readonly SendableEvent<E>[]>>;

export type Rows<R extends Row, E extends EventDefinitions> = {
  /** @throws ExampleError unless exactly these rows are shown, in the order of their keys; `undefined` members count as absent */
  readonly shows: (rows: readonly R[]) => void;
  /** The same after one more event. @throws ExampleError if it is illegal, StoreError `append.invalid` */
  readonly when: (id: string, event: SendableEvent<E>) => Rows<R, E>;
};

type Definition = ViewDefinition | RollupDefinition;

/** A rollup after what it is of. */
const chainOf = (definition: Definition): readonly Definition[] =>
  'measures' in definition ? [...chainOf(definition.of), definition] : [definition];

const withoutAbsent = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));

/** What a store says of an aggregate whose events one author has recorded and the server has confirmed. */
const snapshotsOf =
  <E extends EventDefinitions, C>(definition: AggregateDefinition<E, C>, histories: Histories<E>) =>
  (id: string): AggregateSnapshot | undefined => {
    const history = Object.hasOwn(histories, id) ? histories[id] : undefined;
    if (history === undefined) return undefined;
    const { value, context } = replayed(definition, history);
    const settled = {
      conflicts: [],
      settled: [],
      pending: 0,
      readOnly: false,
      damaged: false,
      stale: false,
      inapplicable: 0,
    };
    return {
      id: aggregateId(id),
      value,
      context,
      version: history.length,
      uncontested: { value, context },
      ...settled,
    };
  };

/**
 * Begins an example of a view or a rollup over aggregates of one type.
 * @example givenRows(Visit, casebook, { 'visit-1': [{ type: 'ItemRecorded', item: 'a', value: 1 }] }).shows([{ id: 'visit-1', values: 1 }])
 * @throws ExampleError if a history is illegal, StoreError `append.invalid` if an event does not satisfy its schema
 */
export const givenRows = <R extends Row, E extends EventDefinitions, C>(
  definition: AggregateDefinition<E, C>,
  of: ViewDefinition<R> | RollupDefinition<R>,
  histories: Histories<E> = {},
): Rows<R, E> => {
  const snapshotOf = snapshotsOf(definition, histories);
  const ids = Object.keys(histories);
  const views = openViews(chainOf(of), {
    snapshotOf: (stream) => snapshotOf(streamParts(stream).id),
    pastSnapshots: async () => new Map(), // an example has no past
    isStale: () => false,
  });
  views.advance(ids.map((id) => streamId(definition.type, aggregateId(id))));
  const rows = views.query(of).rows().map(withoutAbsent);
  return {
    shows: (expected) => compare('rows', expected.map(withoutAbsent), rows),
    when: (id, event) => givenRows(definition, of, { ...histories, [id]: [...(histories[id] ?? []), event] }),
  };
};
