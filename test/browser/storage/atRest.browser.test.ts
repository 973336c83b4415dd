/** A sealed database on the browser's own IndexedDB and WebCrypto. */
import { Dexie } from 'dexie';
import { storageLaws } from '../../atRest/storageLaws.ts';
import { removeDatabase } from './place.ts';

// On localhost Dexie prints the trace of every failure; here each is expected.
Dexie.debug = false;

let made = 0;

storageLaws(() => {
  const name = `sealed-${Date.now()}-${++made}`;
  return { name, factory: indexedDB, keyRange: IDBKeyRange, remove: () => removeDatabase(name) };
});
