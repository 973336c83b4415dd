/** Node killed while it records into SQLite, on a real disk: what was acknowledged is there, whole, and once. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LIMITS } from '../../src/core/limits.ts';
import { position } from '../../src/core/position.ts';
import { checkCommit } from '../../src/crypto/checkCommit.ts';
import { nodeSqlite, sqliteStorage } from '../../src/sqlite.ts';
import type { EventStorage, StoredRecord } from '../../src/storage/port.ts';
import { verifyLog, verifyRecords } from '../../src/testing/conformance/sealed.ts';

const CHILD = fileURLToPath(new URL('sqliteCrashChild.mjs', import.meta.url));
const KEY = Uint8Array.from({ length: 32 }, (_, at) => at + 1);

/** Lives of processes, one after the other on each database; and databases, two at a time. */
const LIVES = 7;
const DATABASES = 15;
const AT_ONCE = 2;
/** Calls of the driver that making the layout takes, and those of the longest life that ends by itself. */
const CALLS_OF_OPENING = 58;
const CALLS_MAX = 300;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'indelible-sqlite-crash-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Numbers from 0 to 1 by mulberry32, so that a failure can be told by its seed. */
const randomOf = (seed: number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** How a life ends: before or after a call of the driver, or by its parent so many milliseconds after it has opened. */
type Death = { readonly call: number; readonly when: 'before' | 'after' } | { readonly afterMs: number };

type Acknowledged = {
  readonly opened: boolean;
  readonly size: number;
  readonly packedTo: number;
  readonly identities: readonly string[];
  readonly findings: readonly string[];
  readonly snapshot: boolean;
};

type Line = readonly [string, unknown];

const isLine = (value: unknown): value is Line => Array.isArray(value) && typeof value[0] === 'string';

const start = (place: string, seed: number, death: Death): { readonly child: ChildProcess; readonly lines: Line[] } => {
  const ends = 'call' in death ? [String(death.call), death.when] : ['0', 'never'];
  const child = spawn(process.execPath, [CHILD, place, String(seed), ...ends], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Line[] = [];
  if (child.stdout === null) throw new Error('the child has an output');
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line: unknown = JSON.parse(text);
    if (isLine(line)) lines.push(line);
  });
  return { child, lines };
};

const ended = async (child: ChildProcess): Promise<void> => {
  const [code, signal] = child.signalCode === null ? await once(child, 'close') : [null, child.signalCode];
  expect([code, signal]).toEqual([null, 'SIGKILL']);
};

const live = async (place: string, seed: number, death: Death): Promise<Acknowledged> => {
  const { child, lines } = start(place, seed, death);
  const closed = once(child, 'close');
  if ('afterMs' in death) {
    while (lines.length === 0 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 2));
    await new Promise((resolve) => setTimeout(resolve, death.afterMs));
    child.kill('SIGKILL');
  }
  const [code, signal] = await closed;
  expect([code, signal], `seed ${seed}`).toEqual([null, 'SIGKILL']);
  const said = (what: string) => lines.flatMap(([name, value]) => (name === what ? [value] : []));
  const newest = (what: string) => Number(said(what).at(-1) ?? 0);
  return {
    opened: lines.length > 0,
    size: Math.max(newest('open'), newest('append')),
    packedTo: newest('packed'),
    identities: said('identity').map(String),
    findings: said('finding').map(String),
    snapshot: said('snapshot').length > 0,
  };
};

const eventsOf = ({ commits }: StoredRecord): number => commits.reduce((sum, { events }) => sum + events, 0);

/** What came after `from`, commit by commit: sound, and not one byte of what was before it is another one. */
const checkTail = async (storage: EventStorage, from: number): Promise<void> => {
  const end = await storage.size();
  for (let next = from; next < end; ) {
    const records = await storage.read(position(next), 4 * LIMITS.recordBytesMax);
    for (const { bytes } of records.flatMap(({ commits }) => commits))
      expect((await checkCommit(bytes)).kind).not.toBe('faulty');
    const last = records.at(-1);
    if (last === undefined) throw new Error(`nothing at ${next} of ${end}`);
    next = last.position + eventsOf(last);
  }
};

const openAgain = (place: string) => sqliteStorage({ driver: nodeSqlite({ folder: place }), key: KEY }).open('trial');

type Known = { size: number; packedTo: number };

