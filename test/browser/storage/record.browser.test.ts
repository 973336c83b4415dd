/** What only a real IndexedDB shows: durability, immutability, damaged rows. */
import { Dexie } from 'dexie';
import { expect, it } from 'vitest';
import { directoryKey } from '../../../src/core/ids.ts';
import { position, size } from '../../../src/core/position.ts';
import { type Connection, openConnection } from '../../../src/storage/dexie/connection.ts';
import { dexieStorage } from '../../../src/storage/dexie/index.ts';
import { APPEND_ONLY, TABLES } from '../../../src/storage/dexie/layout.ts';
import { contentOf, settled } from '../../conformance/engine.ts';
import { verifyLog } from '../../conformance/sealed.ts';
import { makeWriter, type Writer } from '../../conformance/writer.ts';
import { CONNECTION, openNative, withName } from './place.ts';

// On localhost Dexie prints the trace of every failure; here each is expected.
Dexie.debug = false;

const FINDING = { identity: 'a', foundAt: '2026-01-01T00:00:00.000Z', code: 'chain.gap', sequence: 2 } as const;

/** Fills a database with something in every table; gives its content. */
const fill = async (name: string) => {
  const [storage, writer] = [await dexieStorage().open(name), await makeWriter()];
  await storage.keepIdentity(writer.identity);
  for (const at of [0, 2, 4]) {
    await storage.append({ expectedSize: size(at), commits: [await writer.seal(1), await writer.seal(1)], marks: {} });
  }
  await storage.writeMarks({ cursor: 1 });
  await storage.keepFinding(FINDING, Uint8Array.of(1));
  await storage.writeSnapshot('view', Uint8Array.of(2));
  const content = await contentOf(storage);
  await storage.close();
  return { content, writer };
};

it('every change is asked for as durable as the adapter was told [REC-02]', () =>
  withName(async (name) => {
    for (const durability of ['strict', 'relaxed'] as const) {
      const seen: string[] = [];
      const spying: Pick<IDBFactory, 'open'> = {
        open: (database, version) => {
          const request = indexedDB.open(database, version);
          request.addEventListener('success', () => {
            const begin = request.result.transaction.bind(request.result);
            request.result.transaction = (names, mode, options) => {
              const transaction = begin(names, mode, options);
              if (transaction.mode === 'readwrite') seen.push(transaction.durability);
              return transaction;
            };
          });
          return request;
        },
      };
      const factory: IDBFactory = {
        ...spying,
        deleteDatabase: (database) => indexedDB.deleteDatabase(database),
        databases: () => indexedDB.databases(),
        cmp: (first, second) => indexedDB.cmp(first, second),
      };
      const storage = await dexieStorage({ durability, indexedDB: factory }).open(name);
      const writer = await makeWriter();
      expect(storage.durability).toBe(durability);
      const expectedSize = await storage.size();
      await storage.append({ expectedSize, commits: [await writer.seal()], marks: { cursor: 1 } });
      await storage.writeMarks({ cursor: 2 });
      await storage.keepIdentity(writer.identity);
      await storage.keepFinding(FINDING, Uint8Array.of(1));
      await storage.writeSnapshot('view', Uint8Array.of(1));
      // The first one makes the keys as well, the second one finds its identity kept.
      expect(seen).toEqual(Array.from({ length: durability === 'strict' ? 6 : 4 }, () => durability));
      await storage.close();
    }
  }));

const changesOf = ({ dexie }: Connection, table: string): readonly (() => PromiseLike<unknown>)[] => {
  const rows = dexie.table(table);
  return [
    () => rows.toArray().then(([first]) => rows.put(first)),
    () => rows.toArray().then(([first]) => rows.bulkPut([first])),
    () => rows.toCollection().modify({ count: 9 }),
    () => rows.toCollection().delete(),
    () =>
      rows
        .toCollection()
        .primaryKeys()
        .then(([key = 0]) => rows.delete(key)),
    () =>
      rows
        .toCollection()
        .primaryKeys()
        .then((keys) => rows.bulkDelete(keys)),
    () =>
      rows
        .toCollection()
        .primaryKeys()
        .then(([key]) => (key === undefined ? undefined : rows.update(key, { count: 9 }))),
    () => rows.clear(),
    () => dexie.transaction('rw', rows, () => rows.clear()),
  ];
};

