/** Makes the archive of the present layout, with the library's own code on a simulated IndexedDB and known randomness. */
import { bytesToHex } from '@noble/hashes/utils.js';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { position } from '../../src/core/position.ts';
import { toBase64 } from '../../src/crypto/bytes.ts';
import type { Store } from '../../src/index.ts';
import { dexieStorage } from '../../src/storage/dexie/index.ts';
import { LAYOUT } from '../../src/storage/dexie/layout.ts';
import type { EventStorage } from '../../src/storage/port.ts';
import { directoryOf } from '../../src/streams/packedKeys.ts';
import { type Archive, dump } from './archive.ts';
import { identityAt, makeContent, steadyEntropy } from './content.ts';

const NAME = 'archive';

/** Packs, keeps the states, and lets a second replica succeed the first. */
const finish = async (store: Store, storage: EventStorage): Promise<void> => {
  await store.compact();
  await storage.pack({ bytesMax: 1, keysOf: directoryOf() });
  const [first] = await storage.readIdentities();
  if (first !== undefined) await storage.keepIdentity(await identityAt(1), first.replica);
};

/** Bytes that are always the same, and what was drawn of them. */
const rememberedEntropy = () => {
  const entropy = steadyEntropy();
  const drawn: Uint8Array[] = [];
  return {
    drawn,
    entropy: {
      bytes: (length: number) => {
        const bytes = entropy.bytes(length);
        drawn.push(Uint8Array.from(bytes));
        return bytes;
      },
    },
  };
};

export const makeArchive = async (): Promise<Archive> => {
  const indexedDB = new IDBFactory();
  const { entropy, drawn } = rememberedEntropy();
  const adapter = dexieStorage({ indexedDB, IDBKeyRange, entropy });
  const expected = await makeContent(adapter, NAME, finish);
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(NAME);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  // A new database draws its root key, its name, and then the device key.
  const deviceKey = bytesToHex(drawn[2] ?? new Uint8Array(0));
  const tables = await dump(database, deviceKey);
  database.close();
  const storage = await adapter.open(NAME);
  const records = await storage.read(position(0), Number.MAX_SAFE_INTEGER);
  await storage.close();
  const commits = records.flatMap((record) => record.commits.map(({ bytes }) => toBase64(bytes)));
  return { layout: LAYOUT, expected, ...tables, commits };
};
