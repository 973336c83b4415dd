/**
 * What is run: each scenario takes one sample per round and turns its samples into rows. Both sides of a ratio are
 * measured in the same round, and take turns in going first.
 */
import { coreSize } from './bundle.mjs';
import { FIELD_SCENARIOS } from './fields.mjs';
import { HEAP_SCENARIOS } from './heap.mjs';
import { bulkSample, fasterWay, inTurn, plainRow, ratioRow, singleSample } from './rows.mjs';
import { SCALE_SCENARIOS } from './scale.mjs';
import { growthExponent, median, quantile, round } from './stats.mjs';
import { VIEW_SCENARIOS } from './views.mjs';

const ON =
  'zod-validated, decided by the machine, canonical, hashed, chained, signed, sealed at rest by a device key, strictly durable';
const BARE = 'bare IndexedDB, one record per event, index [agg,ver], strict';
const LOGS = [1_000, 10_000, 100_000];

const single = {
  ids: ['B1', 'B1-p99'],
  sample: (session, turn) => singleSample(session, turn, 'single'),
  rows: (samples) => {
    const row = { unit: 'ms', n: samples[0].n };
    return [
      ratioRow(
        {
          ...row,
          id: 'B1',
          what: `one durable append by aggregate.send, p50: ${ON}`,
          against: `${BARE}, one add per transaction, with or without commit(), the faster`,
          budget: '<= 1.6 x',
          bound: 1.6,
        },
        samples.map(({ product, bare }) => ({ figure: median(product), baseline: median(bare) })),
      ),
      {
        ...plainRow(
          { ...row, id: 'B1-p99', what: 'the same, p99', against: 'the same, p99', budget: '< 10 ms' },
          samples.map(({ product }) => quantile(product, 0.99)),
          10,
        ),
        baseline: round(median(samples.map(({ bare }) => quantile(bare, 0.99)))),
      },
    ];
  },
};

const bulk = {
  ids: ['B2a'],
  sample: (session, turn) => bulkSample(session, turn, 'bulkProduct'),
  rows: (all) => [
    ratioRow(
      {
        id: 'B2a',
        what: `events in bulk by store.appendAll over 500 aggregates: ${ON}`,
        against: `${BARE}, all in one transaction or 1,000 in each, the way with the better median`,
        unit: 'events/s',
        budget: '>= 4 x',
        bound: 4,
        n: all[0].n,
      },
      fasterWay(all),
      { least: true },
    ),
  ],
};

const crowd = {
  ids: ['B2b'],
  sample: async ({ call, scale }, turn) => {
    const [figure, baseline] = await inTurn(
      turn,
      () => call('crowd', { name: `crowd-${turn}`, callers: 100, each: 40 * scale }),
      () => call('crowd', { name: `alone-${turn}`, callers: 1, each: 400 * scale }),
    );
    return { figure, baseline, n: 4_000 * scale };
  },
  rows: (samples) => [
    ratioRow(
      {
        id: 'B2b',
        what: `100 concurrent callers of aggregate.send, each one after the other: ${ON}`,
        against: 'the same by one caller',
        unit: 'events/s',
        budget: '>= 14 x',
        bound: 14,
        n: samples[0].n,
      },
      samples,
      { least: true },
    ),
  ],
};

const cold = {
  ids: ['B3a'],
  sample: async ({ call, seed, scale }, turn) => {
    const count = 100_000 * scale;
    const product = await seed('seedProduct', count);
    const bare = await seed('seedBare', count);
    const [figure, baseline] = await inTurn(
      turn,
      () => call('coldProduct', { name: product, count }),
      () => call('coldBare', { name: bare, count }),
    );
    return { figure, baseline, n: count };
  },
  rows: (samples) => [
    ratioRow(
      {
        id: 'B3a',
        what: 'fresh page: openStore until the states of all 500 aggregates are read, no snapshot; events recorded in bulk',
        against: `${BARE}: open and one getAll in a fresh page, nothing folded`,
        unit: 'ms',
        budget: '<= 0.4 x',
        bound: 0.4,
        n: samples[0].n,
      },
      samples,
    ),
  ],
};

