/** RxDB on its Dexie storage, with its defaults: one document per event, one index. */
import { createRxDatabase } from 'rxdb/plugins/core';
import { getRxStorageDexie } from 'rxdb/plugins/storage-dexie';
import { offer } from './harness.mjs';

const text = { type: 'string' };
const whole = { type: 'number', minimum: 0, maximum: 1_000_000_000, multipleOf: 1 };
const SCHEMA = {
  version: 0,
  primaryKey: 'id',
  type: 'object',
  properties: {
    id: { ...text, maxLength: 36 },
    seq: whole,
    agg: { ...text, maxLength: 40 },
    ver: whole,
    ...{ type: text, schema: whole, device: text, user: text, role: text, at: text, reason: text },
    payload: { type: 'object' },
  },
  required: ['seq', 'agg', 'ver'],
  indexes: [['agg', 'ver']],
};

offer(async (name) => {
  const database = await createRxDatabase({ name, storage: getRxStorageDexie(), multiInstance: false });
  const { events } = await database.addCollections({ events: { schema: SCHEMA } });
  return {
    append: async ([first, ...rest]) => {
      if (rest.length === 0) return events.insert(first);
      const { error } = await events.bulkInsert([first, ...rest]);
      if (error.length > 0) throw new Error(`${error.length} not inserted`);
    },
    states: async (fold) => {
      for (const { agg, payload } of await events.find().exec()) fold(agg, payload.item, payload.value);
    },
    follow: (agg, callback) => {
      const newest = events.findOne({ selector: { agg }, sort: [{ agg: 'desc' }, { ver: 'desc' }] });
      const subscription = newest.$.subscribe((document) => callback(document?.ver ?? 0));
      return () => subscription.unsubscribe();
    },
    close: () => database.close(),
  };
});
