/** What packing leaves in a real IndexedDB: stubs while others have the database open, and nothing after that. */
import { Dexie } from 'dexie';
import { expect, it } from 'vitest';
import { directoryKey } from '../../../src/core/ids.ts';
import { size } from '../../../src/core/position.ts';
import { dexieStorage } from '../../../src/storage/dexie/index.ts';
import type { EventStorage } from '../../../src/storage/port.ts';
import { contentOf } from '../../conformance/engine.ts';
import { verifyLog } from '../../conformance/sealed.ts';
import { makeWriter, type Writer } from '../../conformance/writer.ts';
import { openNative, withName } from './place.ts';
import type { RacerMessage } from './racer.ts';

// On localhost Dexie prints the trace of every failure; here each is expected.
Dexie.debug = false;

const RECORDS = 30;
const CONFLICT = { kind: 'conflict' };
const keysOf = () => [directoryKey(1)];
const EVERYTHING = { bytesMax: Number.MAX_SAFE_INTEGER, keysOf };

/** Records of one event and 9 kB each: six fill a segment. */
const fill = async (storage: EventStorage, writer: Writer): Promise<void> => {
  for (let at = 0; at < RECORDS; at++) {
    await storage.append({ expectedSize: size(at), commits: [await writer.seal(1, 9_000)], marks: {} });
  }
};

const readAll = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** The rows of `records` as they lie in the database. */
const rowsOf = async (name: string): Promise<readonly object[]> => {
  const database = await openNative(name);
  const rows: readonly object[] = await readAll(database.transaction('records').objectStore('records').getAll());
  database.close();
  return rows;
};

const stubsIn = (rows: readonly object[]): number => rows.filter((row) => !('sealed' in row)).length;

/** Where there are no Web Locks, nothing is known of others: not that they sweep, and not that they do not. */
const NO_LOCKS = { locks: undefined };

const expectStaleRefused = async (storage: EventStorage, writer: Writer): Promise<void> => {
  const commits = [await writer.seal()];
  for (let stale = 0; stale < RECORDS; stale++) {
    const request = { expectedSize: size(stale), commits, marks: {} };
    expect(await storage.append(request), `size ${stale}`).toEqual(CONFLICT);
  }
};

/** Packs until nothing but records is left: a lock that was let go reaches the others a moment later. */
const expectSwept = (storage: EventStorage, name: string): Promise<void> =>
  expect
    .poll(async () => {
      await storage.pack(EVERYTHING);
      return stubsIn(await rowsOf(name));
    })
    .toBe(0);

it('keeps the keys of packed records while another connection is open, and takes them away after that [REC-12]', () =>
  withName(async (name) => {
    const [storage, other, writer] = [
      await dexieStorage().open(name),
      await dexieStorage().open(name),
      await makeWriter(),
    ];
    await fill(storage, writer);
    const { commits } = { commits: (await contentOf(storage)).records.flatMap((record) => record.commits) };
    const { records, packedTo } = await storage.pack(EVERYTHING);
    expect(records).toBeGreaterThan(12);
    const held = await rowsOf(name);
    expect([held.length, stubsIn(held)]).toEqual([RECORDS, records]);
    await other.close();
    await expectSwept(storage, name);
    expect(await storage.pack(EVERYTHING)).toEqual({ records: 0, segments: 0, packedTo });
    const swept = await rowsOf(name);
    expect([swept.length, stubsIn(swept)]).toEqual([RECORDS - records, 0]);
    expect((await contentOf(storage)).records.flatMap((record) => record.commits)).toEqual(commits);
    expect(await verifyLog(storage)).toBe(RECORDS);
    await storage.close();
  }));

