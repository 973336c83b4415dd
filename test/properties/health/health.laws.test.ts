/** Health: each check by itself, within its time, and nothing of any record in what it tells. */
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import type { StorageFacts } from '../../../src/core/ports.ts';
import { position, size } from '../../../src/core/position.ts';
import { type HealthReport, memoryStorage, type StorageAdapter, type Store, StoreError } from '../../../src/index.ts';
import type { EventStorage } from '../../../src/storage/port.ts';
import { HEALTH_TEXT } from '../../../src/store/healthText.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { item, openDevice, Visit } from '../../unit/store/trial.ts';
import { makeBed, online } from '../../unit/sync/bed.ts';

const NAMES = ['chain', 'receipts', 'writability', 'backlog', 'clock', 'space', 'storage', 'connection', 'losses'];
const ROOMY: StorageFacts = {
  estimate: async () => ({ usageBytes: 1_000, quotaBytes: 1_000_000_000 }),
  persisted: async () => true,
  persist: async () => true,
  hasActed: () => true,
};
const HOUR_MS = 3_600_000;

/** A database in memory that says that it is on a disk, and may be made to fail. */
const strict = (
  storage: StorageAdapter,
  change: (opened: EventStorage) => Partial<EventStorage> = () => ({}),
): StorageAdapter => ({
  open: async (name) => {
    const opened = await storage.open(name);
    return { ...opened, durability: 'strict', ...change(opened) };
  },
});

const record = (store: Store, name: string, value = 1) =>
  store.aggregate(Visit, 'v').send(item(name, value), { reason: 'r' });
const codes = (report: HealthReport) => report.checks.flatMap(({ warnings }) => warnings.map(({ code }) => code));
const warnedBy = (report: HealthReport) => report.checks.filter(({ ok }) => !ok).map(({ name }) => name);

it('a sound store has every check well, and says what it measured [HLT-01]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const bed = await makeBed({ server, storage: strict(memoryStorage()), name: 'well', space: ROOMY });
  await bed.record('A', 'B', 'C');
  await online(bed);
  const done: number[] = [];
  const report = await bed.store.health({ onProgress: (progress) => done.push(progress.done) });
  expect(report.checks.map(({ name }) => name)).toEqual(NAMES);
  expect([codes(report), report.ok]).toEqual([[], true]);
  expect(done).toEqual(NAMES.map((_, at) => at + 1));
  const facts = Object.fromEntries(report.checks.map((check) => [check.name, check.facts]));
  expect(facts['chain']).toEqual({ events: 3, commits: 3, replicas: 1 });
  expect(facts['receipts']).toMatchObject({ receipts: 1, sequence: 3, serverSize: 3 });
  expect(facts['writability']).toMatchObject({ durability: 'strict' });
  expect(facts['storage']).toMatchObject({ size: 3, packed: 0, unpacked: 3, ownReplicas: 1 });
  expect(facts['storage']).not.toHaveProperty('layout'); // memory has none
  expect(facts['connection']).toMatchObject({ server: true, state: 'live' });
});

it('the version of the layout is told, of a present database as of one that is rescued [HLT-01]', async () => {
  for (const layout of [1, 7]) {
    const bed = await makeBed({ storage: strict(memoryStorage(), () => ({ layout })), name: 'laid out' });
    const report = await bed.store.health();
    expect(report.checks.find(({ name }) => name === 'storage')?.facts).toMatchObject({ layout });
  }
});

const CALLS = ['read', 'readMarks', 'writeMarks', 'size', 'packedTo', 'readIdentities', 'readFindings'] as const;

it.each(CALLS)(
  'when %s fails, the checks that need it warn with the cause, and all the others are made [HLT-01]',
  async (call) => {
    let isBroken = false;
    const storage = strict(memoryStorage(), (opened) => ({
      [call]: (...words: never[]) => {
        if (isBroken) return Promise.reject(new StoreError('storage.failed'));
        const work: unknown = Reflect.apply(opened[call], opened, words);
        return work;
      },
    }));
    const { store } = await openDevice({ storage, space: ROOMY });
    await record(store, 'A');
    isBroken = true;
    const report = await store.health();
    expect(report.checks.map(({ name }) => name)).toEqual(NAMES);
    expect(report.ok).toBe(false);
    expect(warnedBy(report).length).toBeLessThan(4);
    for (const { warnings } of report.checks)
      for (const { code, details } of warnings) {
        expect(['health.check-failed', 'health.not-writable']).toContain(code);
        expect(details).toEqual({ cause: 'storage.failed' });
      }
  },
);

it('a check that does not end is left in time, and the others are made [HLT-01]', async () => {
  let hangs = false;
  const storage = strict(memoryStorage(), (opened) => ({
    read: (...words) => (hangs ? new Promise(() => undefined) : opened.read(...words)),
  }));
  const { store, time } = await openDevice({ storage, space: ROOMY });
  await record(store, 'A');
  hangs = true;
  const asked = store.health({ checkMs: 500 });
  for (let turn = 0; turn < 400; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    time.advance(50);
  }
  const report = await asked;
  expect(codes(report)).toEqual(['health.check-slow']);
  expect(warnedBy(report)).toEqual(['chain']);
});

