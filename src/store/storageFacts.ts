/** Storage as the running platform describes it: a browser's quota, and a marker in its local storage. */
import type { KnownMarker, StorageFacts } from '../core/ports.ts';

const manager = (): StorageManager | undefined => (typeof navigator === 'undefined' ? undefined : navigator.storage);

/** The browser's own account of this site's storage. Node says nothing. */
export const systemStorageFacts: StorageFacts = {
  estimate: async () => {
    const { usage, quota } = (await manager()?.estimate?.()) ?? {};
    return usage === undefined || quota === undefined ? undefined : { usageBytes: usage, quotaBytes: quota };
  },
  persisted: async () => manager()?.persisted?.(),
  persist: async () => manager()?.persist?.(),
  // where the browser does not say, whatever was recorded was somebody's act
  hasActed: () => typeof navigator === 'undefined' || (navigator.userActivation?.hasBeenActive ?? true),
};

/** Where a browser keeps the marker of a database. */
export const markerKey = (name: string): string => `indelible.known.${name}`;

const storageOf = (): Storage | undefined => (typeof window === 'undefined' ? undefined : window.localStorage);

/** A marker in the browser's local storage; one that remembers nothing where there is none. */
export const localMarker = (name: string): KnownMarker => ({
  read: async () => storageOf()?.getItem(markerKey(name)) ?? undefined,
  write: async (text) => storageOf()?.setItem(markerKey(name), text),
});

/** Calls back when the page may be about to end: the last moment at which something can be written. */
export const followLeaving = (listener: () => void): (() => void) => {
  if (typeof document === 'undefined') return () => undefined;
  const tell = () => {
    if (document.visibilityState === 'hidden') listener();
  };
  document.addEventListener('visibilitychange', tell);
  addEventListener('pagehide', listener);
  return () => {
    document.removeEventListener('visibilitychange', tell);
    removeEventListener('pagehide', listener);
  };
};
