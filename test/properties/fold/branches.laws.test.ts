/** The sides of a conflict are what their authors had before them: laws with an oracle that has lived the history. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { foldStream } from '../../../src/core/fold.ts';
import { branchesOf } from '../../../src/projections/branches.ts';
import { arrivals } from './arrivals.ts';
import { eventsOf, type Lived, live, REDUCER, traces } from './traces.ts';

const stateOf = (lived: readonly Lived[]) => foldStream(eventsOf(lived), REDUCER).state;
const values = (events: readonly { readonly payload: { readonly [name: string]: unknown } }[]) =>
  events.map(({ payload }) => String(payload['value']));

it('each side is the state that its author made, the ancestor what all of them had seen, whatever the order of arrival [CNF-09]', () => {
  let sides = 0;
  fc.assert(
    fc.property(arrivals(true), ({ trace, arrived }) => {
      const lived = live(trace);
      const { conflicts } = foldStream(arrived, REDUCER);
      const found = branchesOf(arrived, REDUCER);
      expect(found === undefined).toBe(conflicts.length === 0);
      if (found === undefined) return;
      expect(found.keys.map(({ key, heads }) => [key, values(heads)])).toEqual(
        conflicts.map(({ key, heads }) => [key, values(heads)]),
      );
      const heads = found.branches.map(({ head }) => lived.find(({ event }) => event.body.id === head.body.id));
      const common = lived.filter(({ event }) => heads.every((head) => head?.known.has(event.body.id)));
      expect(found.ancestor, trace.join(' ')).toEqual(stateOf(common));
      for (const { head, state, changed } of found.branches) {
        sides += 1;
        const own = lived.find(({ event }) => event.body.id === head.body.id);
        const had = lived.filter((one) => one === own || own?.known.has(one.event.body.id));
        expect(state, trace.join(' ')).toEqual(stateOf(had));
        const since = had.filter((one) => !common.includes(one)).flatMap(({ keys }) => keys);
        expect(changed).toEqual([...new Set(since)].sort());
      }
    }),
    { numRuns: 250 },
  );
  expect(sides).toBeGreaterThan(200);
});

it('a key is compared with the newest of it that every side had seen [CNF-09]', () => {
  fc.assert(
    fc.property(traces(), (trace) => {
      const lived = live(trace);
      for (const { key, heads, ancestors } of branchesOf(eventsOf(lived), REDUCER)?.keys ?? []) {
        const sides = lived.filter(({ event }) => heads.some((head) => head.body.id === event.body.id));
        const seen = lived.filter(
          (one) => one.keys.includes(key) && sides.every(({ known }) => known.has(one.event.body.id)),
        );
        const newest = seen.filter((one) => !seen.some(({ known }) => known.has(one.event.body.id)));
        expect(new Set(values(ancestors)), trace.join(' ')).toEqual(new Set(values(eventsOf(newest))));
      }
    }),
    { numRuns: 250 },
  );
});

it.each([
  ['what it was', 'Aa B<A Aa Ba', { a: ['A1'] }],
  ['nothing, where it is new', 'Aa Ba', { a: [] }],
  ['both values, where two resolutions are in conflict', 'Aa Ba A<B B<A Aa Ba', { a: ['A1', 'B1'] }],
  ['each for itself', 'Aa+b B<A Ba C<B Aa+b Ca+b', { a: ['A1'], b: ['A1'] }],
])('the ancestor of a key in conflict is %s [CNF-09]', (_, trace, expected) => {
  const found = branchesOf(eventsOf(live(trace.split(' '))), REDUCER);
  expect(Object.fromEntries(found?.keys.map(({ key, ancestors }) => [key, values(ancestors)]) ?? [])).toEqual(expected);
});
