/** Storage in memory as the entry names it: its code is loaded when a database of it is first opened. */
import { loadPart } from '../core/part.ts';
import type { MemoryStorageOptions } from './memory.ts';
import type { StorageAdapter } from './port.ts';

/** Keeps databases in memory, gone with the program: for tests and trials. */
export const memoryStorage = (options: MemoryStorageOptions = {}): StorageAdapter => {
  let adapter: Promise<StorageAdapter> | undefined;
  const load = async (): Promise<StorageAdapter> => {
    const made = await loadPart('memory', () => import('./memory.ts'));
    return made.memoryStorage(options);
  };
  return {
    open: async (...how) => {
      adapter ??= load().catch((error: unknown) => {
        adapter = undefined; // asked for again
        throw error;
      });
      return (await adapter).open(...how);
    },
  };
};
