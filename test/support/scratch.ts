/**
 * Where a test keeps files that need not outlive the machine. In memory where the platform offers it and has room: an engine that
 * writes strictly waits for a disk at every transaction, and what it has to do is the same. What a disk keeps, and what a kill
 * leaves on one, is tested on the disk (`test/e2e/*crash*`, `*Kill*`), and what is measured is measured there (`bench`).
 */
import { existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const IN_MEMORY = '/dev/shm';
/** In a container it is often 64 MB, which the profile of one browser fills. */
const ROOM_BYTES_MIN = 2_000_000_000;

const hasRoom = (folder: string): boolean => {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize >= ROOM_BYTES_MIN;
};

/** The folder to make temporary folders in. */
export const scratchRoot = (): string => (hasRoom(IN_MEMORY) ? IN_MEMORY : tmpdir());
