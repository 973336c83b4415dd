/** Laws of views: rows are a function of the set of events, and a live query is the plain scan that changed. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareValues, type Row } from '../../../src/projections/query.ts';
import { ask, asked, changes, openWorld } from './world.ts';

it('after every change the rows of any query are those of a view built anew, in the same order [PRJ-02, PRJ-03]', () => {
  fc.assert(
    fc.property(changes, asked, (steps, query) => {
      const world = openWorld();
      for (const step of steps) {
        world.change(step);
        expect(ask(world.query(), query).rows()).toEqual(ask(world.rebuilt(), query).rows());
      }
    }),
    { numRuns: 200 },
  );
});

it('a live query emits the plain scan whenever that changes, and never the same rows twice in a row [PRJ-04]', () => {
  fc.assert(
    fc.property(changes, asked, (steps, query) => {
      const world = openWorld();
      const seen: (readonly Row[])[] = [];
      const subscription = ask(world.query(), query).rows$.subscribe((rows) => seen.push(rows));
      const scan = ask(world.plain(), query);
      const scans: (readonly Row[])[] = [scan.rows()];
      for (const step of steps) {
        world.change(step);
        if (JSON.stringify(scan.rows()) !== JSON.stringify(scans.at(-1))) scans.push(scan.rows());
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
