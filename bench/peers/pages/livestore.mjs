/** LiveStore on the origin private file system, with its defaults. An append ends when the leader has confirmed it. */
import { makePersistedAdapter } from '@livestore/adapter-web';
import { createStorePromise, queryDb } from '@livestore/livestore';
import { offer } from './harness.mjs';
import { recorded, schema, tables } from './livestoreSchema.mjs';

const adapter = makePersistedAdapter({
  worker: (options) => new Worker('/livestore.worker.js', { ...options, type: 'module' }),
  sharedWorker: (options) => new SharedWorker('/livestore.shared.js', { ...options, type: 'module' }),
  storage: { type: 'opfs' },
});

offer(async (name) => {
  const store = await createStorePromise({ schema, adapter, storeId: name, disableDevtools: true });
  let wake = () => undefined;
  const stop = store.subscribeSyncStatus(() => wake());
  const confirmed = async () => {
    while (!store.syncStatus().isSynced)
      await new Promise((resolve) => {
        wake = resolve;
      });
  };
  return {
    append: (records) => {
      store.commit(...records.map((record) => recorded({ ...record, payload: JSON.stringify(record.payload) })));
      return confirmed();
    },
    states: async (fold) => {
      for (const { agg, payload } of store.query(tables.events.orderBy('seq', 'asc'))) {
        const { item, value } = JSON.parse(payload);
        fold(agg, item, value);
      }
    },
    follow: (agg, callback) =>
      store.subscribe(queryDb(tables.events.where({ agg }).orderBy('ver', 'desc').limit(1)), ([row]) =>
        callback(row?.ver ?? 0),
      ),
    close: () => {
      stop();
      return store.shutdownPromise();
    },
  };
});
