/** Archives of released layouts on the browser's own IndexedDB. */
import { Dexie } from 'dexie';
import { archiveLaws } from '../../archives/laws.ts';
import { removeDatabase } from './place.ts';

// On localhost Dexie prints the trace of every failure; here each is expected.
Dexie.debug = false;

let made = 0;

archiveLaws(() => {
  const name = `archive-${Date.now()}-${++made}`;
  return { name, factory: indexedDB, keyRange: IDBKeyRange, remove: () => removeDatabase(name) };
});