/** Goes on to twenty events and packs most of them. */
const fillSegments = async (name: string, writer: Writer) => {
  const storage = await dexieStorage().open(name);
  for (let at = 6; at < 20; at++) {
    await storage.append({ expectedSize: size(at), commits: [await writer.seal(1, 20_000)], marks: {} });
  }
  await storage.pack({ bytesMax: Number.MAX_SAFE_INTEGER, keysOf: () => [directoryKey(1)] });
  const content = await contentOf(storage);
  await storage.close();
  return content;
};

it('refuses to change or delete what the append-only tables hold [REC-05]', () =>
  withName(async (name) => {
    const { writer } = await fill(name);
    const content = await fillSegments(name, writer);
    const connection = await openConnection(name, { ...CONNECTION, indexedDB, IDBKeyRange });
    for (const table of APPEND_ONLY) {
      for (const [at, change] of changesOf(connection, table).entries()) {
        const failure: unknown = await change().then(
          () => 'changed',
          (error: unknown) => error,
        );
        expect(String(failure), `${table}, change ${at}`).toContain('storage.immutable');
      }
    }
    connection.close();
    const storage = await dexieStorage().open(name);
    expect(await contentOf(storage)).toEqual(content);
    expect(await verifyLog(storage)).toBe(20);
    await storage.close();
  }));

it('derived tables may be changed, and there are no others [REC-05]', () =>
  withName(async (name) => {
    await fill(name);
    const connection = await openConnection(name, { ...CONNECTION, indexedDB, IDBKeyRange });
    for (const table of ['marks', 'snapshots']) await connection.dexie.table(table).clear();
    const tables = [...APPEND_ONLY, 'keys', 'marks', 'snapshots'].sort();
    expect([...connection.native.objectStoreNames].sort()).toEqual(tables);
    expect(Object.keys(TABLES).sort()).toEqual(tables);
    connection.close();
  }));

/** Writes into a table past the adapter, as a person with the developer tools could. */
const tamper = async (name: string, table: string, work: (store: IDBObjectStore) => void): Promise<void> => {
  const database = await openNative(name);
  await new Promise<void>((resolve, reject) => {
    const transaction = database.transaction(table, 'readwrite');
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    work(transaction.objectStore(table));
  });
  database.close();
};

/** The row that begins at 2, as it lies there. */
const ROW = { at: 2, end: 4, sealed: new Uint8Array(200) };
const DAMAGED: readonly object[] = [
  ROW,
  { ...ROW, end: 2 },
  { ...ROW, end: 2.5 },
  { ...ROW, end: 'none' },
  { ...ROW, sealed: 'none' },
  { ...ROW, sealed: new Uint8Array(0) },
  { ...ROW, sealed: new Uint8Array(70_000) },
  { ...ROW, keys: ['none'] },
  { at: 2, count: 2, bytes: new Uint8Array(6), lengths: [2, 4], events: [1, 1] },
  { at: 2 },
];

it('a damaged, missing or misplaced record is reported with its place, and the rest stays readable [REC-08]', () =>
  withName(async (name) => {
    await fill(name);
    const corrupt = { code: 'storage.corrupt', details: { position: 2 } };
    for (const row of DAMAGED) {
      await tamper(name, 'records', (store) => store.put(row));
      const storage = await dexieStorage().open(name);
      await expect(storage.read(position(0), 1e9), JSON.stringify(row)).rejects.toMatchObject(corrupt);
      await expect(storage.readAt([position(2)])).rejects.toMatchObject(corrupt);
      expect(await storage.readAt([position(0), position(4)])).toHaveLength(2);
      expect(await storage.size()).toBe(6);
      await storage.close();
    }
    await tamper(name, 'records', (store) => store.delete(2));
    const storage = await dexieStorage().open(name);
    await expect(storage.read(position(0), 1e9)).rejects.toMatchObject(corrupt);
    await storage.close();
    await tamper(name, 'records', (store) => store.put({ ...ROW, at: 3 }));
    const misplaced = await dexieStorage().open(name);
    await expect(misplaced.read(position(0), 1e9)).rejects.toMatchObject(corrupt);
    await misplaced.close();
  }));

