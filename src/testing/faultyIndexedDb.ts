/**
 * An IndexedDB in which any step goes wrong on demand. Steps are: opening, creating a table, beginning a transaction,
 * every request, the commit, and the end of a transaction that commits by itself or of an opening.
 *
 * A transaction that is to fail cannot be committed any more. One that is to fall silent tells nothing: no event of it
 * or of its requests is heard, and unless it was being committed it is aborted. A page that is gone hears nothing at all. A
 * connection that closes aborts its transactions, and says nothing of itself. What succeeds without storing: `vanishing.ts`.
 */
import { type FaultKind, type FaultStep, isCrash, makeFaults, type StorageFaults } from './conformance/faults.ts';
import { makeVanishing, type Vanishing } from './vanishing.ts';

const STORE_REQUESTS = [
  'add',
  'put',
  'delete',
  'clear',
  'get',
  'getKey',
  'getAll',
  'getAllKeys',
  'getAllRecords',
  'count',
  'openCursor',
  'openKeyCursor',
];

type Page = {
  readonly step: FaultStep;
  /** Ends the page. */
  readonly end: () => void;
  readonly isGone: () => boolean;
  readonly connections: Set<IDBDatabase>;
  readonly transactions: Set<IDBTransaction>;
  /** Transactions and open requests of which nothing is heard any more. */
  readonly silent: WeakSet<object>;
  /** Transactions whose commit was asked for, and is not to be taken back. */
  readonly committing: WeakSet<object>;
};

const abort = (transaction: IDBTransaction): void => {
  try {
    transaction.abort();
  } catch {
    // It has ended already: there is nothing left to break.
  }
};

const makePage = (step: FaultStep): Page => {
  let gone = false;
  const connections = new Set<IDBDatabase>();
  const transactions = new Set<IDBTransaction>();
  const silent = new WeakSet<object>();
  const end = () => {
    gone = true;
    for (const transaction of transactions) silent.add(transaction);
    for (const connection of connections) connection.close();
  };
  return { step, end, isGone: () => gone, connections, transactions, silent, committing: new WeakSet() };
};

/** Ends a connection, and with it what is under way on it. */
const closeConnection = (page: Page, database: IDBDatabase): void => {
  for (const transaction of page.transactions) if (transaction.db === database) abort(transaction);
  database.close();
};

/** Puts `around` in the place of a method of one object. */
const replace = (target: object, method: string, around: (call: () => unknown) => unknown): void => {
  const original: unknown = Reflect.get(target, method);
  if (typeof original !== 'function') return;
  Object.defineProperty(target, method, {
    configurable: true,
    writable: true,
    value: (...args: readonly unknown[]) => around(() => Reflect.apply(original, target, [...args])),
  });
};

const refuse = (): never => {
  throw new DOMException('', 'UnknownError');
};

/** Lets events of `target` pass while `owner` speaks. To be called before anybody else listens. */
const muteWith = (page: Page, owner: object, target: EventTarget, events: readonly string[]): void => {
  for (const name of events) {
    target.addEventListener(name, (event) => {
      if (page.silent.has(owner)) event.stopImmediatePropagation();
    });
  }
};

/** From now on the transaction can only abort: its commit is ignored, and it aborts as soon as it may. */
const doom = (transaction: IDBTransaction, kind: FaultKind): (() => void) => {
  Object.defineProperty(transaction, 'commit', { configurable: true, value: () => undefined });
  if (kind === 'is out of space') {
    const error = new DOMException('', 'QuotaExceededError');
    Object.defineProperty(transaction, 'error', { configurable: true, get: () => error, set: () => undefined });
  }
  return () => abort(transaction);
};

/** Of a silent transaction no request is answered; the first one that would be ends it. */
const watchRequest = (page: Page, transaction: IDBTransaction, request: IDBRequest): void => {
  request.addEventListener('success', () => {
    if (page.silent.has(transaction) && !page.committing.has(transaction)) abort(transaction);
  });
  muteWith(page, transaction, request, ['success', 'error']);
};

/** A transaction of a page, and what makes it vanish. */
type Broken = { readonly page: Page; readonly transaction: IDBTransaction; readonly vanishing: Vanishing };

