/**
 * One connection to one database: opened by Dexie at exactly the layout this code knows, and never reopened by it. A
 * connection that ended (closed, asked to make way for another version, or dropped by the browser) stays ended; the
 * link (`link.ts`) opens another one, which makes no database: one that was deleted does not come up again empty.
 */
import { Dexie } from 'dexie';
import { isStoreError, StoreError } from '../../core/errors.ts';
import type { Scheduler } from '../../core/ports.ts';
import { discardedOf, hearDiscarding } from '../tornLog.ts';
import { abortIfAlive } from './abort.ts';
import { appendOnly } from './appendOnly.ts';
import { isNamed, nameOf, openFailure } from './failures.ts';
import { NATIVE_VERSION } from './layout.ts';
import { openTransactions } from './openTransactions.ts';
import type { Page } from './page.ts';
import { declareLayouts, isReleased, isWhole, type OnUpgrade, type UpgradeWatch, watchUpgrade } from './upgrade.ts';
import type { Watch } from './watchdog.ts';

/** How long other tabs may take to let go of an older layout. */
const BLOCKED_GRACE_MS = 2_000;

export type ConnectionOptions = {
  /** `existing` opens a database of the present layout, as it is. */
  readonly wanted: 'any' | 'existing';
  readonly scheduler: Scheduler;
  readonly watch: Watch;
  readonly durability: 'strict' | 'relaxed';
  readonly page: Page | undefined;
  readonly onUpgrade?: OnUpgrade | undefined;
  readonly indexedDB: IDBFactory | undefined;
  readonly IDBKeyRange: typeof IDBKeyRange | undefined;
};

export type Connection = {
  readonly dexie: Dexie;
  /** The browser's own connection under Dexie. */
  readonly native: IDBDatabase;
  readonly keyRange: typeof IDBKeyRange;
  /** True if this connection has made the database. */
  readonly isNew: boolean;
  /** Why the browser has thrown away what it held of this site, where it says so and this connection has made the database anew. */
  readonly discarded: string | undefined;
  /** The layout that this connection has changed into the present one. */
  readonly upgradedFrom: number | undefined;
  readonly isOpen: () => boolean;
  /** Calls back when the browser drops the connection; what was under way on it may never be answered. */
  readonly onDropped: (listener: () => void) => () => void;
  readonly close: () => void;
};

type Lifecycle = {
  ended: boolean;
  readonly wanted: ConnectionOptions['wanted'];
  readonly upgrade: UpgradeWatch;
  /** The database that was wanted is not there. */
  missing: boolean;
  /** There was none before. */
  made: boolean;
  /** The database is of a newer layout. */
  newer: boolean;
  /** The browser has answered with an upgrade. */
  upgrading: () => void;
};

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
    lifecycle.upgrade.follow(request);
    request.addEventListener('error', () => {
      lifecycle.newer ||= isNamed(request.error, 'VersionError');
    });
    request.addEventListener('success', () => {
      if (lifecycle.ended) request.result.close();
    });
    let isKnown = false;
    request.addEventListener('upgradeneeded', (event) => {
      const { oldVersion } = event;
      lifecycle.upgrading();
      hearDiscarding(factory, event);
      lifecycle.missing ||= lifecycle.wanted === 'existing';
      lifecycle.made = oldVersion === 0;
      isKnown = lifecycle.wanted === 'any' && isReleased(request.result, oldVersion);
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

/** Opens, or gives up when other connections to an older layout do not let go in time, or nothing is answered. */
const openInTime = (dexie: Dexie, lifecycle: Lifecycle, { scheduler, watch }: ConnectionOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    let cancel: (() => void) | undefined;
    const upgrading = new Promise<void>((heard) => {
      lifecycle.upgrading = heard;
    });
    const blocked = new Promise<void>((heard) => {
      dexie.on('blocked', () => {
        heard();
        cancel ??= scheduler.after(BLOCKED_GRACE_MS, () => reject(new StoreError('storage.blocked')));
        return false;
      });
    });
    const opened = dexie.open().then(
      () => resolve(),
      (error: unknown) => reject(error),
    );
    watch(Promise.race([upgrading, blocked, opened])).catch(reject);
    upgrading.then(() => watch(Promise.resolve(opened))).catch(reject);
    void opened.finally(() => cancel?.());
  });

/** The name by which the present layout refuses one that is newer than itself. */
const openError = (error: unknown, lifecycle: Lifecycle): StoreError => {
  if (lifecycle.missing) return new StoreError('storage.lost', { what: 'database' });
  if (!isNamed(error, 'VersionError')) {
    const failure = openFailure(error);
    if (isStoreError(failure, 'storage.blocked') || isStoreError(failure, 'storage.unresponsive')) return failure;
    return lifecycle.upgrade.failure(nameOf(error)) ?? failure;
  }
  return lifecycle.newer || lifecycle.wanted === 'existing'
    ? new StoreError('storage.outdated')
    : new StoreError('storage.failed', { name: 'VersionError' });
};

/**
 * @throws StoreError `storage.unavailable`, `storage.blocked`, `storage.unresponsive`, `storage.quota-exceeded`,
 * `storage.upgrade-failed`, `storage.outdated`, `storage.failed`; where one is wanted that exists also `storage.lost`
 */
export const openConnection = async (name: string, options: ConnectionOptions): Promise<Connection> => {
  const { indexedDB: factory, IDBKeyRange: keyRange } = options;
  if (factory === undefined || keyRange === undefined) throw new StoreError('storage.unavailable');
  const lifecycle: Lifecycle = {
    ended: false,
    wanted: options.wanted,
    upgrade: watchUpgrade(options.onUpgrade),
    missing: false,
    made: false,
    newer: false,
    upgrading: () => {},
  };
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
    await openInTime(dexie, lifecycle, options);
    if (!isWhole(dexie.backendDB())) throw new DOMException('', 'VersionError');
  } catch (error) {
    close();
    throw openError(error, lifecycle);
  }
  const native = dexie.backendDB();
  const open = openTransactions(native);
  const stop = options.page?.onSleep(open.abort);
  dexie.on('close', () => stop?.());
  const underWay = new Set<() => void>();
  native.addEventListener('close', () => {
    for (const drop of underWay) drop();
  });
  const onDropped = (listener: () => void) => {
    underWay.add(listener);
    return () => void underWay.delete(listener);
  };
  return {
    ...{ dexie, native, keyRange, onDropped, close },
    isNew: lifecycle.made,
    discarded: lifecycle.made ? discardedOf(factory) : undefined,
    upgradedFrom: lifecycle.upgrade.from(),
    isOpen: () => !lifecycle.ended,
  };
};
