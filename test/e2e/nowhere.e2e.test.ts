/**
 * Protected values and keys are nowhere but where they belong: a person works in a real browser with a real server behind a
 * proxy that hears everything, then all that was written, sent or said anywhere is searched for what was planted. Each search
 * has a word beside it that has to be found.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { findChromium } from '../../scripts/chromium.mjs';
import { pageScript } from '../../scripts/page-script.mjs';
import { startCluster } from '../unit/server/postgresql.ts';
import type { Lived } from './nowhere/page.ts';
import { WORDS } from './nowhere/words.ts';
import { filesWith, keyNeedles, searchFor, wordNeedles } from './search.ts';

const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const HTML = '<!doctype html><meta charset="utf-8"><title>ward</title><script type="module" src="/page.js"></script>';
const Announced = z.object({ url: z.url() });

type Heard = { readonly all: () => Buffer };

const heard = (): Heard & { readonly hear: (chunk: unknown) => void } => {
  const chunks: Buffer[] = [];
  return {
    hear: (chunk) => {
      chunks.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)));
    },
    all: () => Buffer.concat(chunks),
  };
};

/** The built server over a page of ours; `said`: all that it wrote to its output. */
const serve = async (folder: string, databaseUrl: string | undefined) => {
  const app = join(folder, 'app');
  await mkdir(app);
  await writeFile(join(app, 'index.html'), HTML);
  const script = await pageScript('test/e2e/nowhere/page.ts');
  await writeFile(join(app, 'page.js'), script);
  const words = [COMMAND, 'serve', '--port', '0', '--data', join(folder, 'data'), '--app', app, '--json'];
  const env = { ...process.env, DATABASE_URL: databaseUrl ?? '' };
  const child: ChildProcess = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the server has no output');
  const said = heard();
  stdout.on('data', said.hear);
  stderr.on('data', said.hear);
  const lines = createInterface({ input: stdout });
  const [line]: readonly unknown[] = await once(lines, 'line');
  const { port } = new URL(Announced.parse(JSON.parse(String(line))).url);
  return {
    port: Number(port),
    script,
    said,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
};

/** Passes everything on between the browser and the server, byte for byte, and keeps it. */
const listenIn = async (port: number) => {
  const wire = heard();
  const sockets = new Set<Socket>();
  const proxy = createServer((browser) => {
    const server = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [browser, server],
      [server, browser],
    ] as const) {
      sockets.add(from);
      from.on('data', wire.hear);
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const at = proxy.address();
  return {
    address: `http://127.0.0.1:${typeof at === 'object' ? (at?.port ?? 0) : 0}/`,
    wire,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
};

/** A person's work in a browser with this profile; and what the browser asked for and wrote to its console. */
const live = async (profile: string, address: string): Promise<{ lived: Lived; told: Buffer }> => {
  const found = await findChromium();
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: found.path,
    args: [...found.args],
    env: found.env,
  });
  const told = heard();
  try {
    context.on('console', (message) => told.hear(`${message.text()} ${JSON.stringify(message.location())}\n`));
    context.on('weberror', (error) => told.hear(`${error.error().stack ?? ''}\n`));
    context.on('request', (request) => told.hear(`${request.url()} ${JSON.stringify(request.headers())}\n`));
    const page = await context.newPage();
    await page.goto(address);
    const lived = await page.evaluate<Lived>(`page.live(${JSON.stringify(WORDS)})`);
    return { lived, told: told.all() };
  } finally {
    await context.close();
  }
};

type Places = { readonly [Name in 'wire' | 'server' | 'bundle' | 'errors' | 'console' | 'local']: Buffer };

const foundIn = (places: Places, needles: readonly Buffer[]): readonly string[] => {
  const isIn = searchFor(needles);
  return Object.entries(places).flatMap(([name, bytes]) => (isIn(bytes) ? [name] : []));
};

const inFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-nowhere-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
};

/** Works with a server on `databaseUrl`, and searches; `database`: the folder in which the server's database lies. */
const searchAfter = async (folder: string, database: string, databaseUrl: string | undefined): Promise<void> => {
  const profile = join(folder, 'profile');
  const server = await serve(folder, databaseUrl);
  const proxy = await listenIn(server.port);
  const { lived, told } = await live(profile, proxy.address);
  proxy.stop();
  await server.stop();

  expect(lived).toMatchObject({ size: 80, shown: expect.stringContaining(WORDS.secret.value) });
  expect(lived.said.join('\n')).toContain('"pending":0');
  expect(lived.said.filter((text) => /: (StoreError|\{)/.test(text)).length).toBeGreaterThan(10);
  const published = lived.secrets.filter((hex) => server.script.includes(hex)); // of known answers, in the program itself
  const keys = lived.secrets.filter((hex) => !published.includes(hex));
  expect([published.length, keys.length]).toEqual([2, expect.toSatisfy((count: number) => count > 20)]);

  const places: Places = {
    wire: proxy.wire.all(),
    server: server.said.all(),
    bundle: Buffer.from(lived.bundle, 'base64'),
    errors: Buffer.from(lived.said.join('\n')),
    console: told,
    local: Buffer.from(lived.stored),
  };
  expect(places.wire.includes('content-encoding'), 'what was heard can be read').toBe(false);
  const [open, beside] = [wordNeedles(WORDS.open), wordNeedles(WORDS.beside)];
  expect(foundIn(places, open)).toEqual(['wire', 'bundle']);
  expect(await filesWith(database, open, { filesMin: 20 }), 'what is not sealed lies in the database').not.toEqual([]);
  expect(await filesWith(profile, beside, { filesMin: 20 }), 'what is not sealed lies in the profile').not.toEqual([]);

  const secret = [...Object.values(WORDS.secret).flatMap(wordNeedles), ...keys.flatMap(keyNeedles)];
  expect(foundIn(places, secret)).toEqual([]);
  expect(await filesWith(database, secret, { filesMin: 20 })).toEqual([]);
  expect(await filesWith(profile, [...secret, ...open], { filesMin: 20 })).toEqual([]);
};

it('no protected value, passphrase, name of a user or key is in profile, wire, logs, errors, console, bundle or server database [RST-09]', () =>
  inFolder((folder) => searchAfter(folder, join(folder, 'data'), undefined)));

it('nor in the files of PostgreSQL, its write-ahead log among them [RST-09]', async () => {
  const cluster = await startCluster();
  if (cluster === undefined) return;
  try {
    const url = await cluster.database();
    await inFolder((folder) => searchAfter(folder, cluster.data, url));
  } finally {
    await cluster.stop();
  }
});
