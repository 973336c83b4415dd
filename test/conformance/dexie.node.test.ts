/** The Dexie adapter on a simulated IndexedDB; `test/browser/storage` runs the same laws on a real one. */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { LIMITS } from '../../src/core/limits.ts';
import { dexieStorage } from '../../src/storage/dexie/index.ts';
import { FAULT_KINDS, isSilent } from '../../src/testing/conformance/index.ts';
import { faultyIndexedDb } from '../../src/testing/faultyIndexedDb.ts';
import { hastyTimers } from './haste.ts';
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
        const time = isSilent(kind) ? { scheduler: hastyTimers(faults.reached(), LIMITS.storageAnswerMs) } : {};
        return { adapter: dexieStorage({ indexedDB: factory, IDBKeyRange, readBack: 'always', ...time }), faults };
      },
      remove: () => {},
    };
  },
});