/** Makes one request of a transaction that fails, vanishes or falls silent with it. */
const breakRequest = ({ page, transaction, vanishing }: Broken, kind: FaultKind, call: () => unknown): unknown => {
  if (kind === 'closes its connection') closeConnection(page, transaction.db);
  if (kind === 'succeeds without storing') vanishing.vanish();
  const request = call();
  if (kind === 'succeeds without storing') return request;
  const end = doom(transaction, kind);
  if (kind === 'aborts' || kind === 'is out of space') {
    if (isRequest(request)) request.addEventListener('success', end, { once: true });
    else end();
  } else page.silent.add(transaction);
  if (isCrash(kind)) page.end();
  return request;
};

const breakRequests = (broken: Broken, source: IDBObjectStore | IDBIndex): void => {
  const { page, transaction, vanishing } = broken;
  for (const method of STORE_REQUESTS) {
    replace(source, method, (call) => {
      const kind = page.step();
      if (kind === 'throws') return refuse();
      const request = kind === undefined ? call() : breakRequest(broken, kind, call);
      if (isRequest(request)) {
        vanishing.watch(request);
        watchRequest(page, transaction, request);
      }
      return request;
    });
  }
};

const breakCommit = ({ page, transaction, vanishing }: Broken, kind: FaultKind, call: () => unknown): unknown => {
  if (kind === 'throws') return refuse();
  if (kind === 'closes its connection') closeConnection(page, transaction.db);
  if (kind === 'succeeds without storing') vanishing.vanish();
  if (kind === 'closes its connection' || kind === 'succeeds without storing') {
    return vanishing.commit() ? undefined : call();
  }
  if (kind === 'aborts' || kind === 'is out of space') return doom(transaction, kind)();
  page.silent.add(transaction);
  const takesEffect = kind === 'loses its answer' || kind === 'precedes a crash';
  if (takesEffect) {
    page.committing.add(transaction);
    call();
  } else abort(transaction);
  if (isCrash(kind)) page.end();
  return undefined;
};

/** The end of a transaction that nobody committed by hand: a step as the commit is, but too late to undo anything. */
const breakEnd = (page: Page, transaction: IDBTransaction): void => {
  const kind = page.step();
  if (kind === 'loses its answer') page.silent.add(transaction);
  if (kind === 'closes its connection') transaction.db.close();
  if (kind !== undefined && isCrash(kind)) page.end();
};

const breakTransaction = (page: Page, transaction: IDBTransaction): Vanishing => {
  page.transactions.add(transaction);
  let byHand = false;
  transaction.addEventListener('complete', () => {
    if (!byHand) breakEnd(page, transaction);
    page.transactions.delete(transaction);
  });
  transaction.addEventListener('abort', () => void page.transactions.delete(transaction));
  muteWith(page, transaction, transaction, ['complete', 'abort', 'error']);
  const vanishing = makeVanishing(transaction);
  const broken = { page, transaction, vanishing };
  const seen = new WeakSet<object>();
  const once = (source: IDBObjectStore | IDBIndex) => {
    if (seen.has(source)) return false;
    seen.add(source);
    breakRequests(broken, source);
    return true;
  };
  replace(transaction, 'objectStore', (call) => {
    const store = call();
    if (isStore(store) && once(store)) {
      replace(store, 'index', (callIndex) => {
        const index = callIndex();
        if (isIndex(index)) once(index);
        return index;
      });
    }
    return store;
  });
  replace(transaction, 'commit', (call) => {
    byHand = true;
    const kind = page.step();
    if (kind !== undefined) return breakCommit(broken, kind, call);
    return vanishing.commit() ? undefined : call();
  });
  return vanishing;
};

const has = (value: unknown, ...methods: readonly string[]): value is object =>
  typeof value === 'object' && value !== null && methods.every((method) => method in value);
const isRequest = (value: unknown): value is IDBRequest => has(value, 'addEventListener', 'readyState');
const isStore = (value: unknown): value is IDBObjectStore => has(value, 'add', 'index');
const isIndex = (value: unknown): value is IDBIndex => has(value, 'openCursor', 'objectStore');
const isTransaction = (value: unknown): value is IDBTransaction => has(value, 'abort', 'objectStore');

