/** The few things that the storage asks of a file system: in one place, so that a test can let each of them fail. */
import { watch } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

export type JournalFile = {
  /** Everything from this byte on. */
  readonly read: (from: number) => Promise<Uint8Array>;
  /** Writes at the end of the file; resolves when the device has it. */
  readonly append: (bytes: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
};

export type Files = {
  /** Opens the file of this name, an empty one if there is none. */
  readonly open: (name: string) => Promise<JournalFile>;
  /** Calls back when the file may have grown; gives the means to stop that. */
  readonly watch: (name: string, grown: () => void) => () => void;
};

const READ_BYTES = 1_048_576;

const pathOf = (folder: string, name: string): string => join(folder, `${encodeURIComponent(name)}.jsonl`);

/** Journals in one folder. */
export const nodeFiles = (folder: string): Files => ({
  watch: (name, grown) => {
    const watcher = watch(pathOf(folder, name), { persistent: false }, grown);
    return () => watcher.close();
  },
  open: async (name) => {
    await mkdir(folder, { recursive: true });
    // Appending, reading, and synchronous: a write has reached the device when it resolves.
    const file = await open(pathOf(folder, name), 'as+');
    // The name of a new file is in its folder, and has to reach the device as well.
    const parent = await open(folder, 'r');
    await parent.sync();
    await parent.close();
    return {
      read: async (from) => {
        const pieces: Uint8Array[] = [];
        for (let at = from; ; ) {
          const { bytesRead, buffer } = await file.read(new Uint8Array(READ_BYTES), 0, READ_BYTES, at);
          if (bytesRead === 0) return Buffer.concat(pieces);
          pieces.push(buffer.subarray(0, bytesRead));
          at += bytesRead;
        }
      },
      append: async (bytes) => {
        // One call: what several processes write at once lies one after the other.
        const { bytesWritten } = await file.write(bytes);
        if (bytesWritten < bytes.length) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
      },
      close: () => file.close(),
    };
  },
});
