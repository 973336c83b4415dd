/** What waits for the new log that is begun where an engine would write on behind a torn one, and what does not. */
import { Dexie } from 'dexie';
import { IDBDatabase, IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import fc from 'fast-check';
import { expect, it, onTestFinished, vi } from 'vitest';
import { keyId } from '../../../src/core/ids.ts';
import { sequence } from '../../../src/core/position.ts';
import { dexieStorage, type EventStorage } from '../../../src/index.ts';
import { indexedDbSheet } from '../../../src/keys/web/sheet.ts';
import { directoryOf } from '../../../src/streams/packedKeys.ts';
import { makeIdentity, makeWriter } from '../../../src/testing/conformance/writer.ts';

Dexie.debug = false;

const NAME = 'trial-042';

/** Names of databases that were written to, in the order in which their transactions began. */
const recordWrites = (): readonly string[] => {
  const written: string[] = [];
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (this: IDBDatabase, names, mode, options) {
    if (mode === 'readwrite') written.push(this.name);
    return Reflect.apply(transaction, this, [names, mode, options]);
  };
  onTestFinished(() => {
    IDBDatabase.prototype.transaction = transaction;
  });
  return written;
};

/** A database that another process of the browser has left, with commits enough to be packed. */
const seeded = async (factory: IDBFactory): Promise<void> => {
  const storage = await dexieStorage({ indexedDB: factory, IDBKeyRange }).open(NAME);
  const writer = await makeWriter();
  for (let at = 0; at < 7; at++)
    await storage.append({ expectedSize: await storage.size(), commits: [await writer.seal(1, 15_000)], marks: {} });
  await storage.close();
};

/** A page of Chromium on that database, whose new log is begun when it is let, and not before. No time passes. */
const chromium = async () => {
  const factory = new IDBFactory();
  await seeded(factory);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.stubGlobal('indexedDB', factory);
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  vi.stubGlobal('IDBVersionChangeEvent', { prototype: { dataLoss: 'none' } });
  onTestFinished(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
  const held: globalThis.IDBDatabase[] = [];
  const hold = (name: string): Promise<void> =>
    new Promise((resolve) => {
      const request = factory.open(`${name}:torn`);
      request.onsuccess = () => {
        held.push(request.result);
        resolve();
      };
    });
  await hold(NAME);
  await hold(`${NAME}:keys`);
  const letGo = (): void => {
    for (const database of held.splice(0)) database.close();
  };
  // whichever is written to first begins the new log, by a database of its own name
  const isMended = async () =>
    (await factory.databases()).filter(({ name }) => name?.endsWith(':torn') === true).length === 1;
  return { written: recordWrites(), letGo, isMended, open: () => dexieStorage().open(NAME) };
};

/** Everything that writes. */
const WRITES: Readonly<Record<string, (storage: EventStorage) => Promise<unknown>>> = {
  append: async (storage) => {
    const commits = [await (await makeWriter()).seal()];
    return storage.append({ expectedSize: await storage.size(), commits, marks: {} });
  },
  pack: (storage) => storage.pack({ bytesMax: 1e9, keysOf: directoryOf() }),
  marks: (storage) => storage.writeMarks({ cursor: 1 }),
  snapshot: (storage) => storage.writeSnapshot('view', Uint8Array.of(1)),
  identity: async (storage) => storage.keepIdentity(await makeIdentity()),
  finding: (storage) =>
    storage.keepFinding(
      { code: 'storage.corrupt', sequence: sequence(1), identity: 'f-1', foundAt: '2026-01-01T00:00:00.000Z' },
      Uint8Array.of(1),
    ),
  sheet: () => {
    const [id, under] = [keyId('A'.repeat(43)), keyId('B'.padEnd(43, 'A'))];
    return indexedDbSheet(NAME).add({ id, under, scope: '0'.repeat(32), version: 0, wrap: Uint8Array.of(1) });
  },
};
const READS: Readonly<Record<string, (storage: EventStorage) => Promise<unknown>>> = {
  size: (storage) => storage.size(),
  marks: (storage) => storage.readMarks(),
  snapshot: (storage) => storage.readSnapshot('view'),
  identities: (storage) => storage.readIdentities(),
  findings: (storage) => storage.readFindings(),
  sheet: () => indexedDbSheet(NAME).unsent(),
};

/** Time enough for anything that does not wait for the new log. */
const settle = async (storage: EventStorage): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await storage.size();
};

/** Found by seed 420191032: the key sheet is written to before the log is. */
const SHEET_FIRST = [
  ['write', 'sheet'],
  ['read', 'sheet'],
  ...Object.keys(WRITES).flatMap((name) => (name === 'sheet' ? [] : [['write', name] as const])),
  ...Object.keys(READS).flatMap((name) => (name === 'sheet' ? [] : [['read', name] as const])),
] as const;

it('opens and reads before a new log is begun, and writes nothing before it is, whatever is asked first [REC-19, KEY-05]', async () => {
  const asked = fc.shuffledSubarray(
    [
      ...Object.keys(READS).map((name) => ['read', name] as const),
      ...Object.keys(WRITES).map((name) => ['write', name] as const),
    ],
    { minLength: 13 },
  );
  await fc.assert(
    fc.asyncProperty(asked, async (order) => {
      const { written, letGo, isMended, open } = await chromium();
      const storage = await open();
      const writes: Promise<unknown>[] = [];
      for (const [kind, name] of order) {
        if (kind === 'read') await READS[name]?.(storage);
        else writes.push(WRITES[name]?.(storage) ?? Promise.reject(new Error(name)));
      }
      await settle(storage);
      expect(written).toEqual([]);
      letGo();
      await Promise.all(writes);
      expect(await isMended()).toBe(true);
      // each of them has written: none was spared by having nothing to do
      expect(written.filter((name) => name === NAME).length).toBeGreaterThanOrEqual(Object.keys(WRITES).length - 1);
      expect(written).toContain(`${NAME}:keys`);
      await storage.close();
    }),
    { numRuns: 5, examples: [[[...SHEET_FIRST]]] },
  );
});

it('begins a new log unasked a while after opening, and none once it is closed [REC-19]', async () => {
  const { letGo, isMended, open } = await chromium();
  letGo();
  await (await open()).close();
  vi.advanceTimersByTime(60_000);
  const storage = await open();
  await settle(storage);
  expect(await isMended()).toBe(false);
  vi.advanceTimersByTime(60_000);
  await settle(storage);
  expect(await isMended()).toBe(true);
  await storage.close();
});