it('a damaged or missing segment is reported with its place, and the rest stays readable and appendable [REC-08]', () =>
  withName(async (name) => {
    const { writer } = await fill(name);
    await fillSegments(name, writer);
    const opened = await dexieStorage().open(name);
    const [first, second] = await opened.read(position(0), 100_000);
    if (first === undefined || second === undefined) throw new Error('two segments');
    await opened.close();
    const at = second.position;
    const corrupt = { code: 'storage.corrupt', details: { position: at } };
    const damaged = { ...ROW, at, end: at + 3, keys: [1] };
    const changes: readonly ((store: IDBObjectStore) => void)[] = [
      (store) => store.put({ ...damaged, sealed: 'none' }),
      (store) => store.put({ ...damaged, keys: 'none' }),
      (store) => store.put(damaged),
      (store) => store.delete(at),
    ];
    for (const [index, change] of changes.entries()) {
      await tamper(name, 'segments', change);
      const storage = await dexieStorage().open(name);
      await expect(storage.read(position(0), 1e9), `change ${index}`).rejects.toMatchObject(corrupt);
      await expect(storage.readAt([at])).rejects.toMatchObject(corrupt);
      expect(await storage.readAt([position(0), position(19)])).toHaveLength(2);
      const end = await storage.size();
      const append = storage.append({ expectedSize: end, commits: [await writer.seal()], marks: {} });
      expect((await append).kind).toBe('appended');
      await storage.close();
    }
  }));

it('a log whose newest record is gone, and has segments, is not taken for a shorter one [REC-08]', () =>
  withName(async (name) => {
    const { writer } = await fill(name);
    await fillSegments(name, writer);
    await tamper(name, 'records', (store) => store.clear());
    const storage = await dexieStorage().open(name);
    expect(await settled(storage.size())).toEqual({ code: 'storage.corrupt' });
    const request = { expectedSize: size(0), commits: [await writer.seal()], marks: {} };
    expect(await settled(storage.append(request))).toEqual({ code: 'storage.corrupt' });
    expect(await storage.readAt([position(0)])).toHaveLength(1);
    await storage.close();
  }));

it('a log whose last record is damaged takes no append and says why [REC-08]', () =>
  withName(async (name) => {
    const { writer } = await fill(name);
    await tamper(name, 'records', (store) => store.put({ ...ROW, at: 4, end: 3 }));
    const storage = await dexieStorage().open(name);
    const append = storage.append({ expectedSize: size(6), commits: [await writer.seal()], marks: {} });
    expect(await settled(append)).toEqual({ code: 'storage.corrupt' });
    expect(await settled(storage.size())).toEqual({ code: 'storage.corrupt' });
    expect(await storage.readAt([position(2)])).toHaveLength(1);
    await storage.close();
  }));

it('damaged marks, findings, snapshots and identities are reported, not believed [REC-08]', () =>
  withName(async (name) => {
    await fill(name);
    await tamper(name, 'marks', (store) => store.put({ name: 'cursor', value: new Date() }));
    await tamper(name, 'findings', (store) => store.put({ identity: 'b', finding: {}, evidence: 'none' }));
    await tamper(name, 'snapshots', (store) => {
      const names = store.getAllKeys();
      names.onsuccess = () => store.put({ name: names.result[0], sealed: [1] });
    });
    await tamper(name, 'identity', (store) => store.put({ slot: 'self', tenant: 'acme', replica: 'none' }));
    const storage = await dexieStorage().open(name);
    const calls: readonly (() => Promise<unknown>)[] = [
      () => storage.readMarks(),
      () => storage.readFindings(),
      () => storage.readSnapshot('view'),
      () => storage.readIdentity(),
    ];
    for (const call of calls) expect(await settled(call())).toEqual({ code: 'storage.corrupt' });
    expect(await verifyLog(storage)).toBe(6);
    await storage.close();
  }));
