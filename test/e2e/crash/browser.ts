/** A Chromium with a profile on disk, started at an address and killed with all of its processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findChromium } from '../../../scripts/chromium.mjs';

/** Nothing that the page does not need: a start costs half a second of processor time instead of one. */
const FLAGS = [
  '--headless',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-extensions',
  '--disable-sync',
  '--disable-component-update',
  '--disable-breakpad',
  '--in-process-gpu',
  '--enable-features=NetworkServiceInProcess2',
  '--disable-features=Translate,OptimizationHints,MediaRouter,AutofillServerCommunication,SpareRendererForSitePerProcess',
];

export type Browser = {
  /** Ends every process of the browser at once, by SIGKILL; resolves when all of them have ended. */
  readonly kill: () => Promise<void>;
};

export type Profile = {
  /** Where the browser keeps its files. */
  readonly folder: string;
  readonly start: (url: string) => Browser;
  readonly remove: () => Promise<void>;
};

const killGroup = (child: ChildProcess): void => {
  try {
    // Started detached, the browser leads a group of processes of its own.
    if (child.pid !== undefined && process.platform !== 'win32') process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch {
    // It has ended by itself.
  }
};

const GROUP_MS_MAX = 10_000;

/** State and group of a process: `pid (name) state parent group ...`, where a name may hold anything. */
const livesIn = (group: number, pid: string): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, , of] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(of) === group && state !== 'Z';
  } catch {
    return false; // it has ended
  }
};

/**
 * A process that was killed may live on for a moment, and hold what it had open: a browser that starts meanwhile finds
 * its databases taken, which is not what a power failure does. Told where the system lists its processes.
 */
const groupEnded = async (group: number | undefined): Promise<void> => {
  if (group === undefined || !existsSync('/proc/self/stat')) return;
  const endsAt = performance.now() + GROUP_MS_MAX;
  while (readdirSync('/proc').some((name) => /^\d+$/.test(name) && livesIn(group, name))) {
    if (performance.now() > endsAt) throw new Error('a killed browser does not end');
    await pause(2);
  }
};

export const makeProfile = async (): Promise<Profile> => {
  const { path, args, env } = await findChromium();
  const folder = await mkdtemp(join(tmpdir(), 'indelible-crash-'));
  // Beside what the browser keeps: when this is gone too, it was not the browser that lost something.
  const mark = join(folder, 'under-test');
  await writeFile(mark, '');
  return {
    folder,
    start: (url) => {
      if (!existsSync(mark)) throw new Error('somebody removed the profile under test');
      const words = [...args, ...FLAGS, `--user-data-dir=${folder}`, url];
      const child = spawn(path, words, { env, detached: process.platform !== 'win32', stdio: 'ignore' });
      const ended = once(child, 'exit');
      return {
        kill: async () => {
          killGroup(child);
          await ended;
          await groupEnded(child.pid);
        },
      };
    },
    // A process that was killed may hold its files for a moment.
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
};