it('refuses an old size after packing and after sweeping, on every connection that may believe in it [REC-04]', () =>
  withName(async (name) => {
    const [storage, writer, foreign] = [await dexieStorage().open(name), await makeWriter(), await makeWriter()];
    const sleepers: { readonly connection: EventStorage; readonly believes: number }[] = [];
    for (let at = 0; at < RECORDS; at++) {
      if (at % 7 === 0) {
        const connection = await dexieStorage(at % 2 === 0 ? {} : NO_LOCKS).open(name);
        sleepers.push({ connection, believes: await connection.size() });
      }
      await storage.append({ expectedSize: size(at), commits: [await writer.seal(1, 9_000)], marks: {} });
    }
    await storage.pack(EVERYTHING);
    const extra = [await foreign.seal()];
    const expectSleepersRefused = async () => {
      for (const { connection, believes } of sleepers) {
        const request = { expectedSize: size(believes), commits: extra, marks: {} };
        expect(await connection.append(request), `size ${believes}`).toEqual(CONFLICT);
      }
    };
    await expectSleepersRefused();
    expect(stubsIn(await rowsOf(name))).toBeGreaterThan(0);
    // Those that hold the lock leave; those without any stay, and the keys go under their feet.
    for (const { connection, believes } of sleepers) if (believes % 2 === 0) await connection.close();
    const awake = sleepers.filter(({ believes }) => believes % 2 !== 0);
    await expectSwept(storage, name);
    sleepers.splice(0, sleepers.length, ...awake);
    await expectSleepersRefused();
    await expectStaleRefused(storage, foreign);
    await expectStaleRefused(await dexieStorage().open(name), foreign);
    expect(await verifyLog(storage)).toBe(RECORDS);
  }));

it('a connection opens and appends while another one sweeps and does not end [REC-03]', () =>
  withName(async (name) => {
    const writer = await makeWriter();
    const first = await dexieStorage().open(name);
    await fill(first, writer);
    await first.pack(EVERYTHING);
    await first.close();
    let stop = () => {};
    const sweeping = new Promise<void>((started) => {
      void navigator.locks.request(`indelible:${name}:present`, () => {
        started();
        return new Promise<void>((end) => {
          stop = end;
        });
      });
    });
    await sweeping;
    const storage = await dexieStorage().open(name);
    expect(await storage.size()).toBe(RECORDS);
    await expectStaleRefused(storage, await makeWriter());
    for (let at = RECORDS; at < RECORDS + 5; at++) {
      const request = { expectedSize: size(at), commits: [await writer.seal()], marks: {} };
      expect((await storage.append(request)).kind).toBe('appended');
    }
    stop();
    expect(await verifyLog(storage)).toBe(RECORDS + 5);
    await storage.close();
  }));

it('takes away nothing that is not what packing left [REC-09]', () =>
  withName(async (name) => {
    const [storage, other, writer] = [
      await dexieStorage().open(name),
      await dexieStorage().open(name),
      await makeWriter(),
    ];
    await fill(storage, writer);
    await storage.pack(EVERYTHING);
    await other.close();
    const database = await openNative(name);
    const transaction = database.transaction('records', 'readwrite');
    transaction.objectStore('records').put({ at: 3, bytes: Uint8Array.of(1) });
    await new Promise((resolve) => {
      transaction.oncomplete = resolve;
    });
    database.close();
    const before = await rowsOf(name);
    await storage.pack(EVERYTHING);
    expect(await rowsOf(name)).toEqual(before);
    expect(await verifyLog(storage)).toBe(RECORDS);
    await storage.close();
  }));

/** Appends from a worker of its own; gives the sizes at which it won. */
const raceInWorker = (task: { readonly name: string; readonly appends: number }): Promise<readonly number[]> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./racer.worker.ts', import.meta.url), { type: 'module' });
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }: MessageEvent<RacerMessage>) => {
      if (data.kind !== 'done') return;
      worker.terminate();
      resolve(data.won);
    };
    worker.postMessage(task);
  });

it('workers race while pages pack and sweep, open and close: each size is won once, and nothing is lost [REC-03]', () =>
  withName(async (name) => {
    const appends = 120;
    const first = await dexieStorage().open(name);
    await fill(first, await makeWriter());
    await first.close();
    const racers = Promise.all([raceInWorker({ name, appends }), raceInWorker({ name, appends })]);
    let racing = true;
    const raced = racers.finally(() => {
      racing = false;
    });
    let segments = 0;
    const foreign = await makeWriter();
    const packing = async () => {
      while (racing) {
        const storage = await dexieStorage().open(name);
        const believes = await storage.size();
        segments += (await storage.pack({ bytesMax: 1, keysOf })).segments;
        if ((await storage.size()) > believes) {
          const request = { expectedSize: size(believes), commits: [await foreign.seal()], marks: {} };
          expect(await storage.append(request)).toEqual(CONFLICT);
        }
        await storage.close();
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    await Promise.all([packing(), packing()]);
    const won = (await raced).flat();
    expect(won).toHaveLength(2 * appends);
    expect(new Set(won).size).toBe(won.length);
    expect(segments).toBeGreaterThan(0);
    const last = await dexieStorage().open(name);
    await expectSwept(last, name);
    expect(await verifyLog(last)).toBe(RECORDS + 2 * 40 * (1 + 2 + 3));
    await last.close();
  }));
