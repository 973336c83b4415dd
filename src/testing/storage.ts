/** A storage adapter in whose calls a test may step: to delay them, to fail them, or to lose their answer. */
import type { EventStorage, StorageAdapter } from '../storage/port.ts';

export type StorageCall = 'append' | 'read' | 'readAt' | 'writeMarks' | 'keepFinding';

export type StorageHooks = {
  /** Before the call reaches the database: what it throws fails the call, and nothing is stored. */
  readonly before?: (call: StorageCall) => void | Promise<void>;
  /** After the call took effect: what it throws is seen by the caller, who cannot know that it did. */
  readonly after?: (call: StorageCall) => void | Promise<void>;
};

const hooked = (storage: EventStorage, { before, after }: StorageHooks): EventStorage => {
  const through =
    <A extends readonly unknown[], T>(name: StorageCall, call: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      await before?.(name);
      const result = await call(...args);
      await after?.(name);
      return result;
    };
  return {
    ...storage,
    append: through('append', storage.append),
    read: through('read', storage.read),
    readAt: through('readAt', storage.readAt),
    writeMarks: through('writeMarks', storage.writeMarks),
    keepFinding: through('keepFinding', storage.keepFinding),
  };
};

/** `adapter` with hooks around the calls that matter; they are asked at each call. */
export const hookedStorage = (adapter: StorageAdapter, hooks: StorageHooks): StorageAdapter => ({
  open: async (name) => hooked(await adapter.open(name), hooks),
});
