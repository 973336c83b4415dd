/** What is asked of IndexedDB as the log grows, in rows that are loaded: `npm run bench` has the times (G-stream, G-replica, G-range). */
import { Dexie } from 'dexie';
import { IDBFactory, IDBIndex, IDBKeyRange, IDBObjectStore } from 'fake-indexeddb';
import { expect, it, onTestFinished } from 'vitest';
import { position } from '../../../src/core/position.ts';
import { readStoredCommit } from '../../../src/crypto/readCommit.ts';
import { dexieStorage } from '../../../src/index.ts';
import { replicaKey } from '../../../src/streams/directory.ts';
import { directoryOf } from '../../../src/streams/packedKeys.ts';
import { makeWriter } from '../../../src/testing/conformance/writer.ts';

Dexie.debug = false;

const COMMIT_BYTES = 15_000;
const RARE = 3;

/** Counts rows that any database gives out, until the test ends. */
const countRows = () => {
  const counted = { rows: 0 };
  const around = (prototype: object, method: string, rowsIn: (result: unknown) => number): void => {
    const original: unknown = Reflect.get(prototype, method);
    if (typeof original !== 'function') throw new Error(`no ${method}`);
    Reflect.set(prototype, method, function (this: unknown, ...args: readonly unknown[]) {
      const request: EventTarget & { readonly result?: unknown } = Reflect.apply(original, this, [...args]);
      request.addEventListener('success', () => {
        counted.rows += rowsIn(request.result);
      });
      return request;
    });
    onTestFinished(() => void Reflect.set(prototype, method, original));
  };
  const one = (result: unknown) => (result === undefined || result === null ? 0 : 1);
  const all = (result: unknown) => (Array.isArray(result) ? result.length : 0);
  for (const { prototype } of [IDBObjectStore, IDBIndex]) {
    for (const method of ['get', 'openCursor']) around(prototype, method, one);
    around(prototype, 'getAll', all);
  }
  return counted;
};

/** Three commits of one replica in front of `many` of another one, packed. */
const grown = async (many: number) => {
  const storage = await dexieStorage({ indexedDB: new IDBFactory(), IDBKeyRange }).open(`grown-${many}`);
  const [rare, common] = [await makeWriter(), await makeWriter()];
  for (let at = 0; at < RARE + many; at++) {
    const commit = await (at < RARE ? rare : common).seal(1, COMMIT_BYTES);
    await storage.append({ expectedSize: await storage.size(), commits: [commit], marks: {} });
  }
  for (;;) if ((await storage.pack({ bytesMax: 1e9, keysOf: directoryOf() })).segments === 0) break;
  return { storage, replica: rare.identity.replica };
};

it('finding and reading a replica, a range and the newest events loads as few rows of a long log as of a short one [REC-12]', async () => {
  const counted = countRows();
  const rowsOf = async (many: number) => {
    const { storage, replica } = await grown(many);
    const during = async (work: () => Promise<void>): Promise<number> => {
      const before = counted.rows;
      await work();
      return counted.rows - before;
    };
    const rows = {
      replica: await during(async () => {
        const records = await storage.readAt(await storage.find(replicaKey(replica)));
        const commits = records.flatMap((record) => record.commits.map(({ bytes }) => readStoredCommit(bytes)));
        expect(commits.filter((commit) => commit.replica === replica)).toHaveLength(RARE);
      }),
      range: await during(async () => {
        const [record] = await storage.read(position(Math.floor(many / 2)), COMMIT_BYTES);
        expect(record?.commits.length).toBeGreaterThan(0);
      }),
      newest: await during(async () => {
        expect(await storage.size()).toBe(RARE + many);
        expect(await storage.read(position(RARE + many - 1), COMMIT_BYTES)).toHaveLength(1);
      }),
    };
    await storage.close();
    return rows;
  };
  const short = await rowsOf(8);
  expect(await rowsOf(160)).toEqual(short);
  for (const rows of Object.values(short)) expect(rows).toBeGreaterThan(0);
});
