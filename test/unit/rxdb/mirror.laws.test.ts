/** A collection of RxDB that mirrors a view shows what the view shows, whatever it held before and whatever it refuses. */

import fc from 'fast-check';
import { createRxDatabase, type RxCollection, type RxDatabase, type RxStorage } from 'rxdb/plugins/core';
import { wrappedKeyEncryptionCryptoJsStorage } from 'rxdb/plugins/encryption-crypto-js';
import { getLocalStorageMock, getRxStorageLocalstorage } from 'rxdb/plugins/storage-localstorage';
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory';
import { afterEach, describe, expect, it } from 'vitest';
import { type Mirror, type MirrorState, mirrorView } from '../../../src/rxdb/index.ts';
import { openWorld, type Point } from '../../properties/views/world.ts';
import { keyRing } from '../../support/keys.ts';
import { MARKER as NAME, openClinic, Patient, names as patients } from '../fields/patients.ts';

const MARKER = 'Q7marker';
const properties = {
  key: { type: 'string', maxLength: 64 },
  id: { type: 'string' },
  site: { type: 'string' },
  n: { type: ['number', 'null'] },
} as const;
const SCHEMA = { version: 0, primaryKey: 'key', type: 'object', properties } as const;
const SEALED = { ...SCHEMA, encrypted: ['id', 'site', 'n'] } as const;

let names = 0;
const opened: RxDatabase[] = [];
afterEach(async () => {
  for (const database of opened.splice(0)) await database.close();
});

type Asked = { readonly storage?: RxStorage<unknown, unknown>; readonly password?: string; readonly name?: string };

const open = async (schema: object = SCHEMA, { storage = getRxStorageMemory(), password, name }: Asked = {}) => {
  const database = await createRxDatabase({
    name: name ?? `mirror${++names}`,
    storage,
    multiInstance: false,
    ...(password === undefined ? {} : { password }),
  });
  opened.push(database);
  const { rows } = await database.addCollections({ rows: { schema: schema as typeof SCHEMA } });
  return rows as unknown as RxCollection;
};

const shown = async (collection: RxCollection) => {
  const documents = await collection.find().exec();
  return new Map(documents.map((each) => [each.primary, each.toMutableJSON()]));
};
/** Everything that the storage holds of these, tombstones too. */
const stored = async (collection: RxCollection, keys: readonly string[]) =>
  JSON.stringify(await collection.storageInstance.findDocumentsById([...keys], true));

const expectSame = async (world: ReturnType<typeof openWorld>, collection: RxCollection, { primaryOf }: Mirror) => {
  const expected = world.entries().map(([key, row]) => [primaryOf(key), { ...row, key: primaryOf(key) }] as const);
  expect(await shown(collection)).toEqual(new Map(expected));
};

const point: fc.Arbitrary<Point | undefined> = fc.option(
  fc.record({ site: fc.constantFrom('A', 'B'), n: fc.option(fc.nat(9)) }),
  { nil: undefined },
);
const change = fc.array(fc.tuple(fc.constantFrom('s1', 's2', 's3', 's4'), point), { maxLength: 5 });

