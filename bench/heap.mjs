/** Rows about memory: what an open store keeps in the page, after a collection, beside the same page before it. */
import { plainRow } from './rows.mjs';

const EVENTS = 100_000;
const MB_MAX = 50;

/** Megabytes in use after a collection: JavaScript, what the platform holds for it, and the bytes of buffers. */
const usedMb = async (page) => {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  for (let turn = 0; turn < 2; turn++) await session.send('HeapProfiler.collectGarbage');
  const { usedSize, embedderHeapUsedSize, backingStorageSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return (usedSize + embedderHeapUsedSize + backingStorageSize) / 1e6;
};

const heldMb = async ({ watched }, parameters) => {
  let mb = 0;
  await watched('hold', parameters, async (page) => {
    const before = await usedMb(page);
    return async () => {
      mb = (await usedMb(page)) - before;
    };
  });
  return mb;
};

const heap = {
  ids: ['B7', 'B7-folded'],
  sample: async (session) => {
    const count = EVENTS * session.scale;
    const name = await session.seed('seedCompacted', count);
    return {
      kept: await heldMb(session, { name, count }),
      folded: await heldMb(session, { name, count, app: 'another' }),
      n: count,
    };
  },
  rows: (samples) => {
    const row = { against: null, unit: 'MB', n: samples[0].n, budget: `< ${MB_MAX} MB` };
    const what =
      'memory of a page that has opened the store and read the states of all 500 aggregates, after a collection';
    return [
      plainRow(
        { ...row, id: 'B7', what: `${what}, less that of the page before: opened with kept states` },
        samples.map(({ kept }) => kept),
        MB_MAX,
      ),
      plainRow(
        { ...row, id: 'B7-folded', what: 'the same, every event read and folded while it opened' },
        samples.map(({ folded }) => folded),
        MB_MAX,
      ),
    ];
  },
};

export const HEAP_SCENARIOS = [heap];
