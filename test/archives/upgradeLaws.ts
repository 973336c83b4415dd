/** Laws of the upgrade from a released layout: it settles whatever goes wrong, and loses nothing on the way. */
import { expect, it } from 'vitest';
import { position } from '../../src/core/position.ts';
import { toBase64 } from '../../src/crypto/bytes.ts';
import { dexieStorage, type UpgradeProgress } from '../../src/storage/dexie/index.ts';
import { LAYOUT, NATIVE_VERSION } from '../../src/storage/dexie/layout.ts';
import type { EventStorage } from '../../src/storage/port.ts';
import { directoryOf } from '../../src/streams/packedKeys.ts';
import { FAULT_KINDS, type FaultKind, isCrash, isSilent } from '../../src/testing/conformance/faults.ts';
import { faultyIndexedDb } from '../../src/testing/faultyIndexedDb.ts';
import { settled } from '../conformance/engine.ts';
import { verifyLog } from '../conformance/sealed.ts';
import { type Archive, commitsIn, load } from './archive.ts';
import { ARCHIVES, type ArchivePlace, expectEqual } from './laws.ts';

const EVERYTHING = Number.MAX_SAFE_INTEGER;
/** What an opening may come to that met a fault. */
const CODES = ['storage.upgrade-failed', 'storage.failed', 'storage.unresponsive', 'storage.connection-lost'];

type OnUpgrade = (told: UpgradeProgress) => void;

const adapterOn = ({ keyRange, factory }: ArchivePlace, onUpgrade?: OnUpgrade) =>
  dexieStorage({ indexedDB: factory, IDBKeyRange: keyRange, onUpgrade });

/** An adapter that soon takes silence for a fault. */
const impatientOn = ({ keyRange, answerMs = 150 }: ArchivePlace, indexedDB: IDBFactory, onUpgrade?: OnUpgrade) =>
  dexieStorage({ indexedDB, IDBKeyRange: keyRange, answerMs, onUpgrade });

/** Impatient where there is to be silence only: elsewhere a busy machine is not to be taken for it. */
const faultyOn = (place: ArchivePlace, indexedDB: IDBFactory, kind: FaultKind) =>
  isSilent(kind) ? impatientOn(place, indexedDB) : dexieStorage({ indexedDB, IDBKeyRange: place.keyRange });

/** Lets an opening go on that nobody can hear of any more. */
const orGone = <T>(call: Promise<T>, reached: Promise<void>, kind: FaultKind): Promise<T | 'gone'> =>
  isCrash(kind)
    ? Promise.race([call, reached.then(() => new Promise<'gone'>((end) => setTimeout(() => end('gone'), 5)))])
    : call;

const openNative = (factory: IDBFactory, name: string): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = factory.open(name);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Waits for what a page that is gone had asked for: openings of one database go one after the other. */
const settleDown = async ({ factory, name }: ArchivePlace): Promise<void> => (await openNative(factory, name)).close();

const commitsOf = async (storage: EventStorage): Promise<readonly string[]> =>
  (await storage.read(position(0), EVERYTHING)).flatMap(({ commits }) => commits.map(({ bytes }) => toBase64(bytes)));

const expectCommits = async (storage: EventStorage, archive: Archive): Promise<void> => {
  expect(await commitsOf(storage)).toEqual(commitsIn(archive));
  expect(await storage.size()).toBe(archive.expected.size);
};

type Case = { readonly place: ArchivePlace; readonly archive: Archive; readonly kind: FaultKind; readonly at: number };

/** Opens with a fault at one step; false when it was opened before the fault was reached. */
const openWithFault = async ({ place, archive, kind, at }: Case): Promise<boolean> => {
  await load(archive, place.name, place.factory);
  const { factory, faults } = faultyIndexedDb(place.factory);
  faults.arm(at, kind);
  const answer = await orGone(settled(faultyOn(place, factory, kind).open(place.name)), faults.reached(), kind);
  const isReached = faults.disarm();
  if (answer !== 'gone') {
    if ('code' in answer) expect(CODES, `${kind}, step ${at}`).toContain(answer.code);
    else await answer.value.close();
    if (!isReached) expect(answer).toHaveProperty('value');
  }
  await settleDown(place);
  const rescued = await adapterOn(place).rescue(place.name);
  await expectCommits(rescued, archive);
  await rescued.close();
  const storage = await adapterOn(place).open(place.name);
  await expectCommits(storage, archive);
  await storage.close();
  return isReached;
};

const faultLaw = async (makePlace: () => ArchivePlace, archive: Archive, kind: FaultKind): Promise<void> => {
  // Every step of a long run costs a database; the requests in the middle are all alike.
  for (let at = 1, isReached = true; isReached; at += at < 24 ? 1 : 17) {
    const place = makePlace();
    try {
      isReached = await openWithFault({ place, archive, kind, at });
    } finally {
      await place.remove();
    }
  }
};

/** Packs with a fault at one step; false when it was packed before the fault was reached. */
const packWithFault = async ({ place, archive, kind, at }: Case): Promise<boolean> => {
  await load(archive, place.name, place.factory);
  await (await adapterOn(place).open(place.name)).close();
  const { factory, faults } = faultyIndexedDb(place.factory);
  const storage = await faultyOn(place, factory, kind).open(place.name);
  const request = { bytesMax: EVERYTHING, keysOf: directoryOf() };
  faults.arm(at, kind);
  const answer = await orGone(settled(storage.pack(request)), faults.reached(), kind);
  const isReached = faults.disarm();
  if (answer !== 'gone' && 'code' in answer)
    expect([...CODES, 'storage.quota-exceeded'], `${kind}, step ${at}`).toContain(answer.code);
  await storage.close();
  await settleDown(place);
  const again = await adapterOn(place).open(place.name);
  await expectCommits(again, archive);
  await again.pack(request);
  await expectCommits(again, archive);
  expect(await again.packedTo()).toBeGreaterThan(0);
  await again.close();
  return isReached;
};