it('a write that is not there when it is read back is told [HLT-01]', async () => {
  const storage = strict(memoryStorage(), (opened) => ({
    writeMarks: (marks) => ('probe' in marks ? Promise.resolve() : opened.writeMarks(marks)),
  }));
  const { store } = await openDevice({ storage, space: ROOMY });
  expect(codes(await store.health())).toEqual(['health.not-writable']);
});

it('a chain with a gap or a foreign link is told with its place [HLT-01, VER-02]', async () => {
  const source = memoryStorage();
  const { store } = await openDevice({ storage: source, name: 'whole' });
  for (const name of ['A', 'B', 'C']) await record(store, name);
  const holed = memoryStorage();
  const [from, to] = [await source.open('whole'), await holed.open('whole')];
  const identity = await from.readIdentity();
  if (identity !== undefined) await to.keepIdentity(identity);
  for (const at of [0, 2]) {
    const [row] = await from.readAt([position(at)]);
    await to.append({ expectedSize: size(at === 0 ? 0 : 1), commits: row?.commits ?? [], marks: {} });
  }
  const opened = await openDevice({ storage: strict(holed), name: 'whole', space: ROOMY });
  const report = await opened.store.health();
  const [warning] = report.checks.flatMap(({ warnings }) => warnings);
  expect(warning).toMatchObject({ code: 'health.chain-broken', details: { replica: store.replica, sequence: 2 } });
});

it('clocks that step back or differ from the server are told [HLT-01]', async () => {
  let shiftMs = 0;
  const server = await simulatedServer({ tenant: 'acme-042' });
  const { store, time } = await openDevice({ storage: strict(memoryStorage()), space: ROOMY });
  const clocked = await openDevice({
    storage: strict(memoryStorage()),
    space: ROOMY,
    clock: { ...time.clock, nowMs: () => time.clock.nowMs() + shiftMs },
    scheduler: time.scheduler,
  });
  await store.close();
  shiftMs = -10_000;
  const report = await clocked.store.health();
  expect(codes(report)).toEqual(['health.clock-stepped']);
  shiftMs = 0;
  const bed = await makeBed({ server, storage: strict(memoryStorage()), space: ROOMY });
  bed.time.advance(400 * 24 * HOUR_MS);
  await bed.record('A');
  await online(bed);
  expect(codes(await bed.store.health())).toContain('health.clock-differs');
});

it('a backlog that grows, or that waits too long, is told [HLT-01]', async () => {
  const { store, time } = await openDevice({ storage: strict(memoryStorage()), space: ROOMY });
  await record(store, 'A');
  await store.health(); // takes a sample
  time.advance(2 * HOUR_MS);
  await record(store, 'B');
  expect(codes(await store.health())).toEqual(['health.backlog-growing']);
  time.advance(8 * 24 * HOUR_MS);
  expect(codes(await store.health())).toContain('health.backlog-old');
});

it('room that runs out, data that may be cleared, and a relaxed disk are told [HLT-01, REC-17]', async () => {
  const tight: StorageFacts = {
    ...ROOMY,
    estimate: async () => ({ usageBytes: 950, quotaBytes: 1_000 }),
    persisted: async () => false,
  };
  const { store } = await openDevice({ space: tight });
  expect(codes(await store.health())).toEqual(['health.not-durable', 'health.not-persisted', 'health.space-low']);
  for (const text of Object.values(HEALTH_TEXT))
    expect([text.means, text.action].every((each) => each.length > 20)).toBe(true);
});

it('nothing that is recorded shows up in anything that health tells [HLT-02]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const SECRET = 73_190_264.125;
  const known = {
    read: async () =>
      JSON.stringify({
        ...{ format: 1, replica: '0'.repeat(32), size: 9, sequence: 9, link: 'ab'.repeat(32), receipt: null },
        ...{ receiptSequence: 4, createdAt: '2026-01-05T08:00:00.000Z', seenAt: '2026-01-05T08:00:00.000Z' },
      }),
    write: async () => undefined,
  };
  const bed = await makeBed({ server, storage: memoryStorage(), name: 'secret', known });
  const visit = bed.store.aggregate(Visit, 'SUBJECT-marker-17');
  await visit.send(item('ITEM-marker', SECRET), {
    reason: 'REASON-marker',
    originator: { kind: 'participant', id: 'PERSON-marker' },
  });
  await online(bed);
  const told = JSON.stringify([
    await bed.store.health(),
    await firstValueFrom(bed.store.health$),
    await bed.store.findings(),
  ]);
  for (const value of [String(SECRET), '73190264', 'marker', 'nurse-1', 'visit'])
    expect(told.includes(value), value).toBe(false);
});
