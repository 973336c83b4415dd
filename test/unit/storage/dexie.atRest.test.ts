/** A sealed database on a simulated IndexedDB; `test/browser/storage/atRest` has it on a real one. */
import { Dexie } from 'dexie';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { storageLaws } from '../../atRest/storageLaws.ts';

Dexie.debug = false;

storageLaws(() => ({ name: 'sealed', factory: new IDBFactory(), keyRange: IDBKeyRange, remove: async () => {} }));
