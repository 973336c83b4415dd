/** The Dexie adapter on the browser's own IndexedDB: the same suite as in Node, whole. */
import { Dexie } from 'dexie';
import { LIMITS } from '../../../src/core/limits.ts';
import { dexieStorage } from '../../../src/storage/dexie/index.ts';
import { FAULT_KINDS, isSilent } from '../../../src/testing/conformance/index.ts';
import { faultyIndexedDb } from '../../../src/testing/faultyIndexedDb.ts';
import { NAME } from '../../conformance/engine.ts';
import { hastyTimers } from '../../conformance/haste.ts';
import { describeStorage } from '../../conformance/suite.ts';
import { prefixed, removeDatabase } from './place.ts';

// On localhost Dexie prints the trace of every failure; here each is expected.
Dexie.debug = false;

let places = 0;

describeStorage('Dexie on the IndexedDB of the browser', {
  durability: 'strict',
  faultKinds: FAULT_KINDS,
  modelRuns: 15,
  casesAtOnce: 4, // each waits for the process of the database
  makePlace: () => {
    const prefix = `conformance-${++places}-`;
    const { factory, faults } = faultyIndexedDb(indexedDB);
    return {
      adapter: () => prefixed(dexieStorage(), prefix),
      faulty: (kind) => {
        // WebKit says nothing to a transaction whose connection closes: the wait for an answer ends it.
        const isQuiet = isSilent(kind) || kind === 'closes its connection';
        const time = isQuiet ? { scheduler: hastyTimers(faults.reached(), LIMITS.storageAnswerMs) } : {};
        return { adapter: prefixed(dexieStorage({ indexedDB: factory, readBack: 'always', ...time }), prefix), faults };
      },
      remove: async () => {
        await removeDatabase(`${prefix}${NAME}`);
        await removeDatabase(`${prefix}${NAME}-other`);
      },
    };
  },
});
