/**
 * Files for the embedded database that reach the disk when PostgreSQL asks for it. PGlite's own Node file system has no
 * `fsync`, so what it calls written may still be lost with the power; this one hands the call on.
 * Law: `durableFiles.laws` (every committed transaction has synced the write-ahead log).
 */
import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PGliteOptions } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { invariant } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';

type FileSystem = NonNullable<PGliteOptions['fs']>;

const syncFolder = (path: string): void => {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
};

/** Gives the mounted file system its missing operation. `stream.nfd` is the handle of an open file; folders have none. */
const addSync = (module: unknown, onSync: () => void): void => {
  const nodefs = isRecord(module) ? module['NODEFS'] : undefined;
  const operations = isRecord(nodefs) ? nodefs['stream_ops'] : undefined;
  invariant(isRecord(nodefs) && isRecord(operations), 'the embedded database has a Node file system to complete');
  const realPath = nodefs['realPath'];
  Object.assign(operations, {
    fsync: (stream: { readonly nfd?: number; readonly node: unknown }): number => {
      if (stream.nfd !== undefined) fsyncSync(stream.nfd);
      else if (typeof realPath === 'function') syncFolder(String(realPath(stream.node)));
      onSync();
      return 0;
    },
  });
};

/** A file system over `folder` for PGlite; `onSync` hears of each sync. */
export const durableFiles = (
  folder: string,
  onSync = (): void => {},
): { readonly system: FileSystem; readonly isNew: boolean } => {
  const isNew = !existsSync(join(folder, 'PG_VERSION'));
  const system = new NodeFS(folder);
  const init = system.init.bind(system);
  system.init = async (pglite, options) => {
    const { emscriptenOpts } = await init(pglite, options);
    const preRun = [...[emscriptenOpts.preRun ?? []].flat(), (module: unknown) => addSync(module, onSync)];
    return { emscriptenOpts: { ...emscriptenOpts, preRun } };
  };
  return { system, isNew };
};

/** Syncs every file and folder under `folder`: the files that making the database left unsynced. */
export const syncTree = async (folder: string): Promise<void> => {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await syncOne(path);
  }
  await syncOne(folder);
};

const syncOne = async (path: string): Promise<void> => {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