/** What was acknowledged is there; an append is there whole or not at all: its mark says where it ends. */
const checkAfter = async (place: string, told: Acknowledged, known: Known, trace: string): Promise<void> => {
  const storage = await openAgain(place);
  try {
    const [size, packedTo] = [await storage.size(), await storage.packedTo()];
    expect(size, trace).toBeGreaterThanOrEqual(Math.max(told.size, known.size));
    expect(packedTo, trace).toBeGreaterThanOrEqual(Math.max(told.packedTo, known.packedTo));
    const { cursor = 0 } = await storage.readMarks();
    expect(cursor, trace).toBe(size);
    const identities = (await storage.readIdentities()).map(({ replica }) => String(replica));
    expect(identities, trace).toEqual(expect.arrayContaining([...told.identities]));
    const findings = (await storage.readFindings()).map(({ finding }) => finding.identity);
    expect(findings, trace).toEqual(expect.arrayContaining([...told.findings]));
    if (told.snapshot) expect((await storage.readSnapshot('view'))?.length, trace).toBe(5_000);
    await checkTail(storage, known.size);
    known.size = size;
    known.packedTo = packedTo;
  } finally {
    await storage.close();
  }
};

it('after 105 kills, spread over opening, appending, packing and snapshots, every acknowledged event is there [SQL-04]', async () => {
  const startedAt = Date.now();
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`seed ${seed}`);
  const random = randomOf(seed);
  const deathOf = (life: number): Death => {
    const when = random() < 0.5 ? 'before' : 'after';
    if (life === 0) return { call: 1 + Math.floor(random() * CALLS_OF_OPENING), when };
    if (life % 3 === 0) return { afterMs: random() * 120 };
    return { call: 1 + Math.floor(random() * CALLS_MAX), when };
  };
  const plans = Array.from({ length: DATABASES }, () => Array.from({ length: LIVES }, (_, life) => deathOf(life)));
  const sum = { kills: 0, beforeOpen: 0, events: 0, packed: 0 };
  const runDatabase = async (database: number): Promise<void> => {
    const place = join(folder, String(database));
    const known: Known = { size: 0, packedTo: 0 };
    for (const [life, death] of (plans[database] ?? []).entries()) {
      const trace = `seed ${seed}, database ${database}, life ${life}, ${JSON.stringify(death)}`;
      const told = await live(place, seed + 1_000 * database + life, death);
      await checkAfter(place, told, known, trace);
      sum.kills += 1;
      if (!told.opened) sum.beforeOpen += 1;
    }
    const storage = await openAgain(place);
    expect(await verifyLog(storage), `seed ${seed}, database ${database}`).toBe(known.size);
    await storage.close();
    sum.events += known.size;
    sum.packed += known.packedTo;
  };
  const waiting = plans.map((_, database) => database);
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await runDatabase(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  console.log(
    `${sum.kills} kills, ${sum.beforeOpen} of them while opening: ${sum.events} events kept, ${sum.packed} of them packed, ` +
      `0 acknowledged events lost, in ${Math.round((Date.now() - startedAt) / 1000)} s`,
  );
  expect(sum.kills).toBe(DATABASES * LIVES);
  expect(sum.packed).toBeGreaterThan(0);
});

it('of three processes on one database any may be killed: the others go on, and nothing acknowledged is lost [SQL-06]', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`seed ${seed}`);
  const random = randomOf(seed);
  const place = join(folder, 'shared');
  await (await openAgain(place)).close();
  const begin = () => start(place, Math.floor(random() * 2 ** 31), { afterMs: 0 });
  const living = [begin(), begin(), begin()];
  const acknowledged: Line[] = [];
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  for (let round = 0; round < 10; round++) {
    const before = living.map(({ lines }) => lines.length);
    await until(() => living.every(({ lines }, index) => lines.length > Math.max(3, before[index] ?? 0)));
    const [killed] = living.splice(Math.floor(random() * living.length), 1);
    killed?.child.kill('SIGKILL');
    if (killed !== undefined) await ended(killed.child);
    acknowledged.push(...(killed?.lines ?? []));
    living.push(begin());
  }
  for (const { child } of living) child.kill('SIGKILL');
  for (const { child, lines } of living) {
    await ended(child);
    acknowledged.push(...lines);
  }
  const storage = await openAgain(place);
  const ends = new Set<number>();
  const records = await storage.read(position(0), Number.MAX_SAFE_INTEGER);
  let end = 0;
  for (const { events } of records.flatMap(({ commits }) => commits)) {
    end += events;
    ends.add(end);
  }
  expect(await verifyRecords(records), `seed ${seed}`).toBe(await storage.size());
  const appended = acknowledged.flatMap(([what, value]) => (what === 'append' ? [Number(value)] : []));
  expect(new Set(appended).size, `seed ${seed}: no size is won twice`).toBe(appended.length);
  expect(
    appended.filter((each) => !ends.has(each)),
    `seed ${seed}`,
  ).toEqual([]);
  expect((await storage.readMarks())['cursor']).toBe(await storage.size());
  await storage.close();
  console.log(`${appended.length} acknowledged appends of 13 processes, 13 kills, 0 lost`);
});
