/** The Dexie adapter on the browser's own IndexedDB: the same suite as in Node, whole. */
import { Dexie } from 'dexie';
import { dexieStorage } from '../../../src/storage/dexie/index.ts';
import { NAME } from '../../conformance/engine.ts';
import { describeEventStorage } from '../../conformance/eventStorage.suite.ts';
import { faultyIndexedDb } from '../../conformance/faults.ts';
import { prefixed, removeDatabase } from './place.ts';

// On localhost Dexie prints the trace of every failure; here each is expected.
Dexie.debug = false;

let places = 0;

describeEventStorage('Dexie on the IndexedDB of the browser', {
  durability: 'strict',
  modelRuns: 15,
  makePlace: () => {
    const prefix = `conformance-${++places}-`;
    const { factory, faults } = faultyIndexedDb(indexedDB);
    return {
      adapter: () => prefixed(dexieStorage(), prefix),
      faulty: () => ({ adapter: prefixed(dexieStorage({ indexedDB: factory }), prefix), faults }),
      remove: async () => {
        await removeDatabase(`${prefix}${NAME}`);
        await removeDatabase(`${prefix}${NAME}-other`);
      },
    };
  },
});
