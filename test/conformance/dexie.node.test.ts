/** The Dexie adapter on a simulated IndexedDB; `test/browser/storage` runs the same suite on a real one. */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { dexieStorage } from '../../src/storage/dexie/index.ts';
import { describeEventStorage } from './eventStorage.suite.ts';
import { faultyIndexedDb } from './faults.ts';

describeEventStorage('Dexie on a simulated IndexedDB', {
  durability: 'strict',
  modelRuns: 60,
  makePlace: () => {
    const indexedDB = new IDBFactory();
    return {
      adapter: () => dexieStorage({ indexedDB, IDBKeyRange }),
      faulty: () => {
        const { factory, faults } = faultyIndexedDb(indexedDB);
        return { adapter: dexieStorage({ indexedDB: factory, IDBKeyRange }), faults };
      },
      remove: async () => {},
    };
  },
});