const breakDatabase = (page: Page, database: IDBDatabase): void => {
  page.connections.add(database);
  replace(database, 'transaction', (call) => {
    const kind = page.step();
    if (kind === 'throws') return refuse();
    if (kind === 'closes its connection') closeConnection(page, database);
    const transaction = call();
    if (!isTransaction(transaction)) return transaction;
    const vanishing = breakTransaction(page, transaction);
    if (kind === 'succeeds without storing') vanishing.vanish();
    else if (kind === 'aborts' || kind === 'is out of space') queueMicrotask(doom(transaction, kind));
    else if (kind !== undefined) {
      doom(transaction, kind);
      page.silent.add(transaction);
      if (isCrash(kind)) page.end();
    }
    return transaction;
  });
};

/** An opening of which nothing is heard: an upgrade is undone, a connection let go. */
const abandon = (page: Page, request: IDBOpenDBRequest): void => {
  page.silent.add(request);
  if (request.readyState === 'done') {
    if (request.transaction !== null) {
      page.silent.add(request.transaction);
      abort(request.transaction);
    }
    request.result.close();
  }
};

const breakUpgrade = (page: Page, request: IDBOpenDBRequest): void => {
  const { transaction } = request;
  if (transaction !== null) {
    page.transactions.add(transaction);
    const end = () => void page.transactions.delete(transaction);
    transaction.addEventListener('complete', end);
    transaction.addEventListener('abort', end);
    muteWith(page, transaction, transaction, ['complete', 'abort', 'error']);
  }
  replace(request.result, 'createObjectStore', (call) => {
    const kind = page.step();
    if (kind === 'throws') return refuse();
    if (kind === 'closes its connection') request.result.close();
    const store = call();
    if (kind === 'succeeds without storing') return store; // An upgrade is seen at once by whoever opens.
    if (kind === 'closes its connection' || kind === 'aborts' || kind === 'is out of space') {
      if (transaction !== null) queueMicrotask(doom(transaction, kind));
    } else if (kind !== undefined) {
      page.silent.add(request);
      queueMicrotask(() => {
        abandon(page, request);
        if (isCrash(kind)) page.end();
      });
    }
    return store;
  });
};

const openWith = (page: Page, factory: IDBFactory, name: string, version: number | undefined): IDBOpenDBRequest => {
  const kind = page.step();
  if (kind === 'throws' || kind === 'aborts' || kind === 'is out of space' || kind === 'closes its connection') {
    return refuse();
  }
  const request = factory.open(name, version);
  if (kind !== undefined && isCrash(kind)) page.end();
  const isSilenced = kind !== undefined && kind !== 'succeeds without storing';
  if (isSilenced || page.isGone()) page.silent.add(request);
  const upgrade = () => (page.silent.has(request) ? abandon(page, request) : breakUpgrade(page, request));
  request.addEventListener('upgradeneeded', upgrade);
  request.addEventListener('success', () => {
    const late = page.step();
    if (late === 'loses its answer') page.silent.add(request);
    if (late !== undefined && isCrash(late)) page.end();
    if (page.isGone()) page.silent.add(request);
    if (page.silent.has(request) || late === 'closes its connection') request.result.close();
    else breakDatabase(page, request.result);
  });
  muteWith(page, request, request, ['upgradeneeded', 'success', 'error', 'blocked']);
  return request;
};

/** `factory` with faults, and the means to arm them. One such factory is one page: after a crash it opens nothing more. */
export const faultyIndexedDb = (
  factory: IDBFactory,
): { readonly factory: IDBFactory; readonly faults: StorageFaults } => {
  const { faults, step } = makeFaults();
  const page = makePage(step);
  return {
    faults,
    factory: {
      open: (name, version) => openWith(page, factory, name, version),
      deleteDatabase: (name) => factory.deleteDatabase(name),
      databases: () => factory.databases(),
      cmp: (first, second) => factory.cmp(first, second),
    },
  };
};
