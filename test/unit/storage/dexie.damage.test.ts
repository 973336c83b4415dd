/** Rows of the log that were altered: whatever a row says of itself, the log goes on where the next row is. */
import { Dexie } from 'dexie';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { expect, it } from 'vitest';
import { position } from '../../../src/core/position.ts';
import { dexieStorage } from '../../../src/index.ts';
import { directoryOf } from '../../../src/streams/packedKeys.ts';
import { isUnreadable, pastDamage } from '../../../src/streams/pastDamage.ts';
import { plain } from '../../../src/testing/conformance/engine.ts';
import { makeWriter } from '../../../src/testing/conformance/writer.ts';

Dexie.debug = false;

const EVERYTHING = 1_000_000_000;
const NAME = 'altered';
type Row = Readonly<Record<string, unknown>> & { readonly at: number; readonly end: number };

/** Each takes a row out, and says what comes into its place. */
const ALTERED: Readonly<Record<string, (row: Row) => Row | object | undefined>> = {
  'ends later': (row) => ({ ...row, end: row.end + 1 }),
  'ends where the row after the next one does': (row) => ({ ...row, end: row.end + 2 }),
  'ends earlier': (row) => ({ ...row, end: row.end - 1 }),
  'ends before it begins': (row) => ({ ...row, end: 0 }),
  'ends nowhere': (row) => ({ ...row, end: 'none' }),
  'holds no bytes': (row) => ({ ...row, sealed: 'none' }),
  'is gone': () => undefined,
  'begins later': (row) => ({ ...row, at: row.at + 1 }),
};

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const alter = async (factory: IDBFactory, table: string, at: number, into: (row: Row) => object | undefined) => {
  const native = await done(factory.open(NAME));
  const store = native.transaction(table, 'readwrite').objectStore(table);
  const row: Row = await done(store.get(at));
  await done(store.delete(at));
  const next = into(row);
  if (next !== undefined) await done(store.put(next));
  native.close();
};

/** Six commits of two events; packed, all but the newest lie in segments of one record each. */
const made = async (isPacked: boolean) => {
  const factory = new IDBFactory();
  const open = () => dexieStorage({ indexedDB: factory, IDBKeyRange }).open(NAME);
  const [storage, writer] = [await open(), await makeWriter()];
  for (let at = 0; at < 6; at++)
    await storage.append({ expectedSize: await storage.size(), commits: [await writer.seal(2, 20_000)], marks: {} });
  if (isPacked) while ((await storage.pack({ bytesMax: 1, keysOf: directoryOf() })).segments > 0);
  const records = plain(await storage.read(position(0), EVERYTHING));
  await storage.close();
  return { factory, open, records };
};

for (const table of ['records', 'segments'] as const)
  it(`a row of ${table} that was altered takes nothing with it but its own events, in whichever way [RST-10]`, async () => {
    for (const [how, into] of Object.entries(ALTERED)) {
      const { factory, open, records } = await made(table === 'segments');
      const hit = records[1];
      const end = records[2]?.position;
      if (hit === undefined || end === undefined) throw new Error('three records');
      await alter(factory, table, hit.position, into);
      const storage = await open();
      const past = pastDamage(storage);
      const found = await past.read(position(0), EVERYTHING);
      const read = plain(found.filter(({ commits }) => !commits.every(isUnreadable)));
      expect(read, how).toEqual(records.filter((record) => record !== hit));
      const places = past.damage().flatMap((damage) => [damage.position, damage.end]);
      expect([Math.min(...places), Math.max(...places)], how).toEqual([hit.position, end]);
      expect(
        past.damage().reduce((total, damage) => total + damage.end - damage.position, 0),
        how,
      ).toBe(end - hit.position);
      await storage.close();
    }
  });
