/** Laws of the archives: a database of any released layout opens for ever, and loses nothing on the way. */
import { expect, it } from 'vitest';
import { position } from '../../src/core/position.ts';
import { toBase64 } from '../../src/crypto/bytes.ts';
import { type DexieStorage, dexieStorage } from '../../src/storage/dexie/index.ts';
import { NATIVE_VERSION } from '../../src/storage/dexie/layout.ts';
import type { EventStorage } from '../../src/storage/port.ts';
import { directoryOf } from '../../src/streams/packedKeys.ts';
import { contentOf, settled } from '../conformance/engine.ts';
import { verifyLog } from '../conformance/sealed.ts';
import { type Archive, commitsIn, load } from './archive.ts';
import { item, openOn, statesOf, Visit } from './content.ts';
import layout1 from './layout-1.json' with { type: 'json' };
import layout2 from './layout-2.json' with { type: 'json' };
import layout3 from './layout-3.json' with { type: 'json' };

export const ARCHIVES: readonly Archive[] = [layout1, layout2, layout3];

/** Where the laws are held: a place for one database, and the adapter on it. */
export type ArchivePlace = {
  readonly name: string;
  readonly factory: IDBFactory;
  readonly keyRange: typeof IDBKeyRange;
  /** How long silence is not yet a fault: longer than a strict write takes on a busy machine. 150 ms if absent. */
  readonly answerMs?: number;
  readonly remove: () => Promise<void>;
};

const EVERYTHING = Number.MAX_SAFE_INTEGER;

const commitsOf = async (storage: EventStorage): Promise<readonly string[]> =>
  (await storage.read(position(0), EVERYTHING)).flatMap(({ commits }) => commits.map(({ bytes }) => toBase64(bytes)));

/** Everything beside the log, as it is to be for ever. */
const sideOf = async (storage: EventStorage) => {
  const { marks, findings, publicKey } = await contentOf(storage);
  const replicas = (await storage.readIdentities()).map(({ replica }) => replica);
  return { marks, findings, publicKey, replicas, snapshot: await storage.readSnapshot('app') };
};

const versionOf = async ({ factory, name }: ArchivePlace): Promise<number | undefined> =>
  (await factory.databases()).find((database) => database.name === name)?.version;

const asked = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Rows that hold anything beside keys and places, and are not sealed. */
const plainRowsIn = async ({ factory, name }: ArchivePlace): Promise<readonly object[]> => {
  const database = await asked(factory.open(name));
  const tables = [...database.objectStoreNames].filter((table) => table !== 'keys');
  const transaction = database.transaction(tables);
  const rows: readonly object[][] = await Promise.all(
    tables.map((table) => asked(transaction.objectStore(table).getAll())),
  );
  database.close();
  return rows.flat().filter((row) => !('sealed' in row) && !('into' in row));
};

type Loaded = { readonly archive: Archive; readonly place: ArchivePlace; readonly adapter: DexieStorage };

const inPlace = async (
  makePlace: () => ArchivePlace,
  archive: Archive,
  work: (loaded: Loaded) => Promise<void>,
): Promise<void> => {
  const place = makePlace();
  try {
    await load(archive, place.name, place.factory);
    await work({ archive, place, adapter: dexieStorage({ indexedDB: place.factory, IDBKeyRange: place.keyRange }) });
  } finally {
    await place.remove();
  }
};

export const expectEqual = async (storage: EventStorage, { expected, ...archive }: Archive): Promise<void> => {
  expect(await commitsOf(storage)).toEqual(commitsIn({ expected, ...archive }));
  expect(await storage.size()).toBe(expected.size);
  expect((await sideOf(storage)).replicas).toEqual(expected.replicas);
  expect(await storage.readFindings()).toHaveLength(1);
  expect(await storage.readSnapshot('app')).toEqual(Uint8Array.of(4, 5, 6));
  expect(await verifyLog(storage)).toBe(expected.size);
};

const rescueLaw = async ({ archive, place, adapter }: Loaded): Promise<void> => {
  const storage = await adapter.rescue(place.name);
  await expectEqual(storage, archive);
  expect(storage.layout).toBe(archive.layout);
  const identity = await storage.readIdentity();
  if (identity === undefined) throw new Error('the archive has an identity');
  const changes: readonly (() => Promise<unknown>)[] = [
    () => storage.writeMarks({ a: 1 }),
    () => storage.writeSnapshot('a', Uint8Array.of(1)),
    () => storage.keepIdentity(identity),
    () => storage.pack({ bytesMax: 1, keysOf: () => [] }),
  ];
  for (const change of changes) expect(await settled(change())).toEqual({ code: 'storage.read-only' });
  const store = await openOn({ open: async () => storage }, place.name);
  expect(statesOf(store)).toEqual(archive.expected.visits);
  expect((await store.verify()).ok).toBe(true);
  expect((await store.export()).size).toBeGreaterThan(10_000);
  const refused = store.aggregate(Visit, 'subject-0').send(item(1, 1));
  expect(await settled(refused)).toEqual({ code: 'storage.read-only' });
  await store.close();
  expect(await versionOf(place)).toBe(archive.version);
};

const openingLaw = async ({ archive, place, adapter }: Loaded): Promise<void> => {
  const rescued = await adapter.rescue(place.name);
  const before = await sideOf(rescued);
  await rescued.close();
  const storage = await adapter.open(place.name);
  expect(await versionOf(place)).toBe(NATIVE_VERSION);
  await expectEqual(storage, archive);
  expect(await sideOf(storage)).toEqual(before);
  const packed = await storage.pack({ bytesMax: EVERYTHING, keysOf: directoryOf() });
  expect(packed.packedTo).toBeGreaterThan(0);
  await expectEqual(storage, archive);
  expect(await sideOf(storage)).toEqual(before);
  await storage.close();
  expect(await plainRowsIn(place)).toEqual([]);
};

const goingOnLaw = async ({ archive, place, adapter }: Loaded): Promise<void> => {
  const store = await openOn(adapter, place.name, 1);
  expect(store.replica).toBe(archive.expected.replicas.at(-1));
  expect(statesOf(store)).toEqual(archive.expected.visits);
  expect(await store.aggregate(Visit, 'subject-0').send(item(1, 1))).toMatchObject({ kind: 'committed' });
  await store.compact();
  const states = statesOf(store);
  const report = await store.verify();
  expect([report.ok, report.findings]).toEqual([true, []]);
  expect((await store.export()).size).toBeGreaterThan(10_000);
  await store.close();
  const again = await openOn(adapter, place.name, 2);
  expect([again.size(), again.replica]).toEqual([archive.expected.size + 1, store.replica]);
  expect(statesOf(again)).toEqual(states);
  await again.close();
};

/** Holds the laws for every archive. */
export const archiveLaws = (makePlace: () => ArchivePlace): void => {
  for (const archive of ARCHIVES) {
    const of = `a database of layout ${archive.layout}`;
    const law = (work: (loaded: Loaded) => Promise<void>) => () => inPlace(makePlace, archive, work);
    it(`${of} is read, verified and exported as it is, without being changed [REC-15]`, law(rescueLaw));
    it(`${of} opens with everything in it, sealed, verifies, and is packed [REC-15, RST-06]`, law(openingLaw));
    it(`${of} goes on: the same states, the same replica, the next event [REC-15]`, law(goingOnLaw));
  }
};
