/** Dexie, with its defaults: relaxed durability, live queries that are called before the transaction is committed. */
import Dexie, { liveQuery } from 'dexie';
import { offer } from './harness.mjs';

offer(async (name) => {
  const database = new Dexie(name);
  database.version(1).stores({ events: 'seq, [agg+ver]' });
  await database.open();
  const newest = (agg) => database.events.where('[agg+ver]').between([agg, Dexie.minKey], [agg, Dexie.maxKey]).last();
  return {
    append: ([first, ...rest]) =>
      rest.length === 0 ? database.events.add(first) : database.events.bulkAdd([first, ...rest]),
    states: async (fold) => {
      for (const { agg, payload } of await database.events.toArray()) fold(agg, payload.item, payload.value);
    },
    follow: (agg, callback) => {
      const subscription = liveQuery(() => newest(agg)).subscribe((record) => callback(record?.ver ?? 0));
      return () => subscription.unsubscribe();
    },
    close: async () => database.close(),
  };
});
