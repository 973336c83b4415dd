/** Rows about protected fields: what they add to an append, what one value costs, and unlocking. */
import { bulkSample, fasterWay, plainRow, ratioRow, singleSample } from './rows.mjs';
import { median } from './stats.mjs';

const WITH_TWO = 'as the row without them, with two protected fields in each event, each under the key of its subject';

const single = {
  ids: ['B1-fields'],
  sample: (session, turn) => singleSample(session, turn, 'singleFields'),
  rows: (samples) => [
    ratioRow(
      {
        id: 'B1-fields',
        what: `one durable append, p50: ${WITH_TWO}`,
        against: 'as the row without them: the event in the clear',
        unit: 'ms',
        budget: '<= 1.6 x',
        bound: 1.6,
        n: samples[0].n,
      },
      samples.map(({ product, bare }) => ({ figure: median(product), baseline: median(bare) })),
    ),
  ],
};

/** What no way of sealing each value by itself can go below. */
const floorRow = (samples) => ({
  ...ratioRow(
    {
      id: 'B2a-fields-floor',
      what: 'two bare encryptions for each event and nothing else, 500 in flight, in a fresh page',
      against: 'as the row above',
      unit: 'events/s',
      budget: 'information',
      n: samples[0].n,
    },
    fasterWay(samples.map(({ sealMs, ...sample }) => ({ ...sample, productMs: sealMs }))),
  ),
  holds: null,
});

const bulk = {
  ids: ['B2a-fields', 'B2a-fields-floor'],
  sample: async (session, turn) => {
    const sample = await bulkSample(session, turn, 'bulkFields');
    return { ...sample, sealMs: await session.call('bareSeals', { name: `seals-${turn}`, count: 2 * sample.n }) };
  },
  rows: (samples) => [
    ratioRow(
      {
        id: 'B2a-fields',
        what: `events in bulk: ${WITH_TWO}, 500 subjects, whose keys are made on the way`,
        against: 'as the row without them: the events in the clear',
        unit: 'events/s',
        budget: '>= 2.5 x',
        bound: 2.5,
        n: samples[0].n,
      },
      fasterWay(samples),
      { least: true },
    ),
    floorRow(samples),
  ],
};

/** What each row of one value says. */
const VALUE_ROWS = [
  { id: 'F-seal', way: 'seal', atOnce: 500, what: 'one protected value sealed, 500 in flight', bound: 1.5 },
  { id: 'F-open', way: 'open', atOnce: 500, what: 'one protected value opened, 500 in flight', bound: 1.5 },
  { id: 'F-seal-one', way: 'seal', atOnce: 1, what: 'one protected value sealed, one after the other' },
  { id: 'F-open-one', way: 'open', atOnce: 1, what: 'one protected value opened, one after the other' },
];

const valueRow = ({ id, way, what, atOnce, bound }, samples) => {
  const row = ratioRow(
    {
      ...{ id, what, unit: 'us', n: samples[0].n },
      against: 'the value encrypted by WebCrypto, AES-256-GCM under one key with a fresh nonce, and nothing else',
      budget: bound === undefined ? 'information' : `<= ${bound} x`,
      bound,
    },
    samples.map((sample) => ({ figure: sample[atOnce][way], baseline: sample[atOnce].bare })),
  );
  return bound === undefined ? { ...row, holds: null } : row;
};

const values = {
  ids: VALUE_ROWS.map(({ id }) => id),
  sample: async ({ call, scale }) => {
    const n = 2_000 * scale;
    const many = await call('values', { name: 'many', count: n, atOnce: 500 });
    const one = await call('values', { name: 'one', count: n, atOnce: 1 });
    return { 500: many, 1: one, n };
  },
  rows: (samples) => VALUE_ROWS.map((row) => valueRow(row, samples)),
};

const unlock = {
  ids: ['F-unlock'],
  sample: async ({ call }, turn) => ({ figure: await call('unlock', { name: `unlock-${turn}` }) }),
  rows: (samples) => [
    plainRow(
      {
        id: 'F-unlock',
        what: 'from a passphrase to unlocked keys: Argon2id in a worker, at the cost that the device is given, and the self-test',
        against: null,
        unit: 'ms',
        budget: 'information',
        n: 1,
      },
      samples.map(({ figure }) => figure),
    ),
  ],
};

export const FIELD_SCENARIOS = [single, bulk, values, unlock];
