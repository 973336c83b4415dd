/** Archives of released layouts on the browser's own IndexedDB, and their upgrade. */
import { Dexie } from 'dexie';
import { type ArchivePlace, archiveLaws } from '../../archives/laws.ts';
import { upgradeLaws } from '../../archives/upgradeLaws.ts';
import { removeDatabase } from './place.ts';

// On localhost Dexie prints the trace of every failure; here each is expected.
Dexie.debug = false;

let made = 0;

const makePlace = (): ArchivePlace => {
  const name = `archive-${Date.now()}-${++made}`;
  return { name, factory: indexedDB, keyRange: IDBKeyRange, answerMs: 5_000, remove: () => removeDatabase(name) };
};

archiveLaws(makePlace);
// Every kind of fault is tried on the simulated one; here are those whose end the browser decides.
upgradeLaws(makePlace, ['aborts', 'precedes a crash']);
