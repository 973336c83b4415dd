/** The built server, killed at random moments under a stream of pushes: what it vouched for is there, and once. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { Commit } from '../../src/core/commit.ts';
import type { Hash32 } from '../../src/core/ids.ts';
import { fromBase64, toBase64 } from '../../src/crypto/bytes.ts';
import { checkCommit } from '../../src/crypto/checkCommit.ts';
import { openReceipt, type Receipt } from '../../src/crypto/checkpoint.ts';
import { appendLeaf, EMPTY_FRONTIER, type Frontier, frontierRoot, merkleRoot } from '../../src/crypto/merkle.ts';
import { readNoteVerifier } from '../../src/crypto/signedNote.ts';
import { PullResponse, PushResponse, ServerStatus } from '../../src/sync/protocol.ts';
import { type Device, makeDevice, TENANT } from '../unit/server/device.ts';
import { type Cluster, startCluster } from '../unit/server/postgresql.ts';

const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const KILLS = 8;
const Announced = z.object({ url: z.string(), serverKey: z.string() });

let folder = '';
let cluster: Cluster | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indelible-kill-'));
  cluster = await startCluster();
});
afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Numbers from 0 to 1 by mulberry32, so that a failure can be told by its seed. */
const randomOf = (seed: number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

type Running = {
  readonly child: ChildProcess;
  readonly ended: Promise<readonly unknown[]>;
  readonly url: string;
  readonly serverKey: string;
};

const startServer = async (data: string, databaseUrl: string | undefined): Promise<Running> => {
  const env = { ...process.env, DATABASE_URL: databaseUrl ?? '' };
  const words = [COMMAND, 'serve', '--port', '0', '--data', data, '--json'];
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended.then(() => ['{"url":"ended before it listened","serverKey":""}']),
  ]);
  const { url, serverKey } = Announced.parse(JSON.parse(String(line)));
  expect(url).toMatch(/^http:/);
  return { child, ended, url, serverKey };
};

/** One device that keeps pushing what is not yet vouched for, whatever happens to the server. */
const pusherOf = (device: Device) => {
  const commits: Commit[] = [];
  const receipts: Receipt[] = [];
  const lastVouched = () => receipts.at(-1)?.sequence ?? 0;
  /** Pushes until `stopped`; an answer that does not come leaves the commits for the next time. */
  const run = async (server: Running, stopped: () => boolean, random: () => number) => {
    while (!stopped()) {
      commits.push(...(await device.sealMany(1 + Math.floor(random() * 3), 1 + Math.floor(random() * 4))));
      // Sometimes what was vouched for is sent again: an answer may have been lost on the way.
      const from = random() < 0.2 ? 0 : lastVouched();
      const unsent = commits.filter(({ first }) => first > from).slice(0, 40);
      const body = JSON.stringify({ protocol: 1, commits: unsent.map(({ bytes }) => toBase64(bytes)) });
      const headers = { 'content-type': 'application/json' };
      const url = `${server.url}/v1/tenants/${TENANT}/commits`;
      const answer = await fetch(url, { method: 'POST', headers, body }).catch(() => undefined);
      const text = await answer?.text().catch(() => undefined);
      if (answer === undefined || text === undefined) return;
      const { verdicts, receipt } = PushResponse.parse(JSON.parse(text));
      expect(verdicts.every(({ kind }) => kind === 'accepted' || kind === 'duplicate')).toBe(true);
      receipts.push(await openReceipt(receipt ?? '', readNoteVerifier(server.serverKey)));
    }
  };
  return { device, commits, receipts, run };
};

const pullAll = async (url: string): Promise<readonly Commit[]> => {
  const commits: Commit[] = [];
  for (let after = '', more = true; more; ) {
    const page = await fetch(`${url}/v1/tenants/${TENANT}/commits?after=${after}`);
    const read = PullResponse.parse(await page.json());
    for (const text of read.commits) {
      const check = await checkCommit(fromBase64(text));
      if (check.kind === 'faulty') throw new Error(check.fault.code);
      commits.push(check.commit);
    }
    ({ cursor: after, more } = read);
  }
  return commits;
};

