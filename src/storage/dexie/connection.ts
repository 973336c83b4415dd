/**
 * One connection to one database: opened by Dexie at exactly the layout this code knows, and never reopened behind the
 * caller's back. A connection that ended (closed, asked to make way for another version, or dropped by the browser)
 * stays ended: a database that was deleted meanwhile must not come up again as an empty one.
 */
import { Dexie } from 'dexie';
import { StoreError } from '../../core/errors.ts';
import { abortIfAlive } from './abort.ts';
import { appendOnly } from './appendOnly.ts';
import { isNamed, openFailure } from './failures.ts';
import { NATIVE_VERSION } from './layout.ts';
import { declareLayouts, isReleased, isWhole } from './upgrade.ts';

/** How long other tabs may take to let go of an older layout. */
const BLOCKED_GRACE_MS = 2_000;

export type ConnectionOptions = {
  readonly durability: 'strict' | 'relaxed';
  readonly indexedDB: IDBFactory | undefined;
  readonly IDBKeyRange: typeof IDBKeyRange | undefined;
};

export type Connection = {
  readonly dexie: Dexie;
  /** The browser's own connection under Dexie. */
  readonly native: IDBDatabase;
  readonly keyRange: typeof IDBKeyRange;
  readonly isOpen: () => boolean;
  readonly close: () => void;
};

type Lifecycle = { ended: boolean };

/**
 * Ends an upgrade that nobody waits for any more, that starts from a layout unknown here, or that has not made every
 * table: Dexie takes some failures in its handler for hiccups of the browser, opens again and lets the half-made layout
 * be committed. To run after that handler, which is set when `open` returns.
 */
const abortUnsound = (request: IDBOpenDBRequest, isKnown: boolean, lifecycle: Lifecycle): void => {
  const { transaction } = request;
  if (transaction === null) return;
  if (lifecycle.ended || !isKnown || !isWhole(transaction.db)) abortIfAlive(transaction);
};

/** A factory that opens this layout only, and nothing any more once the connection has ended. */
const guardedFactory = (factory: IDBFactory, lifecycle: Lifecycle): IDBFactory => ({
  open: (name, version) => {
    if (lifecycle.ended) throw new DOMException('', 'AbortError');
    if (version !== NATIVE_VERSION) throw new DOMException('', 'VersionError');
    const request = factory.open(name, version);
    request.addEventListener('success', () => {
      if (lifecycle.ended) request.result.close();
    });
    let isKnown = false;
    request.addEventListener('upgradeneeded', ({ oldVersion }) => {
      isKnown = isReleased(request.result, oldVersion);
    });
    queueMicrotask(() =>
      request.addEventListener('upgradeneeded', () => queueMicrotask(() => abortUnsound(request, isKnown, lifecycle))),
    );
    return request;
  },
  deleteDatabase: (name) => factory.deleteDatabase(name),
  databases: () => factory.databases(),
  cmp: (first, second) => factory.cmp(first, second),
});

const describe = (name: string, factory: IDBFactory, options: ConnectionOptions): Dexie => {
  const { durability, IDBKeyRange } = options;
  const dexie = new Dexie(name, {
    autoOpen: false,
    cache: 'disabled',
    chromeTransactionDurability: durability,
    indexedDB: factory,
    ...(IDBKeyRange === undefined ? {} : { IDBKeyRange }),
  });
  declareLayouts(dexie);
  dexie.use(appendOnly);
  return dexie;
};

/** Opens, or gives up when other connections to an older layout do not let go in time. */
const openOrBlocked = (dexie: Dexie): Promise<void> =>
  new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const giveUp = () => reject(new StoreError('storage.blocked'));
    dexie.on('blocked', () => {
      timer ??= setTimeout(giveUp, BLOCKED_GRACE_MS);
      return false;
    });
    const settle = (then: () => void) => () => {
      clearTimeout(timer);
      then();
    };
    dexie.open().then(settle(resolve), (error: unknown) => settle(() => reject(error))());
  });

/** @throws StoreError `storage.unavailable`, `storage.blocked`, `storage.quota-exceeded`, `storage.failed` */
export const openConnection = async (name: string, options: ConnectionOptions): Promise<Connection> => {
  const { indexedDB: factory, IDBKeyRange: keyRange } = options;
  if (factory === undefined || keyRange === undefined) throw new StoreError('storage.unavailable');
  const lifecycle: Lifecycle = { ended: false };
  const dexie = describe(name, guardedFactory(factory, lifecycle), options);
  const close = () => {
    if (lifecycle.ended) return;
    lifecycle.ended = true;
    dexie.close();
  };
  dexie.on('versionchange', () => {
    close();
    return false;
  });
  dexie.on('close', () => {
    lifecycle.ended = true;
  });
  try {
    await openOrBlocked(dexie);
    if (!isWhole(dexie.backendDB())) throw new DOMException('', 'VersionError');
  } catch (error) {
    close();
    throw isNamed(error, 'VersionError')
      ? new StoreError('storage.failed', { name: 'VersionError' })
      : openFailure(error);
  }
  const native = dexie.backendDB();
  return { dexie, native, keyRange, isOpen: () => !lifecycle.ended, close };
};
