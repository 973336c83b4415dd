/**
 * A real PostgreSQL for tests: its own cluster in a temporary folder, on a Unix socket, as another user when this one is
 * root. Where none is installed the tests say so and run on the embedded database alone.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

const binaries = (): string | undefined => {
  const installed = ['/usr/lib/postgresql', '/usr/local/opt', '/opt/homebrew/opt'].filter(existsSync);
  const versions = installed.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name, 'bin')));
  return [...versions.sort().reverse(), ...(process.env['PATH'] ?? '').split(delimiter)].find((folder) =>
    existsSync(join(folder, 'initdb')),
  );
};

/** The words of a command that runs as nobody when this process is root, since PostgreSQL refuses to be root's. */
const asUser = (words: readonly string[]): [string, string[]] => {
  const all = isRoot
    ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--', ...words]
    : [...words];
  const [command = '', ...rest] = all;
  return [command, rest];
};

export type Cluster = {
  /** Address of a database of its own, made empty. */
  readonly database: () => Promise<string>;
  /** The folder in which it lies. */
  readonly data: string;
  readonly stop: () => Promise<void>;
};

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });

const answers = async (url: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
};

const waitUntil = async (holds: () => Promise<boolean>, what: string): Promise<void> => {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not happen in 10 s`);
};

const run = async (url: string, statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
};

const start = async (bin: string): Promise<Cluster> => {
  const folder = mkdtempSync(join(tmpdir(), 'indelible-pg-'));
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  const data = join(folder, 'data');
  const [initdb, words] = asUser([
    join(bin, 'initdb'),
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
  ]);
  const made = spawnSync(initdb, words, { cwd: folder, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error?.message ?? ''}`);
  const [postgres, args] = asUser([join(bin, 'postgres'), '-D', data, '-k', folder, '-c', 'listen_addresses=']);
  const server = spawn(postgres, args, { cwd: folder, stdio: 'ignore' });
  // A test file that is cut short must not leave a server behind.
  process.once('exit', () => server.kill('SIGQUIT'));
  const url = (name: string) => `postgresql://postgres@/${name}?host=${encodeURIComponent(folder)}`;
  await waitUntil(() => answers(url('postgres')), 'the start of PostgreSQL');
  let count = 0;
  return {
    data,
    database: async () => {
      const name = `log_${count++}`;
      await run(url('postgres'), `CREATE DATABASE ${name}`);
      return url(name);
    },
    stop: async () => {
      server.kill('SIGINT');
      await ended(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** Starts a cluster, or says loudly that there is no PostgreSQL here and gives undefined. */
export const startCluster = async (): Promise<Cluster | undefined> => {
  const bin = binaries();
  if (bin !== undefined) return start(bin);
  console.warn('\nNOTICE: no PostgreSQL is installed here: these laws ran on embedded PGlite only.\n');
  return undefined;
};