/** The root of the tree over the first leaves, for every number of them. */
const rootsOf = (leaves: readonly Hash32[]): ReadonlyMap<number, string> => {
  const roots = new Map<number, string>();
  let frontier: Frontier = EMPTY_FRONTIER;
  for (const leaf of leaves) {
    frontier = appendLeaf(frontier, leaf);
    roots.set(frontier.size, toBase64(frontierRoot(frontier)));
  }
  return roots;
};

type Pusher = ReturnType<typeof pusherOf>;

/** Every receipt ever given is true of the log as it is now: the tree it names is a prefix of it. */
const expectVouched = (held: readonly Commit[], pushers: readonly Pusher[]) => {
  const leaves: readonly Hash32[] = held.flatMap((commit) => commit.leaves);
  const roots = rootsOf(leaves);
  for (const { device, commits, receipts } of pushers) {
    const own = held.filter(({ replica }) => replica === device.replica);
    expect(own.map(({ first }) => first)).toEqual(commits.slice(0, own.length).map(({ first }) => first));
    expect(own.map(({ bytes }) => toBase64(bytes))).toEqual(
      commits.slice(0, own.length).map(({ bytes }) => toBase64(bytes)),
    );
    for (const receipt of receipts) {
      expect(own.some(({ link }) => toBase64(link) === toBase64(receipt.link))).toBe(true);
      expect(roots.get(receipt.size)).toBe(toBase64(receipt.root));
    }
  }
  return leaves;
};

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const killAndRestart = async (data: string, databaseUrl: string | undefined, seed: number) => {
  const random = randomOf(seed);
  const pushers = [pusherOf(await makeDevice()), pusherOf(await makeDevice())];
  const vouched = () => pushers.reduce((total, { receipts }) => total + receipts.length, 0);
  const keys = new Set<string>();
  for (let round = 0; round <= KILLS; round++) {
    const server = await startServer(data, databaseUrl);
    keys.add(server.serverKey);
    expectVouched(await pullAll(server.url), pushers);
    let stopped = false;
    const pushing = Promise.all(pushers.map((pusher) => pusher.run(server, () => stopped, random)));
    // In every other round something new has been vouched for before the end comes; in the rest it comes when it comes.
    const before = vouched();
    for (let tries = 0; round % 2 === 0 && vouched() === before && tries < 2_000; tries++) await pause(10);
    await pause(random() * 400);
    const isLast = round === KILLS;
    if (!isLast) server.child.kill('SIGKILL');
    stopped = true;
    await pushing;
    if (isLast) {
      const leaves = expectVouched(await pullAll(server.url), pushers);
      const status = ServerStatus.parse(await (await fetch(`${server.url}/v1/tenants/${TENANT}/status`)).json());
      expect(status).toMatchObject({ size: leaves.length, root: toBase64(merkleRoot(leaves)), refused: [] });
      server.child.kill('SIGTERM');
    }
    expect(await server.ended).toEqual(isLast ? [0, null] : [null, 'SIGKILL']);
  }
  expect(keys.size).toBe(1);
  expect(vouched()).toBeGreaterThan(KILLS / 2);
};

it('loses nothing it vouched for and takes in nothing twice when killed at any moment, embedded [SYN-04]', async () => {
  const seed = Date.now() & 0xffffff;
  await killAndRestart(join(folder, 'embedded'), undefined, seed).catch((error: unknown) => {
    throw new Error(`seed ${seed}`, { cause: error });
  });
});

it('loses nothing it vouched for and takes in nothing twice when killed at any moment, on PostgreSQL [SRV-03]', async () => {
  const seed = Date.now() & 0xffffff;
  const databaseUrl = await cluster?.database();
  const data = join(folder, databaseUrl === undefined ? 'embedded-again' : 'keys');
  await killAndRestart(data, databaseUrl, seed).catch((error: unknown) => {
    throw new Error(`seed ${seed}`, { cause: error });
  });
});
