/** Laws of views: rows are a function of the set of events, and a live query is the plain scan that changed. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { aggregateId, type StreamId, streamId } from '../../../src/core/ids.ts';
import { compareValues } from '../../../src/projections/query.ts';
import { type AggregateSnapshot, defineView, type Row } from '../../../src/projections/view.ts';
import { type LiveQuery, openView } from '../../../src/streams/liveView.ts';
import { Visit } from '../../unit/store/trial.ts';

type Point = { readonly site: string; readonly n: number | null };

/** A world of snapshots that a test sets by hand. */
const openWorld = () => {
  const points = new Map<string, Point | undefined>();
  const definition = defineView({
    name: 'points',
    of: Visit,
    row: ({ id }): (Row & Point & { readonly id: string }) | undefined => {
      const point = points.get(id);
      return point === undefined ? undefined : { id, ...point };
    },
  });
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
    inapplicable: 0,
  });
  const view = openView(definition, snapshot);
  const change = (changed: readonly (readonly [string, Point | undefined])[]) => {
    for (const [id, point] of changed) points.set(id, point);
    view.advance(changed.map(([id]) => stream(id)));
  };
  const rebuilt = () => {
    const fresh = openView(definition, snapshot);
    fresh.advance([...points.keys()].reverse().map(stream));
    return fresh.query;
  };
  return { query: view.query, change, rebuilt };
};

const point = fc.option(
  fc.record({ site: fc.constantFrom('01', '02', '03'), n: fc.option(fc.integer({ min: -2, max: 2 }), { nil: null }) }),
  { nil: undefined, freq: 4 },
);
const changes = fc.array(
  fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), point), { minLength: 1, maxLength: 3 }),
  {
    maxLength: 25,
  },
);
type AnyQuery = LiveQuery<Row & Point & { readonly id: string }>;
type Refine = (query: AnyQuery) => AnyQuery;

const refinements: fc.Arbitrary<Refine> = fc
  .record({
    where: fc.option(fc.constantFrom<Partial<Point>>({ site: '01' }, { n: null }, { site: '02', n: 1 }), {
      nil: undefined,
    }),
    orders: fc.array(fc.tuple(fc.constantFrom('site', 'n', 'id'), fc.constantFrom('ascending', 'descending')), {
      maxLength: 2,
    }),
    limit: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
  })
  .map(({ where, orders, limit }) => (query: AnyQuery) => {
    let refined = where === undefined ? query : query.where(where);
    for (const [member, direction] of orders) refined = refined.orderBy(member as 'site', direction as 'ascending');
    return limit === undefined ? refined : refined.limit(limit);
  });

it('after every change the rows of any query are those of a view built anew, in the same order [PRJ-02, PRJ-03]', () => {
  fc.assert(
    fc.property(changes, refinements, (steps, refine) => {
      const world = openWorld();
      for (const step of steps) {
        world.change(step);
        expect(refine(world.query).rows()).toEqual(refine(world.rebuilt()).rows());
      }
    }),
    { numRuns: 200 },
  );
});

it('a live query emits the plain scan whenever that changes, and never the same rows twice in a row [PRJ-04]', () => {
  fc.assert(
    fc.property(changes, refinements, (steps, refine) => {
      const world = openWorld();
      const query = refine(world.query);
      const seen: (readonly Row[])[] = [];
      const subscription = query.rows$.subscribe((rows) => seen.push(rows));
      const scans: (readonly Row[])[] = [query.rows()];
      for (const step of steps) {
        world.change(step);
        if (JSON.stringify(query.rows()) !== JSON.stringify(scans.at(-1))) scans.push(query.rows());
      }
      expect(seen).toEqual(scans);
      subscription.unsubscribe();
      world.change([['z', { site: '01', n: 0 }]]);
      expect(seen).toEqual(scans);
    }),
    { numRuns: 300 },
  );
});

it('any two values have one order, whatever they are: sorting gives the same for every arrangement [PRJ-03]', () => {
  const value = fc.oneof(fc.anything(), fc.constantFrom(Number.NaN, null, undefined, -0, 0, true, '', 'a', {}, []));
  fc.assert(
    fc.property(value, value, value, (a, b, c) => {
      expect(Math.sign(compareValues(a, b))).toBe(-Math.sign(compareValues(b, a)) + 0);
      if (compareValues(a, b) <= 0 && compareValues(b, c) <= 0) expect(compareValues(a, c)).toBeLessThanOrEqual(0);
      if (compareValues(a, b) === 0 && compareValues(b, c) === 0) expect(compareValues(a, c)).toBe(0);
    }),
    { numRuns: 2_000 },
  );
});
