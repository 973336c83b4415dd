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

/** A text in a file of the site's own; every browser here has them, some of them not for every page. */
const ownFile = (name: string) => {
  const open = async (create: boolean): Promise<FileSystemFileHandle | undefined> => {
    const root = await manager()?.getDirectory?.();
    return root?.getFileHandle(`${encodeURIComponent(name)}.json`, { create });
  };
  return {
    read: async (): Promise<string | undefined> => {
      try {
        const file = await (await open(false))?.getFile();
        return await file?.text();
      } catch {
        return undefined; // there is none
      }
    },
    write: async (text: string): Promise<void> => {
      const file = await (await open(true))?.createWritable?.();
      await file?.write(text);
      await file?.close();
    },
  };
};

/**
 * A marker on the device, in the browser's local storage and in a file. Local storage is read at once, and written while a page
 * ends, but reaches the disk some seconds late; the file is there when it is written, and takes its time. Remembers nothing
 * where there is neither.
 */
export const deviceMarker = (name: string): KnownMarker => {
  const key = markerKey(name);
  const file = ownFile(key);
  let written = Promise.resolve();
  return {
    read: async () => storageOf()?.getItem(key) ?? file.read(),
    write: async (text) => {
      written = written.then(() => file.write(text)).catch(() => undefined);
      storageOf()?.setItem(key, text);
    },
  };
};

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
