/**
 * The data folder, used by one process at a time: the embedded database would be destroyed by two.
 *
 * The lock is a file that names its holder. A holder that is gone (the process ended, or its number was given to another,
 * or the machine was started again) holds nothing.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isRecord } from '../core/json.ts';
import { startFault } from './startFault.ts';

const FILE = 'server.lock';

type Holder = { readonly pid: number; readonly started: string; readonly nonce: string };

/** When a process was started, in ticks since the start of the machine, with the machine's start. Empty where not told. */
const startOf = async (pid: number): Promise<string> => {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
  } catch {
    return '';
  }
};

const readHolder = (text: string): Holder | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) return undefined;
    const { pid, started, nonce } = value;
    return typeof pid === 'number' && typeof started === 'string' && typeof nonce === 'string'
      ? { pid, started, nonce }
      : undefined;
  } catch {
    return undefined;
  }
};

const isAlive = async (holder: Holder): Promise<boolean> => {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // Without the right to signal it, it is there all the same.
    if (!isRecord(error) || error['code'] !== 'EPERM') return false;
  }
  return holder.started === (await startOf(holder.pid));
};

const codeIs = (error: unknown, code: string): boolean => isRecord(error) && error['code'] === code;

/** Moves a dead holder's lock away; puts it back if it turns out to be a live one's, written in between. */
const clear = async (path: string, dead: string): Promise<void> => {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeIs(error, 'ENOENT')) return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== dead) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
};

const TRIES = 5;
const SETTLE_MS = 100;

/** Another that was clearing the dead lock may have moved this one away, and a third come in between: the file decides. */
const isStillThere = async (path: string, mine: string): Promise<boolean> => {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return (await readFile(path, 'utf8').catch(() => '')) === mine;
};

const take = async (path: string, mine: string): Promise<boolean> => {
  // Written aside and linked into place, so that nobody ever reads half a lock.
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, mine, { flag: 'wx' });
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        await link(draft, path);
        return await isStillThere(path, mine);
      } catch (error) {
        if (!codeIs(error, 'EEXIST')) throw error;
      }
      const held = await readFile(path, 'utf8').catch(() => '');
      const holder = readHolder(held);
      if (holder !== undefined && (await isAlive(holder))) return false;
      await clear(path, held);
    }
    return false;
  } finally {
    await rm(draft, { force: true });
  }
};

/** Node's own recursive form never returns where the system refuses with ENOENT although the parent is there (/proc). */
const makeFolders = async (path: string): Promise<void> => {
  const make = () =>
    mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
      if (!codeIs(error, 'EEXIST')) throw error;
    });
  try {
    await make();
  } catch (error) {
    if (!codeIs(error, 'ENOENT') || dirname(path) === path) throw error;
    await makeFolders(dirname(path));
    await make();
  }
};

/** Makes the folder if it is missing. @throws StoreError `storage.failed` with `what: data-folder` */
export const makeFolder = async (folder: string): Promise<string> => {
  const path = resolve(folder);
  try {
    await makeFolders(path);
    const probe = join(path, `.probe-${randomBytes(6).toString('hex')}`);
    await writeFile(probe, '');
    await rm(probe);
    return path;
  } catch (cause) {
    throw startFault('data-folder', { cause });
  }
};

/** Takes the folder for this process; the function given back lets it go. @throws StoreError `storage.blocked` with `what: data-locked` */
export const lockFolder = async (folder: string): Promise<() => Promise<void>> => {
  const path = join(folder, FILE);
  const holder: Holder = {
    pid: process.pid,
    started: await startOf(process.pid),
    nonce: randomBytes(12).toString('hex'),
  };
  const mine = JSON.stringify(holder);
  if (!(await take(path, mine))) throw startFault('data-locked');
  return async () => {
    const held = await readFile(path, 'utf8').catch(() => '');
    if (held === mine) await rm(path, { force: true });
  };
};
