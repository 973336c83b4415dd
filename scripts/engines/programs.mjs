/** Where programs of other people are, whether they run, and a free port for them to listen on. */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';

/** The first of the places that is there: a path, or the name of a command to look for in PATH. */
export const firstPresent = (places) => {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return places
    .flatMap((place) => (/[\\/]/.test(place) ? [place] : folders.map((folder) => join(folder, place))))
    .find((path) => existsSync(path));
};

/** What a program says when it is asked for its version, or nothing where it does not run. */
export const saidBy = (path, args, env = process.env) => {
  const { status, stdout } = spawnSync(path, args, { env, encoding: 'utf8', timeout: 60_000 });
  return status === 0 ? stdout.trim() : undefined;
};

/**
 * Below what systems give to outgoing connections by themselves (from 32768 on Linux, 49152 elsewhere): between this answer and the
 * moment at which the program listens, no connection of another program takes the port.
 */
const PORTS = { from: 20_000, below: 32_000 };
const TRIES_MAX = 100;

const isFree = (port) =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });

export const freePort = async () => {
  for (let at = 0; at < TRIES_MAX; at++) {
    const port = randomInt(PORTS.from, PORTS.below);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${PORTS.from} to ${PORTS.below}: end other programs that listen on 127.0.0.1`);
};

/** Ends a process that leads a group of its own, and everything that it started; resolves when it is gone. */
export const endGroup = (child, signal = 'SIGKILL') =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    try {
      process.kill(-child.pid, signal);
    } catch {
      child.kill(signal);
    }
  });

/** Asks again until an answer is there. */
export const eventually = async (what, ask, timeoutMs = 20_000) => {
  const end = Date.now() + timeoutMs;
  let last;
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not come within ${timeoutMs} ms${last ? `: ${last.message}` : ''}`);
};
