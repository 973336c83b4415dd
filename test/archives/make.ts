/** Makes the archive of the present layout, with the library's own code on a simulated IndexedDB. */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import type { Store } from '../../src/index.ts';
import { dexieStorage } from '../../src/storage/dexie/index.ts';
import { LAYOUT } from '../../src/storage/dexie/layout.ts';
import type { EventStorage } from '../../src/storage/port.ts';
import { directoryOf } from '../../src/streams/directory.ts';
import { type Archive, dump } from './archive.ts';
import { identityAt, makeContent } from './content.ts';

const NAME = 'archive';

/** Packs, keeps the states, and lets a second replica succeed the first. */
const finish = async (store: Store, storage: EventStorage): Promise<void> => {
  await store.compact();
  await storage.pack({ bytesMax: 1, keysOf: directoryOf() });
  const [first] = await storage.readIdentities();
  if (first !== undefined) await storage.keepIdentity(await identityAt(1), first.replica);
};

export const makeArchive = async (): Promise<Archive> => {
  const indexedDB = new IDBFactory();
  const adapter = dexieStorage({ indexedDB, IDBKeyRange });
  const expected = await makeContent(adapter, NAME, finish);
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(NAME);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const archive = { layout: LAYOUT, expected, ...(await dump(database)) };
  database.close();
  return archive;
};