const coldSingly = {
  ids: ['B3a-single'],
  sample: async ({ call, seed, scale }, turn) => {
    const count = 10_000 * scale;
    const product = await seed('seedSingly', count);
    const bare = await seed('seedBare', count);
    const [figure, baseline] = await inTurn(
      turn,
      () => call('coldProduct', { name: product, count }),
      () => call('coldBare', { name: bare, count }),
    );
    return { figure, baseline, n: count };
  },
  rows: (samples) => [
    {
      ...ratioRow(
        {
          id: 'B3a-single',
          what: 'the same, each event recorded by itself: one record per commit, none of them packed yet',
          against: 'the same',
          unit: 'ms',
          budget: 'information',
          bound: 0,
          n: samples[0].n,
        },
        samples,
      ),
      holds: null,
    },
  ],
};

const verify = {
  ids: ['B5-page'],
  sample: async ({ call, seed, scale }) => {
    const count = 100_000 * scale;
    const name = await seed('seedProduct', count);
    return { figure: await call('verify', { name, count }), n: count };
  },
  rows: (samples) => [
    plainRow(
      {
        id: 'B5-page',
        what: 'store.verify of everything held, in the page, signatures included; in a worker: not built yet',
        against: null,
        unit: 'ms',
        budget: 'information',
        n: samples[0].n,
      },
      samples.map(({ figure }) => figure),
    ),
  ],
};

const size = {
  ids: ['B8', 'B8-one', 'B8-total'],
  once: true,
  sample: coreSize,
  rows: ([{ own, together, total }]) => {
    const row = { against: null, unit: 'bytes', n: 1 };
    return [
      plainRow(
        {
          ...row,
          id: 'B8',
          what: 'own code that the entry indelible loads first, each file minified and gzipped',
          budget: '< 30 KB',
        },
        [own],
        30 * 1_024,
      ),
      plainRow({ ...row, id: 'B8-one', what: 'the same, gzipped as one file', budget: 'information' }, [together]),
      plainRow({ ...row, id: 'B8-total', what: 'the same with all packages it uses', budget: 'information' }, [total]),
    ];
  },
};

const growthRow = (row, samples, limit) => {
  const exponents = samples.map(({ points }) => growthExponent(points));
  const costs = LOGS.map((_, index) => round(median(samples.map(({ points }) => points[index][1]))));
  return {
    ...plainRow(row, exponents, limit),
    what: `${row.what}: ${costs.join(', ')} ms`,
    n: samples[0].n,
  };
};

const growth = {
  ids: ['G-append', 'G-open'],
  sample: async ({ call, seed, scale }, turn) => {
    const open = [];
    const append = [];
    for (const log of LOGS) {
      const count = log * scale;
      const name = await seed('seedProduct', count);
      open.push([count, await call('coldProduct', { name, count })]);
    }
    for (const log of LOGS) {
      const name = await seed('seedProduct', log * scale, `grown-${turn}`);
      append.push([log * scale, await call('appendAt', { name, count: 200 })]);
    }
    return { open, append };
  },
  rows: (samples) => {
    const row = { against: null, unit: 'exponent' };
    const sizes = 'logs of 1,000, 10,000 and 100,000 events';
    return [
      growthRow(
        { ...row, id: 'G-append', what: `time of one append at ${sizes}`, budget: '<= 0.1' },
        samples.map(({ append }) => ({ points: append, n: 200 })),
        0.1,
      ),
      growthRow(
        { ...row, id: 'G-open', what: `time of a cold open at ${sizes}`, budget: '<= 1.1' },
        samples.map(({ open }) => ({ points: open, n: 1 })),
        1.1,
      ),
    ];
  },
};

export const SCENARIOS = [
  single,
  bulk,
  crowd,
  ...FIELD_SCENARIOS,
  cold,
  coldSingly,
  ...VIEW_SCENARIOS,
  ...SCALE_SCENARIOS,
  ...HEAP_SCENARIOS,
  verify,
  growth,
  size,
];
