/** The built command as a child process: a server on a free port with a data folder of its own, to kill and start again. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../scripts/engines/programs.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COMMAND = join(ROOT, 'dist', 'cli', 'main.js');

/** Runs the command to its end. */
export const indelible = (...words: readonly string[]) =>
  spawnSync(process.execPath, [COMMAND, ...words], { cwd: ROOT, encoding: 'utf8', timeout: 60_000 });

const start = (words: readonly string[]): Promise<ChildProcess> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, 'serve', '--app', 'dist-app', ...words], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    const hear = (chunk: unknown) => {
      said += String(chunk);
      if (said.includes('http://')) resolve(child);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  });

const ended = (child: ChildProcess, signal: NodeJS.Signals): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill(signal);
  });

export type ServedApp = {
  readonly address: string;
  /** Holds the data of the server, and whatever a test puts there; removed at the end. */
  readonly folder: string;
  readonly killServer: () => Promise<void>;
  readonly startServer: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** A server with an empty data folder. */
export const serveApp = async (serveWords: readonly string[] = []): Promise<ServedApp> => {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-app-'));
  const port = await freePort();
  const words = ['--data', join(folder, 'data'), '--port', String(port), ...serveWords];
  let server = await start(words);
  return {
    address: `http://127.0.0.1:${port}/`,
    folder,
    killServer: () => ended(server, 'SIGKILL'),
    startServer: async () => {
      server = await start(words);
    },
    close: async () => {
      await ended(server, 'SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
};
