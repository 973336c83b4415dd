/** Laws of rollups: groups are a function of the set of rows, whatever order they came in. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openGroups } from '../../../src/projections/groups.ts';
import type { Row } from '../../../src/projections/query.ts';
import { defineRollup } from '../../../src/projections/rollup.ts';
import { defineView } from '../../../src/projections/view.ts';
import { Visit } from '../../unit/store/trial.ts';
import { changes, openWorld, type PointRow } from './world.ts';

const MEASURES = {
  all: { count: {} },
  positive: { count: { n: { gt: 0 } } },
  total: { sum: 'n' },
  least: { min: 'n' },
  last: { max: 'id' },
} as const;

/** The same groups by the plain way: every row, anew. */
const plainGroups = (rows: readonly PointRow[]): readonly Row[] => {
  const sites = [...new Set(rows.map(({ site }) => site))];
  return sites.map((site) => {
    const own = rows.filter((row) => row.site === site);
    const numbers = own.flatMap(({ n }) => (n === null ? [] : [n]));
    return {
      site,
      all: own.length,
      positive: numbers.filter((n) => n > 0).length,
      total: numbers.reduce((sum, n) => sum + n, 0),
      least: numbers.length === 0 ? undefined : Math.min(...numbers),
      last: own
        .map(({ id }) => id)
        .sort()
        .at(-1),
    };
  });
};

it('after every change a rollup is what its rows come to, made anew or not, over a rollup too, and is joined by its text [PRJ-11, PRJ-12]', () => {
  fc.assert(
    fc.property(changes, (steps) => {
      let [bySite, overall] = [defineNothing(), defineNothing()];
      const world = openWorld((points) => {
        const sites = defineRollup({ name: 'by site', of: points, groupBy: ['site'], measures: MEASURES });
        const all = defineRollup({
          name: 'all',
          of: sites,
          groupBy: [],
          measures: { sites: { count: {} }, total: { sum: 'all' } },
        });
        [bySite, overall] = [sites, all];
        return [sites, all];
      });
      for (const step of steps) {
        world.change(step);
        const rows = world.query(bySite).orderBy('site').rows();
        expect(rows).toEqual(world.rebuilt(bySite).orderBy('site').rows());
        const plain = plainGroups(world.query().rows());
        expect(rows).toEqual([...plain].sort((a, b) => (String(a['site']) < String(b['site']) ? -1 : 1)));
        const joined = world.query().join(bySite, { by: 'site', as: 'group' }).rows();
        expect(joined.map(({ group }) => group)).toEqual(
          joined.map(({ site }) => rows.find((row) => row.site === site)),
        );
        const count = world.query().rows().length;
        expect(world.query(overall).rows()).toEqual(count === 0 ? [] : [{ sites: plain.length, total: count }]);
      }
    }),
    { numRuns: 100 },
  );
});

const defineNothing = () =>
  defineRollup({
    ...{ name: 'nothing', groupBy: [], measures: {} },
    of: defineView({ name: 'none', of: Visit, row: (): Row | undefined => undefined }),
  });

it('a sum is exact in the decimals that are shown, whatever came and went before [PRJ-12]', () => {
  const sums = defineRollup({ ...defineNothing(), groupBy: [], measures: { sum: { sum: 'n' } } });
  const decimal = fc.tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.integer({ min: 0, max: 3 }));
  fc.assert(
    fc.property(
      fc.array(decimal, { minLength: 1 }),
      fc.array(fc.double({ noDefaultInfinity: true, noNaN: true })),
      (kept, gone) => {
        const take = openGroups(sums);
        const rows = (values: readonly number[]) =>
          values.map((n, at) => ({ key: `${at}`, before: undefined, after: { n } }));
        const passing = rows(gone).map(({ key, after }) => ({ key: `gone-${key}`, before: undefined, after }));
        take([...passing, ...rows(kept.map(([units, places]) => Number(`${units}e-${places}`)))]);
        const [[, group] = []] = take(
          passing.map(({ key, after }) => ({ key, before: after, after: undefined })).concat([]),
        );
        const thousandths = kept.reduce((sum, [units, places]) => sum + units * 10 ** (3 - places), 0);
        if (gone.length > 0) expect(group).toEqual({ sum: Number(`${thousandths}e-3`) });
      },
    ),
    { numRuns: 200 },
  );
});
