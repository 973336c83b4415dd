/** TinyBase in memory, saved through its IndexedDB persister, which writes the whole store each time. */
import { createStore } from 'tinybase';
import { createIndexedDbPersister } from 'tinybase/persisters/persister-indexed-db';
import { offer } from './harness.mjs';

offer(async (name) => {
  const store = createStore();
  const persister = createIndexedDbPersister(store, name);
  await persister.load();
  return {
    append: (records) => {
      store.transaction(() => {
        for (const { seq, payload, ...record } of records) {
          store.setRow('events', String(seq), { ...record, payload: JSON.stringify(payload) });
          store.setCell('newest', record.agg, 'ver', record.ver);
        }
      });
      return persister.save();
    },
    states: async (fold) => {
      store.forEachRow('events', (id) => {
        const { item, value } = JSON.parse(store.getCell('events', id, 'payload'));
        fold(store.getCell('events', id, 'agg'), item, value);
      });
    },
    follow: (agg, callback) => {
      const listener = store.addCellListener('newest', agg, 'ver', (_store, _table, _row, _cell, version) =>
        callback(version),
      );
      return () => store.delListener(listener);
    },
    close: () => persister.destroy(),
  };
});
