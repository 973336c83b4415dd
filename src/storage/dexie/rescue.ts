/**
 * A database as it is, of whatever released layout, to be read, verified and exported: for when it cannot be upgraded,
 * or not by this version of the application. Changes nothing, not even the layout. Law: "a database of any released
 * layout can be rescued".
 */
import { isStoreError, StoreError } from '../../core/errors.ts';
import type { Entropy } from '../../core/ports.ts';
import type { EventStorage, Unlocking } from '../port.ts';
import { abortIfAlive } from './abort.ts';
import { openFailure, operationFailure } from './failures.ts';
import { findPacked, logSize, readLog, readLogAt, readPackedTo, type Source } from './log.ts';
import { readAllIdentities, readFindings, readMarks, readSnapshot } from './sideReads.ts';
import { unlockAsItIs } from './unlock.ts';
import { layoutOf } from './upgrade.ts';
import type { Watch } from './watchdog.ts';

export type RescueOptions = {
  readonly indexedDB: IDBFactory;
  readonly keyRange: typeof IDBKeyRange;
  readonly watch: Watch;
  readonly entropy: Entropy;
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

/** Opens the keys of a database that is to be read; lets it go where they do not open. */
const sourceOf = async (native: IDBDatabase, options: RescueOptions, unlocking: Unlocking): Promise<Source> => {
  const { keyRange, watch, entropy } = options;
  try {
    const cipher = await watch(unlockAsItIs(native, { databaseKey: unlocking.databaseKey, entropy }));
    return { native, keyRange, cipher };
  } catch (error) {
    native.close();
    throw operationFailure(error);
  }
};

/**
 * @throws StoreError `storage.lost`, `storage.blocked`, `storage.locked`, `storage.key-wrong`, `storage.unavailable`,
 * `storage.failed`
 */
export const rescueDatabase = async (
  name: string,
  options: RescueOptions,
  unlocking: Unlocking,
): Promise<EventStorage> => {
  const { watch } = options;
  const native = await openAsItIs(name, options);
  const source = await sourceOf(native, options, unlocking);
  const layout = layoutOf(native.version);
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
    ...(layout === undefined ? {} : { layout }),
    append: refuse,
    size: () => use(() => logSize(source)),
    read: (from, bytesMax) => use(() => readLog(source, from, bytesMax)),
    readAt: (positions) => use(() => readLogAt(source, positions)),
    pack: refuse,
    packedTo: () => use(() => readPackedTo(source)),
    find: (key) => use(() => findPacked(source, key)),
    readMarks: () => use(() => readMarks(source)),
    writeMarks: refuse,
    readIdentity: () => use(async () => (await readAllIdentities(source)).at(-1)),
    readIdentities: () => use(() => readAllIdentities(source)),
    keepIdentity: refuse,
    keepFinding: refuse,
    readFindings: () => use(() => readFindings(source)),
    writeSnapshot: refuse,
    readSnapshot: (snapshot) => use(() => readSnapshot(source, snapshot)),
    onForeignCommit: () => () => undefined,
    close: async () => close(),
  };
};
