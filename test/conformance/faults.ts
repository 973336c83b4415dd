/**
 * An IndexedDB whose n-th step fails: a call that throws, or a transaction that aborts, plainly or for want of space.
 * Steps are: opening, creating a table, beginning a transaction, every request, and the commit.
 */

export const FAULT_KINDS = ['throws', 'aborts', 'is out of space'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export type Faults = {
  /** The `at`-th step from now on fails (1 is the next one). */
  readonly arm: (at: number, kind: FaultKind) => void;
  /** Ends the fault; true if the step was reached. */
  readonly disarm: () => boolean;
};

type Step = () => FaultKind | undefined;

const STORE_REQUESTS = [
  'add',
  'put',
  'get',
  'getKey',
  'getAll',
  'getAllKeys',
  'getAllRecords',
  'count',
  'openCursor',
  'openKeyCursor',
];

const makeFaults = (): { readonly faults: Faults; readonly step: Step } => {
  let left = 0;
  let armed: FaultKind | undefined;
  let reached = false;
  return {
    faults: {
      arm: (at, kind) => {
        left = at;
        armed = kind;
        reached = false;
      },
      disarm: () => {
        armed = undefined;
        return reached;
      },
    },
    step: () => {
      if (armed === undefined || reached || --left > 0) return undefined;
      reached = true;
      return armed;
    },
  };
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

/** From now on the transaction can only abort: its commit is ignored, and it aborts as soon as it may. */
const doom = (transaction: IDBTransaction, kind: FaultKind): (() => void) => {
  Object.defineProperty(transaction, 'commit', { configurable: true, value: () => undefined });
  if (kind === 'is out of space') {
    const error = new DOMException('', 'QuotaExceededError');
    Object.defineProperty(transaction, 'error', { configurable: true, get: () => error, set: () => undefined });
  }
  return () => {
    try {
      transaction.abort();
    } catch {
      // It has ended already: there is nothing left to break.
    }
  };
};

const breakRequests = (source: IDBObjectStore | IDBIndex, transaction: IDBTransaction, step: Step): void => {
  for (const method of STORE_REQUESTS) {
    replace(source, method, (call) => {
      const kind = step();
      if (kind === 'throws') return refuse();
      const request = call();
      if (kind !== undefined && isRequest(request)) {
        const abort = doom(transaction, kind);
        request.addEventListener('success', abort, { once: true });
      } else if (kind !== undefined) doom(transaction, kind)();
      return request;
    });
  }
};

const breakTransaction = (transaction: IDBTransaction, step: Step): void => {
  const seen = new WeakSet<object>();
  const once = (source: IDBObjectStore | IDBIndex) => {
    if (seen.has(source)) return false;
    seen.add(source);
    breakRequests(source, transaction, step);
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
    const kind = step();
    if (kind === 'throws') return refuse();
    return kind === undefined ? call() : doom(transaction, kind)();
  });
};

const has = (value: unknown, ...methods: readonly string[]): value is object =>
  typeof value === 'object' && value !== null && methods.every((method) => method in value);
const isRequest = (value: unknown): value is IDBRequest => has(value, 'addEventListener', 'readyState');
const isStore = (value: unknown): value is IDBObjectStore => has(value, 'add', 'index');
const isIndex = (value: unknown): value is IDBIndex => has(value, 'openCursor', 'objectStore');
const isTransaction = (value: unknown): value is IDBTransaction => has(value, 'abort', 'objectStore');

const breakDatabase = (database: IDBDatabase, step: Step): void => {
  replace(database, 'transaction', (call) => {
    const kind = step();
    if (kind === 'throws') return refuse();
    const transaction = call();
    if (!isTransaction(transaction)) return transaction;
    breakTransaction(transaction, step);
    if (kind !== undefined) queueMicrotask(doom(transaction, kind));
    return transaction;
  });
};

const breakUpgrade = (request: IDBOpenDBRequest, step: Step): void => {
  replace(request.result, 'createObjectStore', (call) => {
    const kind = step();
    if (kind === 'throws') return refuse();
    const store = call();
    if (kind !== undefined && request.transaction !== null) queueMicrotask(doom(request.transaction, kind));
    return store;
  });
};

/** `factory` with faults, and the means to arm them. */
export const faultyIndexedDb = (factory: IDBFactory): { readonly factory: IDBFactory; readonly faults: Faults } => {
  const { faults, step } = makeFaults();
  return {
    faults,
    factory: {
      open: (name, version) => {
        if (step() !== undefined) return refuse();
        const request = factory.open(name, version);
        request.addEventListener('upgradeneeded', () => breakUpgrade(request, step));
        request.addEventListener('success', () => breakDatabase(request.result, step));
        return request;
      },
      deleteDatabase: (name) => factory.deleteDatabase(name),
      databases: () => factory.databases(),
      cmp: (first, second) => factory.cmp(first, second),
    },
  };
};
