/**
 * A transaction of IndexedDB that stores nothing and says that it is complete: every request of it is answered, and when the
 * last one was, it is aborted in silence. One that its user aborts, or that fails by itself, says so as ever.
 */

export type Vanishing = {
  /** To be told of each request of the transaction, before anybody else listens to it. */
  readonly watch: (request: IDBRequest) => void;
  /** From now on nothing of the transaction will be stored. */
  readonly vanish: () => void;
  /** To be told that the commit was asked for; true if it is not to take place. */
  readonly commit: () => boolean;
};

type Listener = (event: Event) => void;

const isListener = (value: unknown): value is Listener => typeof value === 'function';

/** What a method gives that nobody has put anything around. */
const callPlain = (target: object, name: string, ...args: readonly unknown[]): unknown => {
  const method: unknown = Reflect.get(Object.getPrototypeOf(target), name);
  return typeof method === 'function' ? Reflect.apply(method, target, [...args]) : undefined;
};

const isTarget = (value: unknown): value is EventTarget =>
  typeof value === 'object' && value !== null && 'addEventListener' in value;

/** Keeps who listens for the end of the transaction: an event that the page makes up is not taken by every engine. */
const recordListeners = (transaction: IDBTransaction): readonly Listener[] => {
  const recorded: Listener[] = [];
  Object.defineProperty(transaction, 'addEventListener', {
    configurable: true,
    value: (type: string, listener: unknown, options: unknown) => {
      if (type === 'complete' && isListener(listener)) recorded.push(listener);
      callPlain(transaction, 'addEventListener', type, listener, options);
    },
  });
  return recorded;
};

/** One more request, behind all that were asked for: it is answered when nothing more will be asked. */
const askLast = (transaction: IDBTransaction, answered: () => void): void => {
  const store = callPlain(transaction, 'objectStore', transaction.objectStoreNames[0]);
  const request = typeof store === 'object' && store !== null ? callPlain(store, 'getKey', 0) : undefined;
  if (isTarget(request)) request.addEventListener('success', answered);
};

export const makeVanishing = (transaction: IDBTransaction): Vanishing => {
  const requests = new Set<IDBRequest>();
  const state = { isVanishing: false, isCommitting: false, isAsking: false, isGone: false };
  const mute = (event: Event) => {
    if (state.isGone) event.stopImmediatePropagation();
  };
  transaction.addEventListener('error', mute);
  transaction.addEventListener('abort', (event) => {
    mute(event);
    if (!state.isGone) return;
    const told: unknown = Reflect.get(transaction, 'oncomplete');
    for (const listener of [told, ...listeners]) if (isListener(listener)) listener(new Event('complete'));
  });
  const listeners = recordListeners(transaction);
  const isQuiet = () => [...requests].every(({ readyState }) => readyState === 'done');
  const end = () => {
    state.isGone = true;
    transaction.abort();
  };
  const look = () => {
    if (!state.isVanishing || state.isGone || state.isAsking || !isQuiet()) return;
    if (state.isCommitting) {
      end();
      return;
    }
    state.isAsking = true;
    const before = requests.size;
    askLast(transaction, () => {
      state.isAsking = false;
      if (isQuiet() && requests.size === before) end();
      else look();
    });
  };
  return {
    watch: (request) => {
      requests.add(request);
      request.addEventListener('error', mute);
      for (const name of ['success', 'error']) request.addEventListener(name, look);
    },
    vanish: () => {
      state.isVanishing = transaction.mode !== 'readonly';
    },
    commit: () => {
      if (!state.isVanishing) return false;
      state.isCommitting = true;
      look();
      return true;
    },
  };
};
