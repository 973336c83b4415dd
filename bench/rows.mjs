/** How samples of a scenario become its rows. */
import { median, round, spread } from './stats.mjs';

/** Runs both in turn; every other round in the other order. */
export const inTurn = async (turn, first, second) => {
  if (turn % 2 === 0) return [await first(), await second()];
  const late = await second();
  return [await first(), late];
};

export const ratioRow = (row, samples, { least = false } = {}) => {
  const ratios = samples.map(({ figure, baseline }) => figure / baseline);
  const ratio = median(ratios);
  return {
    ...row,
    figure: round(median(samples.map(({ figure }) => figure))),
    baseline: round(median(samples.map(({ baseline }) => baseline))),
    ratio: round(ratio),
    min: round(Math.min(...ratios)),
    max: round(Math.max(...ratios)),
    holds: least ? ratio >= row.bound : ratio <= row.bound,
    rounds: samples.length,
  };
};

export const plainRow = (row, figures, bound) => ({
  against: null,
  ...row,
  ...spread(figures),
  baseline: null,
  ratio: null,
  holds: bound === undefined ? null : median(figures) <= bound,
  rounds: figures.length,
});

/** Events per second of both sides, the baseline in the way that is faster over all rounds. */
export const fasterWay = (all) => {
  const [whole, parts] = [0, 1].map((way) => median(all.map(({ bareMs }) => bareMs[way])));
  const way = whole <= parts ? 0 : 1;
  const rate = (n, ms) => (1_000 * n) / ms;
  return all.map(({ productMs, bareMs, n }) => ({ figure: rate(n, productMs), baseline: rate(n, bareMs[way]) }));
};

/** One sample of bulk against bare IndexedDB written both ways; `name` of the call, `turn` of the round. */
export const bulkSample = async ({ call, scale }, turn, name) => {
  const count = 10_000 * scale;
  const bareOf = (batch) => call('bulkBare', { name: `${name}-bare-${turn}-${batch}`, count, batch });
  const [productMs, bareMs] = await inTurn(
    turn,
    () => call(name, { name: `${name}-${turn}`, count }),
    async () => [await bareOf(count), await bareOf(1_000)],
  );
  return { productMs, bareMs, n: count };
};

/** One sample of single appends against bare IndexedDB, its faster way. */
export const singleSample = async ({ call, scale }, turn, name) => {
  const times = await call(name, { name: `${name}-${turn}`, count: 1_500 * scale, warmUp: 300, block: 50 });
  const bare = median(times.bare) <= median(times.bareCommit) ? times.bare : times.bareCommit;
  return { product: times.product, bare, n: times.product.length };
};
