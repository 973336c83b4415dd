/**
 * A database as it is, of whatever released layout, to be read, verified and exported: for when it cannot be upgraded,
 * or not by this version of the application. Changes nothing, not even the layout. Law: "a database of any released
 * layout can be rescued".
 */
import { isStoreError, StoreError } from '../../core/errors.ts';
import type { EventStorage } from '../port.ts';
import { abortIfAlive } from './abort.ts';
import { openFailure, operationFailure } from './failures.ts';
import { findPacked, logSize, readLog, readLogAt, readPackedTo, type Source } from './log.ts';
import { readAllIdentities, readFindings, readMarks, readSnapshot } from './sideReads.ts';
import type { Watch } from './watchdog.ts';

export type RescueOptions = {
  readonly indexedDB: IDBFactory;
  readonly keyRange: typeof IDBKeyRange;
  readonly watch: Watch;
};

/**
 * Opens the version that is there; makes none. An upgrade that other tabs keep waiting keeps this waiting too.
 * @throws StoreError `storage.lost` if there is no such database, `storage.blocked`, `storage.*`
 */
const openAsItIs = (name: string, { indexedDB, watch }: RescueOptions): Promise<IDBDatabase> => {
  const request = indexedDB.open(name);
  let isMissing = false;
  let isLate = false;
  const opened = new Promise<IDBDatabase>((resolve, reject) => {
    request.onupgradeneeded = () => {
      isMissing = true;
      if (request.transaction !== null) abortIfAlive(request.transaction);
    };
    request.onsuccess = () => {
      if (isLate) request.result.close();
      resolve(request.result);
    };
    request.onerror = () =>
      reject(isMissing ? new StoreError('storage.lost', { what: 'database' }) : openFailure(request.error));
  });
  return watch(opened).catch((error: unknown) => {
    isLate = true;
    throw isStoreError(error, 'storage.unresponsive') ? new StoreError('storage.blocked') : error;
  });
};

const refuse = async (): Promise<never> => {
  throw new StoreError('storage.read-only');
};

/** @throws StoreError `storage.lost`, `storage.blocked`, `storage.unavailable`, `storage.failed` */
export const rescueDatabase = async (name: string, options: RescueOptions): Promise<EventStorage> => {
  const { keyRange, watch } = options;
  const native = await openAsItIs(name, options);
  const source: Source = { native, keyRange };
  let isOpen = true;
  const close = () => {
    isOpen = false;
    native.close();
  };
  native.onversionchange = close;
  native.onclose = close;
  const use = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!isOpen) throw new StoreError('storage.closed');
    try {
      return await watch(work());
    } catch (error) {
      throw isOpen ? operationFailure(error) : new StoreError('storage.closed');
    }
  };
  return {
    durability: 'strict',
    append: refuse,
    size: () => use(() => logSize(source)),
    read: (from, bytesMax) => use(() => readLog(source, from, bytesMax)),
    readAt: (positions) => use(() => readLogAt(source, positions)),
    pack: refuse,
    packedTo: () => use(() => readPackedTo(source)),
    find: (key) => use(() => findPacked(source, key)),
    readMarks: () => use(() => readMarks(native)),
    writeMarks: refuse,
    readIdentity: () => use(async () => (await readAllIdentities(native)).at(-1)),
    readIdentities: () => use(() => readAllIdentities(native)),
    keepIdentity: refuse,
    keepFinding: refuse,
    readFindings: () => use(() => readFindings(native)),
    writeSnapshot: refuse,
    readSnapshot: (snapshot) => use(() => readSnapshot(native, snapshot)),
    onForeignCommit: () => () => undefined,
    close: async () => close(),
  };
};
