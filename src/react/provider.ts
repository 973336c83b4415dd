/**
 * Hands a store to the components below, when it is open and on the device only.
 *
 * Invariants: a server, and the first rendering in a page that takes over what a server rendered, show `fallback`: the records
 * are on the device. So does a closed store: React lets go of what its components held and showed. A function that opens a store is called once, however often React renders. Laws: `react/provider`.
 */
import {
  createContext,
  createElement,
  type ReactNode,
  Suspense,
  use,
  useCallback,
  useContext,
  useState,
  useSyncExternalStore,
} from 'react';
import { StoreError } from '../core/errors.ts';
import type { Store } from '../store/types.ts';

export type IndelibleProviderProps = {
  /**
   * The store, open or being opened, or what opens it: a function is called once, on the device only. Whoever opens a
   * store closes it.
   */
  readonly store: Store | Promise<Store> | (() => Promise<Store>);
  /** Shown until the store is open, after it has closed (its keys were locked), and by a server. */
  readonly fallback?: ReactNode;
  readonly children?: ReactNode;
};

const StoreContext = createContext<Store | undefined>(undefined);

const opening = new WeakMap<() => Promise<Store>, Promise<Store>>();

/** Calls `open` once; again after it failed, when it is asked for anew. */
const openOnce = (open: () => Promise<Store>): Promise<Store> => {
  const known = opening.get(open);
  if (known !== undefined) return known;
  const opened = open();
  opening.set(open, opened);
  opened.catch(() => opening.delete(open));
  return opened;
};

/** What is being opened for one provider: kept after it failed, or each new rendering would try again. */
type Kept = { opened?: Promise<Store> };

const Opened = ({ store, kept, fallback, children }: IndelibleProviderProps & { readonly kept: Kept }): ReactNode => {
  const given = typeof store === 'function' ? (kept.opened ?? openOnce(store)) : store;
  if (typeof store === 'function' && 'then' in given) kept.opened = given;
  const value = 'then' in given ? use(given) : given;
  return useIsClosed(value) ? fallback : createElement(StoreContext.Provider, { value }, children);
};

const closed = new WeakSet<Store>();

/** Follows whether the store has closed: its log has ended then. */
const useIsClosed = (store: Store): boolean => {
  const subscribe = useCallback(
    (wake: () => void) => {
      const complete = () => {
        closed.add(store);
        wake();
      };
      const subscription = store.committed$.subscribe({ complete });
      return () => subscription.unsubscribe();
    },
    [store],
  );
  return useSyncExternalStore(subscribe, () => closed.has(store));
};

const never = () => () => undefined;

/**
 * Gives the components below a store. While it is being opened they wait and `fallback` shows; when it cannot be opened, the
 * error goes to the nearest error boundary above, and a new provider tries again.
 */
export const IndelibleProvider = ({ store, fallback, children }: IndelibleProviderProps): ReactNode => {
  const isOnDevice = useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
  const [kept] = useState((): Kept => ({}));
  if (!isOnDevice) return fallback;
  return createElement(Suspense, { fallback }, createElement(Opened, { store, kept, fallback }, children));
};

/** The store of the provider above; open. @throws StoreError `store.not-provided` */
export const useStore = (): Store => {
  const store = useContext(StoreContext);
  if (store === undefined) throw new StoreError('store.not-provided');
  return store;
};
