/**
 * The storage port on IndexedDB through Dexie: packed commits, strictly durable appends, append-only tables.
 * Laws: `test/conformance`, in Node and in a real browser; `test/browser/storage` for what only a browser has.
 */
import type { StorageAdapter } from '../port.ts';
import { openConnection } from './connection.ts';
import { type Channel, hintsOver } from './hints.ts';
import { type Locks, presenceOver } from './presence.ts';
import { eventStorage } from './storage.ts';

export type { Channel } from './hints.ts';
export type { Locks } from './presence.ts';

export type DexieStorageOptions = {
  /** `relaxed` lets the operating system keep an append in its buffers: faster, and lost in a power cut. */
  readonly durability?: 'strict' | 'relaxed';
  /** Instead of the browser's own. */
  readonly indexedDB?: IDBFactory;
  readonly IDBKeyRange?: typeof IDBKeyRange;
  /** Opens the channel on which connections tell each other of commits. */
  readonly channel?: (name: string) => Channel | undefined;
  /** Instead of the browser's own Web Locks; undefined for a place without any. */
  readonly locks?: Locks | undefined;
};

const broadcastChannel = (name: string): Channel | undefined =>
  typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(name);

/** A browser may refuse even to name its database, in a sandboxed frame for one. */
const ownIndexedDB = (): IDBFactory | undefined => {
  try {
    return globalThis.indexedDB;
  } catch {
    return undefined;
  }
};

/** Web Locks are missing outside secure contexts, whatever the types say. */
const ownLocks = (): Locks | undefined => {
  const place: { readonly navigator?: { readonly locks?: Locks } } = globalThis;
  return place.navigator?.locks;
};

/** Storage in the browser's IndexedDB, one database per name. */
export const dexieStorage = (options: DexieStorageOptions = {}): StorageAdapter => ({
  open: async (name) => {
    const durability = options.durability ?? 'strict';
    const connection = await openConnection(name, {
      durability,
      indexedDB: options.indexedDB ?? ownIndexedDB(),
      IDBKeyRange: options.IDBKeyRange ?? globalThis.IDBKeyRange,
    });
    const hints = hintsOver((options.channel ?? broadcastChannel)(`indelible:${name}`));
    const locks = 'locks' in options ? options.locks : ownLocks();
    const presence = presenceOver(locks, `indelible:${name}:present`);
    return eventStorage({ connection, hints, presence, durability });
  },
});
