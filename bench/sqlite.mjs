/**
 * The SQLite adapter in Node, against the same driver used barely in the same run: one table, one row of JSON for each event,
 * no encryption, the same settings of durability. Run after `npm run build`:
 *
 *   node bench/sqlite.mjs [--rounds N] [--singles N] [--events N] [--folder PATH] [--json]
 */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setup } from 'xstate';
import * as z from 'zod';
import { defineAggregate, defineEvent, openStore } from '../dist/index.js';
import { nodeSqlite, sqliteStorage } from '../dist/sqlite.js';
import { median, quantile, round } from './stats.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    singles: { type: 'string', default: '300' },
    events: { type: 'string', default: '100000' },
    folder: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
  },
});
const [ROUNDS, SINGLES, EVENTS] = [Number(values.rounds), Number(values.singles), Number(values.events)];
const BULK = 10_000;
const AGGREGATES = 500;
const KEY = Uint8Array.from({ length: 32 }, (_, at) => at + 1);

const require = createRequire(import.meta.url);
const Database = require('better-sqlite3-multiple-ciphers');

const schema = z.strictObject({
  form: z.string().max(80),
  group: z.string().max(80),
  item: z.string().max(80),
  value: z.number(),
  unit: z.string().max(40),
  measuredAt: z.string().max(40),
});
const visits = setup({ types: { context: {}, events: {} } });
const Visit = defineAggregate({
  type: 'visit',
  events: { ItemRecorded: defineEvent({ version: 1, schema, touches: ({ item }) => [item] }) },
  machine: visits.createMachine({
    context: { recorded: 0 },
    initial: 'open',
    states: {
      open: { on: { ItemRecorded: { actions: visits.assign(({ context }) => ({ recorded: context.recorded + 1 })) } } },
    },
  }),
});

const payloadOf = (at) => ({
  form: 'VITAL_SIGNS',
  group: 'IG.VS.BLOOD_PRESSURE',
  item: `IT.VS.ITEM_${Math.floor(at / AGGREGATES) % 12}`,
  value: 90 + (at % 80),
  unit: 'mmHg',
  measuredAt: '2026-03-01T09:30:00+01:00',
});
const idOf = (at) => `subject-${String(at % AGGREGATES).padStart(4, '0')}/visit-1`;
const itemOf = (at) => ({
  id: idOf(at),
  event: { type: 'ItemRecorded', ...payloadOf(at) },
  options: { reason: 'transcription' },
});

/** The event as a plain application would store it. */
const bareEvent = (at) =>
  JSON.stringify({
    id: `019500a0-1b2c-7d3e-8f40-${at.toString(16).padStart(12, '0')}`,
    stream: `visit/${idOf(at)}`,
    type: 'ItemRecorded',
    version: Math.floor(at / AGGREGATES) + 1,
    actor: { user: 'coordinator-3', role: 'site-coordinator' },
    reason: 'transcription',
    recordedAt: '2026-03-01T09:30:12.345Z',
    payload: payloadOf(at),
  });

const openBare = (folder, encrypted) => {
  const database = new Database(join(folder, encrypted ? 'bare-encrypted.db' : 'bare.db'));
  if (encrypted) {
    database.pragma("cipher = 'sqlcipher'");
    database.pragma('legacy = 4');
    database.pragma(`key = "x'${Buffer.from(KEY).toString('hex')}'"`);
  }
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec('CREATE TABLE IF NOT EXISTS events (at INTEGER PRIMARY KEY, stream TEXT NOT NULL, body TEXT NOT NULL)');
  return { database, insert: database.prepare('INSERT INTO events (stream, body) VALUES (?, ?)') };
};

const openProduct = (folder, name) =>
  openStore({
    name,
    tenant: 'bench',
    aggregates: [Visit],
    actor: () => ({ userId: 'coordinator-3', role: 'site-coordinator' }),
    storage: sqliteStorage({ driver: nodeSqlite({ folder }), key: KEY }),
    upkeep: 'manual',
  });

const timed = async (work) => {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
};

/** Microseconds of processor, all threads together: what other work on the machine does not distort. */
const processorUs = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

const send = async (store, at) => {
  const { id, event, options } = itemOf(at);
  const outcome = await store.aggregate(Visit, id).send(event, options);
  if (outcome.kind !== 'committed') throw new Error(`not committed: ${outcome.kind}`);
};

