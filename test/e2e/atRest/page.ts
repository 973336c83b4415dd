/**
 * In the page: records planted words by a whole store, and as a control words of another kind by bare IndexedDB, which has
 * to be found.
 */
import { setup } from 'xstate';
import { z } from 'zod';
import { type Clock, defineAggregate, defineEvent, dexieStorage, openStore } from '../../../src/index.ts';
import { directoryOf } from '../../../src/streams/packedKeys.ts';

type Recorded = { readonly type: 'Kq7plantedItemRecorded'; readonly value: string };
const visits = setup({ types: { context: {} as { readonly last: string }, events: {} as Recorded } });
const Visit = defineAggregate({
  type: 'kq7planted-visit',
  events: {
    Kq7plantedItemRecorded: defineEvent({ version: 1, schema: z.strictObject({ value: z.string().max(2_000) }) }),
  },
  machine: visits.createMachine({
    context: { last: '' },
    initial: 'open',
    states: {
      open: {
        on: { Kq7plantedItemRecorded: { actions: visits.assign(({ event }) => ({ last: event.value })) } },
      },
    },
  }),
});

const clockFrom = (startMs: number): Clock => ({
  nowMs: () => startMs + Math.floor(performance.now()),
  uptimeMs: () => Math.floor(performance.now()),
  zone: () => ({ offsetMin: 60, name: 'Europe/Vienna' }),
});

const open = (databaseKey: CryptoKey | undefined) => {
  const storage = dexieStorage();
  return openStore({
    name: 'device',
    tenant: 'kq7planted-tenant',
    aggregates: [Visit],
    actor: () => ({ userId: 'kq7planted-nurse', role: 'kq7planted-role' }),
    storage: { ...storage, open: (name) => storage.open(name, { databaseKey }) },
    clock: clockFrom(Date.UTC(2031, 3, 17, 8)),
    upkeep: 'manual',
  });
};

const textOf = (at: number) => `kq7planted value ${at}, ${'systolic '.repeat(12)}`;

/** Records singly and in bulk, packs, keeps snapshots and a finding; gives how much is there. */
const record = async (databaseKey: CryptoKey | undefined): Promise<number> => {
  const store = await open(databaseKey);
  for (let at = 0; at < 120; at++) {
    const event = { type: 'Kq7plantedItemRecorded', value: textOf(at) } as const;
    await store.aggregate(Visit, `kq7planted-subject-${at % 7}`).send(event, { reason: `kq7planted reason ${at}` });
  }
  const items = Array.from({ length: 300 }, (_, at) => ({
    id: `kq7planted-subject-${at % 50}`,
    event: { type: 'Kq7plantedItemRecorded', value: textOf(at) } as const,
  }));
  await store.appendAll(Visit, items);
  await store.compact();
  const storage = await dexieStorage().open('device', { databaseKey });
  const finding = {
    identity: 'kq7planted-finding',
    foundAt: '2031-04-17T08:00:00.000Z',
    code: 'chain.gap',
    sequence: 1,
  };
  await storage.keepFinding({ ...finding, code: 'chain.gap' }, new TextEncoder().encode('kq7planted evidence'));
  await storage.pack({ bytesMax: 1, keysOf: directoryOf() });
  await storage.close();
  const report = await store.verify();
  const { size } = store;
  await store.close();
  return report.ok ? size() : -1;
};

/** The same shape of data as it would lie without sealing. */
const plant = async (): Promise<void> => {
  const request = indexedDB.open('control', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('rows');
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const transaction = database.transaction('rows', 'readwrite', { durability: 'strict' });
  for (let at = 0; at < 100; at++) {
    const text = {
      type: 'Kq7controlItemRecorded',
      value: `kq7control value ${at}`,
      at: `2032-05-18T08:00:00.${100 + at}Z`,
    };
    transaction.objectStore('rows').add(new TextEncoder().encode(JSON.stringify(text)), at);
  }
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  database.close();
};

const databaseKeyOf = (secret: readonly number[]): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', Uint8Array.from(secret), 'HKDF', false, ['deriveKey', 'deriveBits']);

const page = {
  recordByDevice: () => record(undefined),
  recordByKey: async (secret: readonly number[]) => record(await databaseKeyOf(secret)),
  sizeByKey: async (secret: readonly number[]) => {
    const store = await open(await databaseKeyOf(secret));
    const size = store.size();
    await store.close();
    return size;
  },
  plant,
};

Object.assign(globalThis, { page });