describe('a mirrored view', () => {
  it('holds what it held while rows are stale, and the rows of now after that, also when they are cleared meanwhile [RXD-01, PRJ-17]', async () => {
    const step = fc.record({ change, stale: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), fc.boolean(), async (steps, isCleared) => {
        const world = openWorld();
        const collection = await open();
        world.change([['s1', { site: 'A', n: 1 }]]);
        const before = mirrorView(world.query(), collection);
        await before.caughtUp();
        await before.stop();
        world.tellStale(true);
        const mirror = mirrorView(world.query(), collection);
        const states: MirrorState[] = [];
        mirror.state$.subscribe((state) => states.push(state));
        let held = await shown(collection);
        for (const { change: changed, stale } of [...steps, { change: [], stale: true }]) {
          if (stale) world.tellStale(true);
          world.change(changed);
          if (!stale) world.tellStale(false);
          if (!stale) await mirror.caughtUp();
          if (!stale) held = await shown(collection);
          await collection.database.requestIdlePromise();
          expect(await shown(collection)).toEqual(held);
        }
        const waiting = mirror.caughtUp();
        if (isCleared) world.clear();
        else world.tellStale(false);
        await waiting;
        if (isCleared) expect(await shown(collection)).toEqual(new Map());
        else await expectSame(world, collection, mirror);
        expect(states.some(({ stale }) => stale)).toBe(true);
        expect(states.at(-1)).toMatchObject({ stale: false, behind: 0 });
        await mirror.stop();
        await collection.database.close();
      }),
      { numRuns: 15 },
    );
  });

  it('shows the rows after any changes, and after it was stopped and begun again beside changes it has not seen [RXD-01]', async () => {
    const step = fc.record({ change, restarts: fc.boolean(), waits: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
        const world = openWorld();
        const collection = await open();
        let mirror = mirrorView(world.query(), collection);
        for (const { change: changed, restarts, waits } of steps) {
          if (restarts) await mirror.stop();
          world.change(changed);
          if (restarts) mirror = mirrorView(world.query(), collection);
          if (waits) await mirror.caughtUp();
        }
        await mirror.caughtUp();
        await expectSame(world, collection, mirror);
        await mirror.stop();
        await collection.database.close();
      }),
      { numRuns: 25 },
    );
  });

  it("follows with its own live queries, and with the database's newest documents only [RXD-01]", async () => {
    const world = openWorld();
    world.change([['s1', { site: 'A', n: 1 }]]);
    const collection = await open();
    const mirror = mirrorView(world.query(), collection);
    await mirror.caughtUp();
    const seen: number[] = [];
    collection.find({ selector: { n: { $gt: 4 } } }).$.subscribe((found) => seen.push(found.length));
    world.change([
      ['s1', { site: 'A', n: 5 }],
      ['s2', { site: 'B', n: 9 }],
    ]);
    await mirror.caughtUp();
    await expect.poll(() => seen.at(-1)).toBe(2);
    await mirror.stop();
  });

  it('what a row no longer shows, or a row that went, is in no document and no tombstone [RXD-02]', async () => {
    const world = openWorld();
    world.change([
      ['s1', { site: MARKER, n: 1 }],
      ['s2', { site: MARKER, n: 2 }],
    ]);
    const collection = await open();
    const mirror = mirrorView(world.query(), collection);
    await mirror.caughtUp();
    expect(await stored(collection, ['s1', 's2'])).toContain(MARKER);
    world.change([
      ['s1', { site: 'B', n: 1 }],
      ['s2', undefined],
    ]);
    await mirror.caughtUp();
    expect(await stored(collection, ['s1', 's2'])).not.toContain(MARKER);
    expect([...(await shown(collection)).keys()]).toEqual(['s1']);
    await mirror.stop();
  });

  it('rows that the collection refuses are counted and told, their old documents go, and all others are there [RXD-03]', async () => {
    const world = openWorld();
    const collection = await open();
    const upsert = collection.bulkUpsert.bind(collection);
    collection.bulkUpsert = async (documents) => {
      if (documents.some((each: { n?: number }) => each.n === 7)) throw Object.assign(new Error('no'), { code: 'VD2' });
      return upsert(documents);
    };
    const mirror = mirrorView(world.query(), collection);
    const states: unknown[] = [];
    mirror.state$.subscribe((state) => states.push(state));
    world.change([
      ['s1', { site: 'A', n: 1 }],
      ['s2', { site: 'A', n: 2 }],
    ]);
    await mirror.caughtUp();
    world.change([
      ['s1', { site: 'A', n: 7 }],
      ['s3', { site: 'A', n: 3 }],
    ]);
    await expect(mirror.caughtUp()).rejects.toMatchObject({
      code: 'mirror.refused',
      details: { rows: 1, code: 'VD2' },
    });
    expect([...(await shown(collection)).keys()]).toEqual(['s2', 's3']);
    expect(states.at(-1)).toEqual({ rows: 2, behind: 0, refused: 1, stale: false });
    world.change([['s1', { site: 'A', n: 8 }]]);
    await mirror.caughtUp();
    await expectSame(world, collection, mirror);
    await mirror.stop();
  });

  it('what could not be written is written when the storage works again [RXD-03]', async () => {
    const world = openWorld();
    const collection = await open();
    const mirror = mirrorView(world.query(), collection);
    world.change([['s1', { site: 'A', n: 1 }]]);
    await mirror.caughtUp();
    const remove = collection.bulkRemove.bind(collection);
    collection.bulkRemove = () => Promise.reject(Object.assign(new Error('no'), { code: 'SNH' }));
    world.change([['s1', undefined]]);
    await expect(mirror.caughtUp()).rejects.toMatchObject({
      code: 'mirror.refused',
      details: { rows: 1, code: 'SNH' },
    });
    collection.bulkRemove = remove;
    await mirror.caughtUp();
    expect((await shown(collection)).size).toBe(0);
    await mirror.stop();
  });

  it('reaches a storage that persists encrypted only, under names that say nothing, and goes on there after a restart [RXD-04]', async () => {
    const disk = getLocalStorageMock();
    const plain = getRxStorageLocalstorage({ localStorage: disk });
    const storage = wrappedKeyEncryptionCryptoJsStorage({ storage: plain });
    const world = openWorld();
    world.change([['subject-1', { site: MARKER, n: 1 }]]);
    for (const [schema, asked] of [
      [SCHEMA, { storage, password: 'a long password' }],
      [
        { ...SCHEMA, encrypted: ['id', 'site'] },
        { storage, password: 'a long password' },
      ],
    ] as const) {
      const refused = await open(schema, asked);
      expect(() => mirrorView(world.query(), refused)).toThrow(expect.objectContaining({ code: 'mirror.plain' }));
    }
    const asked = { storage, password: 'a long password', name: 'persisted' };
    const first = await open(SEALED, asked);
    const mirror = mirrorView(world.query(), first);
    await mirror.caughtUp();
    await expectSame(world, first, mirror);
    await mirror.stop();
    await first.database.close();

    const kept = Array.from({ length: disk.length }, (_, at) => disk.getItem(disk.key(at) ?? ''));
    expect(kept.join()).toContain(mirror.primaryOf('subject-1'));
    expect(kept.join()).not.toMatch(/Q7marker|subject-1/);

    world.change([
      ['subject-1', undefined],
      ['subject-2', { site: 'B', n: 2 }],
    ]);
    const again = await open(SEALED, asked);
    const second = mirrorView(world.query(), again);
    await second.caughtUp();
    await expectSame(world, again, second);
    expect(second.primaryOf('subject-1')).toBe(mirror.primaryOf('subject-1'));
    await second.stop();
  });

  it('of a store whose keys are locked holds nothing [RXD-05]', async () => {
    const listeners = new Set<() => Promise<void> | void>();
    const onLock = (listener: () => Promise<void> | void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    };
    const store = await openClinic({ keys: { source: keyRing().source(), onLock } });
    await store.aggregate(Patient, '17').send({ type: 'Named', name: NAME });
    const properties = { key: { type: 'string', maxLength: 40 }, id: { type: 'string' }, name: { type: 'string' } };
    const collection = await open({ ...SCHEMA, properties });
    const mirror = mirrorView(store.view(patients), collection);
    await mirror.caughtUp();
    expect(await stored(collection, ['17'])).toContain(NAME);
    for (const lock of listeners) await lock();
    await mirror.caughtUp();
    expect(await stored(collection, ['17'])).toBe('[]');
    await mirror.stop();
  });
});
