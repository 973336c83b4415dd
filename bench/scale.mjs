/** Rows about logs that were compacted, from a thousand events to a million: what must not grow with the log. */
import { inTurn, plainRow, ratioRow } from './rows.mjs';
import { growthExponent, median, round } from './stats.mjs';

const LOGS = [1_000, 10_000, 100_000, 1_000_000];
const KEPT = 'packed, with the states kept';

/** Time of one call at every size of the log. */
const atEachSize = async ({ call, seed, scale }, name) => {
  const points = [];
  for (const log of LOGS) {
    const count = log * scale;
    const database = await seed('seedCompacted', count);
    points.push([count, await call(name, { name: database, count })]);
  }
  return points;
};

const growthRow = (row, samples, bound) => {
  const costs = LOGS.map((_, at) => round(median(samples.map((points) => points[at][1]))));
  return {
    ...plainRow({ ...row, unit: 'exponent', n: samples.length }, samples.map(growthExponent), bound),
    what: `${row.what} at ${LOGS.map((log) => log.toLocaleString('en-US')).join(', ')} events: ${costs.join(', ')} ms`,
  };
};

const opening = {
  ids: ['B3b', 'G-open-kept'],
  sample: (session) => atEachSize(session, 'coldKept'),
  rows: (samples) => [
    plainRow(
      {
        id: 'B3b',
        what: `fresh page: openStore until the states of all 500 aggregates are read, 100,000 events ${KEPT}`,
        unit: 'ms',
        budget: '< 50 ms',
        n: samples.length,
      },
      samples.map((points) => points[2][1]),
      50,
    ),
    growthRow({ id: 'G-open-kept', what: 'time of the same', budget: '<= 0.1' }, samples, 0.1),
  ],
};

const reading = {
  ids: ['G-stream', 'G-replica', 'G-range'],
  sample: async (session) => ({
    stream: await atEachSize(session, 'historyOfOne'),
    replica: await atEachSize(session, 'replicaOfOne'),
    range: await atEachSize(session, 'range'),
  }),
  rows: (samples) => [
    growthRow(
      { id: 'G-stream', what: 'time to read the history of one stream of 20 events', budget: '<= 0.1' },
      samples.map(({ stream }) => stream),
      0.1,
    ),
    growthRow(
      { id: 'G-replica', what: 'time to find and read the 20 commits of one replica', budget: '<= 0.1' },
      samples.map(({ replica }) => replica),
      0.1,
    ),
    growthRow(
      { id: 'G-range', what: 'time to read 64 KiB of the log at any place', budget: '<= 0.1' },
      samples.map(({ range }) => range),
      0.1,
    ),
  ],
};

/** Recorded one at a time, packed, and then opened without kept states, as after an update of the application. */
const packedSingly = {
  ids: ['B3a-packed'],
  sample: async ({ call, seed, scale }) => {
    const count = 10_000 * scale;
    const product = await seed('seedPackedSingly', count);
    const bare = await seed('seedBare', count);
    return {
      figure: await call('coldKept', { name: product, count, app: 'another' }),
      baseline: await call('coldBare', { name: bare, count }),
      n: count,
    };
  },
  rows: (samples) => {
    const ratios = samples.map(({ figure, baseline }) => figure / baseline);
    return [
      {
        id: 'B3a-packed',
        what: 'fresh page: openStore until all states are read, no snapshot; events recorded one at a time, then packed',
        against: 'bare IndexedDB, one record per event: open and one getAll in a fresh page',
        unit: 'ms',
        figure: round(median(samples.map(({ figure }) => figure))),
        baseline: round(median(samples.map(({ baseline }) => baseline))),
        ratio: round(median(ratios)),
        min: round(Math.min(...ratios)),
        max: round(Math.max(...ratios)),
        budget: 'information',
        holds: null,
        n: samples[0].n,
        rounds: samples.length,
      },
    ];
  },
};

const CHANGED = [10_000, 100_000];
const CHANGED_FIGURES = [
  ['', 'shownMs', 'until the store is there and a view shows the rows of before'],
  ['-current', 'currentMs', 'until everything is folded anew'],
  ['-turn', 'longestMs', 'the longest time for which nobody else had a turn meanwhile'],
];

/** Opening where states are of before, at each size. `when`: why they are. */
const stale = ({ row, when, seeds, opens }) => ({
  ids: CHANGED.flatMap((count) => CHANGED_FIGURES.map(([of]) => `${row}${of}-${count / 1_000}k`)),
  sample: async ({ call, seed, scale }) => {
    const samples = [];
    for (const log of CHANGED) {
      const count = log * scale;
      samples.push(await call(opens, { name: await seed(seeds, count), count, app: 'another' }));
    }
    return samples;
  },
  rows: (samples) =>
    CHANGED.flatMap((count, at) =>
      CHANGED_FIGURES.map(([of, figure, what]) =>
        plainRow(
          {
            id: `${row}${of}-${count / 1_000}k`,
            what: `fresh page, ${when}, ${count.toLocaleString('en-US')} events ${KEPT}: ${what}`,
            unit: 'ms',
            budget: 'information',
            n: samples.length,
          },
          samples.map((points) => points[at][figure]),
        ),
      ),
    ),
});

/** An update of the application: the states that were kept are of the machines before. */
const changed = stale({
  row: 'B3c',
  when: 'after machines have changed',
  seeds: 'seedCompacted',
  opens: 'openChanged',
});
/** Of protected values states are kept unopened: each opening of a long log folds it anew. */
const unopened = stale({
  row: 'B3d',
  when: 'two protected fields in each event, keys unlocked',
  seeds: 'seedFields',
  opens: 'openFieldsLog',
});

const MENDED = [10_000, 100_000];

/** What it costs to leave a torn log behind (decision 0040). */
const mending = {
  ids: ['C-mending-10k', 'C-mending-100k'],
  sample: async ({ call, seed, scale }, turn) => {
    const samples = [];
    for (const log of MENDED) {
      const count = log * scale;
      const name = await seed('seedCompacted', count);
      const open = (mends) => call('coldMending', { name, count, mends });
      const [figure, baseline] = await inTurn(
        turn,
        () => open(true),
        () => open(false),
      );
      samples.push({ figure, baseline, n: 1 });
    }
    return samples;
  },
  rows: (samples) =>
    MENDED.map((log, at) => ({
      ...ratioRow(
        {
          id: `C-mending-${log / 1_000}k`,
          what: `fresh page: openStore of ${log.toLocaleString('en-US')} events ${KEPT}, with a new log begun in the engine`,
          against: 'the same without',
          unit: 'ms',
          budget: 'information',
          n: samples.length,
        },
        samples.map((sizes) => sizes[at]),
      ),
      holds: null,
    })),
};

export const SCALE_SCENARIOS = [opening, reading, packedSingly, changed, unopened, mending];
