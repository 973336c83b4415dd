/** Upgrades on a simulated IndexedDB; `test/browser/storage/archives` has them on a real one. */
import { Dexie } from 'dexie';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { upgradeLaws } from '../../archives/upgradeLaws.ts';

Dexie.debug = false;

upgradeLaws(() => ({ name: 'archive', factory: new IDBFactory(), keyRange: IDBKeyRange, remove: async () => {} }));
