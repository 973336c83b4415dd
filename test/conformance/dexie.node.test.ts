/** The Dexie adapter on a simulated IndexedDB; `test/browser/storage` runs the same laws on a real one. */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { dexieStorage } from '../../src/storage/dexie/index.ts';
import { FAULT_KINDS, isSilent } from '../../src/testing/conformance/index.ts';
import { faultyIndexedDb } from '../../src/testing/faultyIndexedDb.ts';
import { describeStorage } from './suite.ts';

describeStorage('Dexie on a simulated IndexedDB', {
  durability: 'strict',
  faultKinds: FAULT_KINDS,
  makePlace: () => {
    const indexedDB = new IDBFactory();
    return {
      adapter: () => dexieStorage({ indexedDB, IDBKeyRange }),
      faulty: (kind) => {
        const { factory, faults } = faultyIndexedDb(indexedDB);
        const answer = isSilent(kind) ? { answerMs: 150 } : {};
        return { adapter: dexieStorage({ indexedDB: factory, IDBKeyRange, ...answer }), faults };
      },
      remove: () => {},
    };
  },
});
