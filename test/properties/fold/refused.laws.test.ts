/** What an author may not record, wherever it came from: kept, told, without effect, and no side of a conflict. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Fold, foldStream, inFoldOrder, type OpenedEvent, type Reducer } from '../../../src/core/fold.ts';
import { branchesOf } from '../../../src/projections/branches.ts';
import { arrivals, comparable, folded } from './arrivals.ts';
import { eventsOf, live, type Notes, REDUCER, replicaOf } from './traces.ts';

const isOutside = ({ context }: OpenedEvent): boolean => context.replica === replicaOf('B');

const headsOf = ({ conflicts }: Fold<Notes>) =>
  conflicts.map(({ key, heads }) => [key, heads.map(({ body }) => body.id).sort()]);

/** B may record nothing once `from` events have taken effect. */
const refusing = (from: number): Reducer<Notes> => ({
  ...REDUCER,
  refuses: ({ seen }, event) => seen.length >= from && isOutside(event),
});

it('any order of arrival ends alike, and advancing equals folding anew, where what may be recorded depends on the state [CNF-12]', () => {
  let refused = 0;
  fc.assert(
    fc.property(arrivals(true), fc.nat(3), ({ trace, arrived }, from) => {
      const { fold } = folded(arrived, refusing(from));
      expect(comparable(fold)).toEqual(comparable(foldStream(eventsOf(live(trace)), refusing(from))));
      refused += fold.inapplicable.length;
    }),
    { numRuns: 150 },
  );
  expect(refused).toBeGreaterThan(30);
});

it('what an author may not record is marked, and state, conflicts and sides are as if it were not there [CNF-12]', () => {
  let conflicts = 0;
  fc.assert(
    fc.property(arrivals(true), ({ trace, arrived }) => {
      const fold = foldStream(arrived, refusing(0));
      const others = inFoldOrder(arrived).filter((event) => !isOutside(event));
      expect(fold.state).toEqual(others.reduce((state, event) => REDUCER.next(state, event) ?? state, REDUCER.initial));
      expect(headsOf(fold)).toEqual(headsOf(foldStream(others, REDUCER)));
      expect(fold.version).toBe(live(trace).length);
      for (const { body } of arrived.filter(isOutside)) expect(fold.inapplicable).toContain(body.id);
      const sides = branchesOf(arrived, refusing(0));
      expect(sides?.branches.filter(({ head }) => isOutside(head)) ?? []).toEqual([]);
      expect(sides?.keys.flatMap(({ ancestors }) => ancestors).filter(isOutside) ?? []).toEqual([]);
      conflicts += fold.conflicts.length;
    }),
    { numRuns: 150 },
  );
  expect(conflicts).toBeGreaterThan(30);
});
