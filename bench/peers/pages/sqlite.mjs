/** SQLite in a worker, with its defaults; a query of the aggregate after each write. */
import { callbacks, offer } from './harness.mjs';

offer(async (name) => {
  const worker = new Worker('/sqlite.worker.js', { type: 'module' });
  const waiting = new Map();
  worker.onmessage = ({ data: { id, result, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  };
  let calls = 0;
  const ask = (what, given = {}) =>
    new Promise((resolve, reject) => {
      calls += 1;
      waiting.set(calls, { resolve, reject });
      worker.postMessage({ ...given, id: calls, ask: what });
    });
  await ask('open', { name });
  const { follow, written } = callbacks((agg) => ask('newest', { agg }));
  return {
    append: async (records) => {
      await ask('append', { records });
      await written(records);
    },
    states: async (fold) => {
      for (const [agg, payload] of await ask('all')) {
        const { item, value } = JSON.parse(payload);
        fold(agg, item, value);
      }
    },
    follow,
    close: async () => {
      await ask('close');
      worker.terminate();
    },
  };
});
