/** Bare IndexedDB: one record per event, one index, strict durability; a query of the aggregate after each write. */
import { addBare, openBare, readAllBare } from '../../page/bare.ts';
import { callbacks, offer } from './harness.mjs';

const newestOf = (database, agg) =>
  new Promise((resolve, reject) => {
    const range = IDBKeyRange.bound([agg, 0], [agg, Number.MAX_SAFE_INTEGER]);
    const request = database.transaction('events').objectStore('events').index('stream').openCursor(range, 'prev');
    request.onsuccess = () => resolve(request.result?.value.ver ?? 0);
    request.onerror = () => reject(request.error);
  });

offer(async (name) => {
  const database = await openBare(name);
  const { follow, written } = callbacks((agg) => newestOf(database, agg));
  return {
    append: async (records) => {
      await addBare(database, records);
      await written(records);
    },
    states: async (fold) => {
      for (const { agg, payload } of await readAllBare(database)) fold(agg, payload.item, payload.value);
    },
    follow,
    close: async () => database.close(),
  };
});
