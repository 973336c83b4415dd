/** Views over snapshots that a test sets by hand, and queries drawn by chance. */
import fc from 'fast-check';
import { aggregateId, type StreamId, streamId } from '../../../src/core/ids.ts';
import type { Condition, Cursor, Entry, Row, Where } from '../../../src/projections/query.ts';
import type { RollupDefinition } from '../../../src/projections/rollup.ts';
import { type AggregateSnapshot, defineView, type ViewDefinition } from '../../../src/projections/view.ts';
import type { LiveQuery } from '../../../src/streams/liveQuery.ts';
import { openViews } from '../../../src/streams/liveView.ts';
import { Visit } from '../../unit/store/trial.ts';

export type Point = { readonly site: string; readonly n: number | null };
export type PointRow = Row & Point & { readonly id: string };
export type AnyQuery = LiveQuery<PointRow>;

const INDEXES: readonly (readonly ('site' | 'n' | 'id')[])[] = [['site'], ['n', 'id'], ['site', 'n']];

/** A world of points: rows of a view with indexes, of one without, and of whatever else is defined over them. */
export const openWorld = (
  more: (points: ViewDefinition<PointRow>) => readonly (ViewDefinition | RollupDefinition)[] = () => [],
) => {
  const points = new Map<string, Point | undefined>();
  let isStale = false;
  const row = ({ id }: { readonly id: string }): PointRow | undefined => {
    const point = points.get(id);
    return point === undefined ? undefined : { id, ...point };
  };
  const indexed = defineView({ name: 'points', of: Visit, row, indexes: INDEXES });
  const plain = defineView({ name: 'plain', of: Visit, row });
  const others = more(indexed);
  const stream = (id: string): StreamId => streamId(Visit.type, aggregateId(id));
  const snapshot = (of: StreamId): AggregateSnapshot => ({
    id: aggregateId(of.slice(of.indexOf('/') + 1)),
    value: 'open',
    context: {},
    version: 1,
    conflicts: [],
    settled: [],
    uncontested: { value: 'open', context: {} },
    pending: 0,
    readOnly: false,
    damaged: false,
    stale: false,
    inapplicable: 0,
  });
  const open = () =>
    openViews([indexed, plain, ...others], {
      snapshotOf: snapshot,
      pastSnapshots: () => Promise.resolve(new Map()),
      isStale: () => isStale,
    });
  const views = open();
  const query = (definition: ViewDefinition<PointRow> | RollupDefinition = indexed) =>
    views.query(definition) as AnyQuery;
  return {
    query,
    plain: () => query(plain),
    change: (changed: readonly (readonly [string, Point | undefined])[]) => {
      for (const [id, point] of changed) points.set(id, point);
      views.advance(changed.map(([id]) => stream(id)));
    },
    /** Says whether what is shown is of before. */
    tellStale: (now: boolean) => {
      isStale = now;
      views.refresh();
    },
    /** As when keys are locked. */
    clear: views.clear,
    /** The same query over views that were made anew from all that there is, in another order. */
    rebuilt: (definition: ViewDefinition<PointRow> | RollupDefinition = indexed) => {
      const fresh = open();
      fresh.advance([...points.keys()].reverse().map(stream));
      return fresh.query(definition) as AnyQuery;
    },
    entries: (): Entry<PointRow>[] =>
      [...points.keys()].flatMap((id) => (row({ id }) ? [[id, row({ id }) as PointRow]] : [])),
  };
};

const SITES = ['01', '02', '03', '', '0\uffff'];
const number = fc.integer({ min: -2, max: 2 });
export const point = fc.option(fc.record({ site: fc.constantFrom(...SITES), n: fc.option(number, { nil: null }) }), {
  nil: undefined,
  freq: 4,
});
const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g');
export const changes = fc.array(fc.array(fc.tuple(id, point), { minLength: 1, maxLength: 20 }), { maxLength: 15 });

const value = fc.option(number, { nil: null });
const onNumber: fc.Arbitrary<number | null | Condition<number | null>> = fc.oneof(
  value,
  fc.record({ gt: value, lte: value }, { requiredKeys: [] }),
  fc.record({ gte: number, lt: number }, { requiredKeys: [] }),
  fc.record({ between: fc.tuple(number, number) }),
  fc.record({ in: fc.array(value, { maxLength: 4 }) }),
);
const onText: fc.Arbitrary<string | Condition<string>> = fc.oneof(
  fc.constantFrom(...SITES),
  fc.record({ prefix: fc.constantFrom('0', '', '02', '0\uffff', '\uffff') }),
  fc.record({ gte: fc.constantFrom(...SITES), lt: fc.constantFrom(...SITES) }, { requiredKeys: [] }),
  fc.record({ in: fc.array(fc.constantFrom(...SITES), { maxLength: 3 }) }),
);
const where: fc.Arbitrary<Where<PointRow>> = fc.record({ site: onText, n: onNumber }, { requiredKeys: [] });
const order = fc.tuple(
  fc.constantFrom<'site' | 'n' | 'id'>('site', 'n', 'id'),
  fc.constantFrom<'ascending' | 'descending'>('ascending', 'descending'),
);

export type Asked = {
  readonly where: Where<PointRow>;
  readonly orders: readonly (readonly ['site' | 'n' | 'id', 'ascending' | 'descending'])[];
  readonly limit: number | undefined;
};

export const asked: fc.Arbitrary<Asked> = fc.record({
  where,
  orders: fc.array(order, { maxLength: 3 }),
  limit: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
});

/** What is asked, of a query of all rows. */
export const ask = (all: AnyQuery, { where: given, orders, limit }: Asked, after?: Cursor): AnyQuery => {
  let query = all.where(given);
  for (const [member, direction] of orders) query = query.orderBy(member, direction);
  if (after !== undefined) query = query.after(after);
  return limit === undefined ? query : query.limit(limit);
};
