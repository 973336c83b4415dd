/** PouchDB on IndexedDB, with its defaults: one document per event, one changes feed that subscribers share. */
import PouchDB from 'pouchdb-browser';
import { offer } from './harness.mjs';

const documentOf = (record) => ({ _id: String(record.seq).padStart(9, '0'), ...record });

offer(async (name) => {
  const database = new PouchDB(name);
  const byAggregate = new Map();
  const changes = database.changes({ since: 'now', live: true, include_docs: true });
  changes.on('change', ({ doc }) => byAggregate.get(doc.agg)?.(doc.ver));
  return {
    append: async ([first, ...rest]) => {
      if (rest.length === 0) return database.put(documentOf(first));
      const answers = await database.bulkDocs([first, ...rest].map(documentOf));
      if (answers.some(({ error }) => error)) throw new Error('not stored');
    },
    states: async (fold) => {
      const { rows } = await database.allDocs({ include_docs: true });
      for (const { doc } of rows) fold(doc.agg, doc.payload.item, doc.payload.value);
    },
    follow: (agg, callback) => {
      byAggregate.set(agg, callback);
      return () => byAggregate.delete(agg);
    },
    close: () => {
      changes.cancel();
      return database.close();
    },
  };
});
