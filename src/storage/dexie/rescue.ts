/**
 * A database as it is, of whatever released layout, to be read, verified and exported: for when it cannot be upgraded,
 * or not by this version of the application. Changes nothing, not even the layout. Law: "a database of any released
 * layout can be rescued".
 */
import { StoreError } from '../../core/errors.ts';
import type { EventStorage } from '../port.ts';
import { abortIfAlive } from './abort.ts';
import { openFailure, operationFailure } from './failures.ts';
import { findPacked, logSize, readLog, readLogAt, readPackedTo } from './log.ts';
import { readFindings, readIdentities, readMarks, readSnapshot } from './sideReads.ts';

/** Opens the version that is there; makes none. @throws StoreError `storage.lost` if there is none, `storage.*` */
const openAsItIs = (name: string, factory: IDBFactory): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = factory.open(name);
    let isMissing = false;
    request.onupgradeneeded = () => {
      isMissing = true;
      if (request.transaction !== null) abortIfAlive(request.transaction);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () =>
      reject(isMissing ? new StoreError('storage.lost', { what: 'database' }) : openFailure(request.error));
  });

const refuse = async (): Promise<never> => {
  throw new StoreError('storage.read-only');
};

/** @throws StoreError `storage.unavailable`, `storage.lost`, `storage.failed` */
export const rescueDatabase = async (
  name: string,
  factory: IDBFactory | undefined,
  keyRange: typeof IDBKeyRange | undefined,
): Promise<EventStorage> => {
  if (factory === undefined || keyRange === undefined) throw new StoreError('storage.unavailable');
  const native = await openAsItIs(name, factory);
  const source = { native, keyRange };
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
      return await work();
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
    readIdentity: () => use(async () => (await readIdentities(native)).at(-1)),
    readIdentities: () => use(() => readIdentities(native)),
    keepIdentity: refuse,
    keepFinding: refuse,
    readFindings: () => use(() => readFindings(native)),
    writeSnapshot: refuse,
    readSnapshot: (snapshot) => use(() => readSnapshot(native, snapshot)),
    onForeignCommit: () => () => undefined,
    close: async () => close(),
  };
};