/** Single durable appends, one of each kind in turn. */
const singles = async (folder) => {
  const store = await openProduct(folder, 'singles');
  const [bare, encrypted] = [openBare(folder, false), openBare(folder, true)];
  const times = { product: [], bare: [], encrypted: [] };
  for (let at = 0; at < SINGLES; at++) {
    times.bare.push(await timed(async () => bare.insert.run(idOf(at), bareEvent(at))));
    times.encrypted.push(await timed(async () => encrypted.insert.run(idOf(at), bareEvent(at))));
    times.product.push(await timed(() => send(store, at)));
  }
  await store.close();
  bare.database.close();
  encrypted.database.close();
  return times;
};

const insertAll = ({ database, insert }, from, count, isOne) => {
  const all = () => {
    for (let at = from; at < from + count; at++) insert.run(idOf(at), bareEvent(at));
  };
  if (isOne) database.transaction(all)();
  else all();
};

const bulk = async (folder, log) => {
  const store = await openProduct(folder, 'bulk');
  const [bare, encrypted] = [openBare(folder, false), openBare(folder, true)];
  const series = Array.from({ length: BULK }, (_, at) => itemOf(at));
  const from = processorUs();
  log.product = await timed(() => store.appendAll(Visit, series));
  log.productProcessorUs = (processorUs() - from) / BULK;
  log.bareOneTransaction = await timed(async () => insertAll(bare, 0, BULK, true));
  log.encryptedOneTransaction = await timed(async () => insertAll(encrypted, 0, BULK, true));
  log.bareEach = (await timed(async () => insertAll(bare, BULK, BULK / 10, false))) * 10;
  await store.close();
  bare.database.close();
  encrypted.database.close();
};

/** Opening a log of many events with what is folded from it, with and without kept states, against reading bare rows. */
const opening = async (folder, log) => {
  const store = await openProduct(folder, 'opening');
  for (let from = 0; from < EVENTS; from += BULK) {
    await store.appendAll(
      Visit,
      Array.from({ length: Math.min(BULK, EVENTS - from) }, (_, at) => itemOf(from + at)),
    );
  }
  await store.close();
  const bare = openBare(folder, false);
  insertAll(bare, 0, EVENTS, true);
  bare.database.close();
  const reopen = async () => {
    let again;
    const ms = await timed(async () => {
      again = await openProduct(folder, 'opening');
    });
    if (again.size() !== EVENTS) throw new Error('the log is not whole');
    return { ms, again };
  };
  log.bareRows = await timed(async () => {
    const { database } = openBare(folder, false);
    const rows = database.prepare('SELECT * FROM events ORDER BY at').all();
    for (const { body } of rows) JSON.parse(body);
    database.close();
  });
  const first = await reopen();
  log.withoutStates = first.ms;
  await first.again.compact();
  await first.again.close();
  const second = await reopen();
  log.withStates = second.ms;
  await second.again.close();
  const file = join(folder, 'indelible-opening.db');
  log.bytesPerEvent = existsSync(file) ? statSync(file).size / EVENTS : Number.NaN;
};

const inFolder = async (work) => {
  const folder = mkdtempSync(join(values.folder, 'indelible-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const rounds = [];
for (let at = 0; at < ROUNDS; at++) {
  const log = { bulk: {}, opening: {} };
  log.singles = await inFolder(singles);
  await inFolder((folder) => bulk(folder, log.bulk));
  await inFolder((folder) => opening(folder, log.opening));
  rounds.push(log);
}

const all = (pick) => rounds.flatMap(pick);
const singleRow = (kind) => {
  const times = all((log) => log.singles[kind]);
  return { p50: round(median(times)), p99: round(quantile(times, 0.99)) };
};
const bulkRate = (kind) => round((BULK / median(all((log) => log.bulk[kind]))) * 1_000);
const openMs = (kind) => round(median(all((log) => log.opening[kind])));
const single = { product: singleRow('product'), bare: singleRow('bare'), encrypted: singleRow('encrypted') };
const result = {
  node: process.version,
  cpu: cpus()[0]?.model,
  single: {
    ...single,
    toBare: round(single.product.p50 / single.bare.p50),
    toEncrypted: round(single.product.p50 / single.encrypted.p50),
  },
  bulkPerSecond: {
    product: bulkRate('product'),
    bareOneTransaction: bulkRate('bareOneTransaction'),
    encryptedOneTransaction: bulkRate('encryptedOneTransaction'),
    bareEach: bulkRate('bareEach'),
    productProcessorUsEach: round(median(all((log) => log.bulk.productProcessorUs))),
  },
  openMs: {
    events: EVENTS,
    withoutStates: openMs('withoutStates'),
    withStates: openMs('withStates'),
    bareRows: openMs('bareRows'),
  },
  bytesPerEvent: openMs('bytesPerEvent'),
};

if (values.json) console.log(JSON.stringify(result, null, 2));
else {
  for (const [name, figures] of Object.entries(result)) console.log(name.padEnd(16), JSON.stringify(figures));
}
