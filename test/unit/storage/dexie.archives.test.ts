/** Archives of released layouts on a simulated IndexedDB; `test/browser/storage/archives` has them on a real one. */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { archiveLaws } from '../../archives/laws.ts';

archiveLaws(() => ({ name: 'archive', factory: new IDBFactory(), keyRange: IDBKeyRange, remove: async () => {} }));
