/** Rows about live queries: what is shown after an append, and views made anew when a store opens. */
import { plainRow } from './rows.mjs';
import { median, quantile, round } from './stats.mjs';

const live = {
  ids: ['B4', 'B4-p99'],
  sample: ({ call, scale }, turn) =>
    call('liveRows', { name: `live-${turn}`, aggregates: 10_000 * scale, subscribers: 100, count: 500 * scale }),
  rows: (samples) => {
    const what =
      'from durable to the rows of the one subscriber of 100 whose result changed, none other woken, 10,000 aggregates';
    const row = { against: null, unit: 'ms', n: samples[0].length };
    return [
      plainRow(
        { ...row, id: 'B4', what: `${what}, p50`, budget: '<= 0.2 ms' },
        samples.map((times) => median(times)),
        0.2,
      ),
      plainRow(
        { ...row, id: 'B4-p99', what: 'the same, p99', budget: '< 16 ms' },
        samples.map((times) => quantile(times, 0.99)),
        16,
      ),
    ];
  },
};

const elsewhere = {
  ids: ['B4-tab', 'B4-tab-hop'],
  sample: async ({ call, scale }, turn) => {
    const asked = { name: `elsewhere-${turn}`, aggregates: 10_000 * scale, subscribers: 100 };
    await call('seedRows', asked);
    const [times] = await Promise.all([
      call('recordForOthers', { ...asked, count: 500 * scale }),
      call('followRows', asked),
    ]);
    return times;
  },
  rows: (samples) => {
    const row = { against: null, unit: 'ms', n: samples[0].shown.length };
    return [
      plainRow(
        {
          ...row,
          id: 'B4-tab',
          what: 'from durable here to the rows of the one subscriber of 100 in another tab, none other woken, 10,000 aggregates, p50',
          budget: '<= 1 ms',
        },
        samples.map(({ shown }) => median(shown)),
        1,
      ),
      plainRow(
        { ...row, id: 'B4-tab-hop', what: 'a message to the other tab and nothing else, p50', budget: 'information' },
        samples.map(({ hop }) => median(hop)),
      ),
    ];
  },
};

const anew = {
  ids: ['B4-open'],
  sample: ({ call, scale }, turn) => call('rowsAnew', { name: `anew-${turn}`, aggregates: 10_000 * scale }),
  rows: (samples) => [
    {
      ...plainRow(
        {
          id: 'B4-open',
          what: 'opening with kept states and a view with two indexes, 10,000 aggregates',
          against: 'the same without a view',
          unit: 'ms',
          budget: 'information',
          n: 10_000,
        },
        samples.map(([, withView]) => withView),
      ),
      baseline: round(median(samples.map(([without]) => without))),
    },
  ],
};

export const VIEW_SCENARIOS = [live, elsewhere, anew];