const packLaw = async (makePlace: () => ArchivePlace, archive: Archive, kind: FaultKind): Promise<void> => {
  for (let at = 1, isReached = true; isReached; at += at < 12 ? 1 : 17) {
    const place = makePlace();
    try {
      isReached = await packWithFault({ place, archive, kind, at });
    } finally {
      await place.remove();
    }
  }
};

const blockedLaw = async (place: ArchivePlace, archive: Archive): Promise<void> => {
  await load(archive, place.name, place.factory);
  const holder = await openNative(place.factory, place.name);
  const told: UpgradeProgress[] = [];
  const adapter = adapterOn(place, (progress) => told.push(progress));
  expect(await settled(adapter.open(place.name))).toEqual({ code: 'storage.blocked' });
  expect(told.map(({ state }) => state)).toEqual(['waiting']);
  expect(await settled(impatientOn(place, place.factory).rescue(place.name))).toEqual({ code: 'storage.blocked' });
  expect(holder.version).toBe(archive.version);
  holder.close();
  const rescued = await adapter.rescue(place.name);
  await expectEqual(rescued, archive);
  await rescued.close();
  const storage = await adapter.open(place.name);
  await expectEqual(storage, archive);
  await storage.close();
};

const tabsLaw = async (place: ArchivePlace, archive: Archive): Promise<void> => {
  await load(archive, place.name, place.factory);
  const old = await openNative(place.factory, place.name);
  old.onversionchange = () => old.close();
  const told: UpgradeProgress[] = [];
  const opened = await Promise.all(
    Array.from({ length: 4 }, () => adapterOn(place, (progress) => told.push(progress)).open(place.name)),
  );
  const [from, to] = [archive.layout, LAYOUT];
  const isOnce = ({ state }: UpgradeProgress) => state === 'changing' || state === 'done';
  expect(told.filter((each) => isOnce(each) && each.from === from)).toEqual([
    { from, to, state: 'changing' },
    { from, to, state: 'done' },
  ]);
  await Promise.all(opened.map((storage) => storage.pack({ bytesMax: EVERYTHING, keysOf: directoryOf() })));
  for (const storage of opened) expect(await commitsOf(storage)).toEqual(commitsIn(archive));
  for (const storage of opened) await storage.close();
  const again = await adapterOn(place).open(place.name);
  expect(await verifyLog(again)).toBe(archive.expected.size);
  await again.close();
};

const listenerLaw = async (place: ArchivePlace, archive: Archive): Promise<void> => {
  await load(archive, place.name, place.factory);
  const { factory, faults } = faultyIndexedDb(place.factory);
  const told: string[] = [];
  const sealed: UpgradeProgress['rows'][] = [];
  const adapter = impatientOn(place, factory, ({ state, rows }) => {
    if (state !== 'sealing') told.push(state);
    else sealed.push(rows);
  });
  faults.arm(2, 'aborts');
  expect(await settled(adapter.open(place.name))).toEqual({ code: 'storage.upgrade-failed' });
  faults.disarm();
  expect(told).toEqual(['changing']);
  const storage = await adapter.open(place.name);
  expect(told).toEqual(['changing', 'changing', 'done']);
  const rows = archive.tables.reduce((sum, table) => sum + table.rows.length, 0);
  expect(sealed.at(-1)).toEqual({ done: rows, total: rows });
  await expectEqual(storage, archive);
  await storage.close();
  const [present] = (await place.factory.databases()).filter(({ name }) => name === place.name);
  expect(present?.version).toBe(NATIVE_VERSION);
};

/** Holds the laws for every archive of an older layout. `kinds`: of the faults that are tried. */
export const upgradeLaws = (makePlace: () => ArchivePlace, kinds: readonly FaultKind[] = FAULT_KINDS): void => {
  const alone = (work: (place: ArchivePlace, archive: Archive) => Promise<void>, archive: Archive) => async () => {
    const place = makePlace();
    try {
      await work(place, archive);
    } finally {
      await place.remove();
    }
  };
  for (const archive of ARCHIVES.filter(({ layout }) => layout < LAYOUT)) {
    const of = `layout ${archive.layout}`;
    for (const kind of kinds) {
      it(`an upgrade of ${of} whose n-th step ${kind}, for every n: all is there, as it was, and the next opening makes it [REC-15]`, () =>
        faultLaw(makePlace, archive, kind));
      it(`packing what was ${of} when a step ${kind}: all is there, and the next packing ends it [REC-12]`, () =>
        packLaw(makePlace, archive, kind));
    }
    it(
      `an upgrade of ${of} that another tab keeps waiting says so, and leaves it as it was [REC-15]`,
      alone(blockedLaw, archive),
    );
    it(`tabs of ${of} let go, and many that upgrade at once make one database [REC-15]`, alone(tabsLaw, archive));
    it(
      `an upgrade of ${of} tells when it begins, when it is done, and when it has failed [REC-15]`,
      alone(listenerLaw, archive),
    );
  }
};
