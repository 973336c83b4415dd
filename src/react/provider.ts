/**
 * Hands a store to the components below, when it is open and on the device only.
 *
 * Invariants: a server, and the first rendering in a page that takes over what a server rendered, show `fallback`: the records
 * are on the device. A function that opens a store is called once, however often React renders. Laws: `react/provider`.
 */
import {
  createContext,
  createElement,
  type ReactNode,
  Suspense,
  use,
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
  /** Shown until the store is open, and by a server. */
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

const Opened = ({ store, kept, children }: IndelibleProviderProps & { readonly kept: Kept }): ReactNode => {
  const given = typeof store === 'function' ? (kept.opened ?? openOnce(store)) : store;
  if (typeof store === 'function' && 'then' in given) kept.opened = given;
  return createElement(StoreContext.Provider, { value: 'then' in given ? use(given) : given }, children);
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
  return createElement(Suspense, { fallback }, createElement(Opened, { store, kept }, children));
};

/** The store of the provider above; open. @throws StoreError `store.not-provided` */
export const useStore = (): Store => {
  const store = useContext(StoreContext);
  if (store === undefined) throw new StoreError('store.not-provided');
  return store;
};
