/** An IndexedDB whose connections can be made to die, to lie and to fall silent, as those of browsers do. */

export type Tricks = {
  /** Called before each transaction, request and commit, with what ends the connection without a word. */
  onStep: (kill: () => void) => void;
  /** Called when a transaction that writes is told to commit: `lost` reports a success of which nothing is stored. */
  onCommit: () => 'kept' | 'lost';
  /** While true nothing that is asked from now on is ever answered. */
  silent: boolean;
  /** Opened so far. */
  opened: number;
};

type Method = (...args: readonly unknown[]) => unknown;

const isMethod = (value: unknown): value is Method => typeof value === 'function';

/** Puts `around` in the place of a method of one object. */
const replace = (target: object, name: string, around: (call: () => unknown) => unknown): void => {
  const original: unknown = Reflect.get(target, name);
  if (!isMethod(original)) return;
  Object.defineProperty(target, name, {
    configurable: true,
    value: (...args: readonly unknown[]) => around(() => Reflect.apply(original, target, args)),
  });
};

const REQUESTS = ['add', 'put', 'get', 'getAll', 'getAllKeys', 'count', 'openCursor', 'openKeyCursor'];
const HANDLERS = ['onsuccess', 'onerror', 'oncomplete', 'onabort', 'onblocked', 'onupgradeneeded'];

const isTarget = (value: unknown): value is EventTarget =>
  typeof value === 'object' && value !== null && 'addEventListener' in value;

/** Nobody who asks hears of the target: its handlers are never called. The engine's own listeners are. */
const mute = (target: EventTarget): void => {
  for (const name of HANDLERS) {
    Object.defineProperty(target, name, { configurable: true, set: () => undefined, get: () => null });
  }
};

/** Aborts the transaction and says that it is complete. */
const lie = (transaction: IDBTransaction): void => {
  const told: unknown = Reflect.get(transaction, 'oncomplete');
  transaction.onabort = null;
  transaction.abort();
  queueMicrotask(() => {
    if (isMethod(told)) told(new Event('complete'));
  });
};

const trickTransaction = (transaction: IDBTransaction, database: IDBDatabase, tricks: Tricks): IDBTransaction => {
  const kill = () => database.close();
  if (tricks.silent) mute(transaction);
  replace(transaction, 'objectStore', (call) => {
    const store = call();
    const trick = (source: unknown) => {
      if (typeof source !== 'object' || source === null) return;
      for (const name of REQUESTS) {
        replace(source, name, (ask) => {
          tricks.onStep(kill);
          const request = ask();
          if (tricks.silent && isTarget(request)) mute(request);
          return request;
        });
      }
    };
    trick(store);
    if (typeof store === 'object' && store !== null) {
      replace(store, 'index', (callIndex) => {
        const index = callIndex();
        trick(index);
        return index;
      });
    }
    return store;
  });
  replace(transaction, 'commit', (call) => {
    tricks.onStep(kill);
    if (transaction.mode === 'readwrite' && tricks.onCommit() === 'lost') return lie(transaction);
    return call();
  });
  return transaction;
};

/** The factory with tricks, none of which is played at first. */
export const trickFactory = (factory: IDBFactory): { readonly factory: IDBFactory; readonly tricks: Tricks } => {
  const tricks: Tricks = { onStep: () => {}, onCommit: () => 'kept', silent: false, opened: 0 };
  const open: IDBFactory['open'] = (name, version) => {
    const request = factory.open(name, version);
    if (tricks.silent) {
      request.addEventListener('success', () => request.result.close());
      mute(request);
    }
    request.addEventListener('success', () => {
      tricks.opened += 1;
      const database = request.result;
      const begin = database.transaction.bind(database);
      database.transaction = (...how) => {
        tricks.onStep(() => database.close());
        return trickTransaction(begin(...how), database, tricks);
      };
    });
    return request;
  };
  return {
    tricks,
    factory: {
      open,
      deleteDatabase: (name) => factory.deleteDatabase(name),
      databases: () => factory.databases(),
      cmp: (first, second) => factory.cmp(first, second),
    },
  };
};
