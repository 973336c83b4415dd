/** A device without any room left: reading, sending and exporting go on, and nothing is reported that is not so. */
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { memoryStorage, type StorageAdapter, StoreError } from '../../../src/index.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { verifyBundle } from '../../../src/verify/index.ts';
import { item, outcomeOf, Visit } from '../store/trial.ts';
import { makeBed, online } from './bed.ts';

/** A database whose every write is refused while it is full. */
const fillable = () => {
  const storage = memoryStorage();
  let isFull = false;
  const room = async () => {
    if (isFull) throw new StoreError('storage.quota-exceeded');
  };
  const adapter: StorageAdapter = {
    open: async (name) => {
      const opened = await storage.open(name);
      return {
        ...opened,
        append: async (request) => room().then(() => opened.append(request)),
        writeMarks: async (marks) => room().then(() => opened.writeMarks(marks)),
        keepFinding: async (finding, evidence) => room().then(() => opened.keepFinding(finding, evidence)),
        writeSnapshot: async (name, bytes) => room().then(() => opened.writeSnapshot(name, bytes)),
        keepIdentity: async (identity, instead) => room().then(() => opened.keepIdentity(identity, instead)),
        pack: async (request) => room().then(() => opened.pack(request)),
      };
    },
  };
  return {
    adapter,
    fill: (full: boolean) => {
      isFull = full;
    },
  };
};

it('a full device refuses an append whole, and goes on reading, sending and exporting [SYN-10, REC-08]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const disk = fillable();
  const bed = await makeBed({ server, storage: disk.adapter, name: 'full' });
  await bed.record('A', 'B', 'C');
  disk.fill(true);
  expect(await outcomeOf(bed.store.aggregate(Visit, 'v').send(item('D', 1)))).toBe('storage.quota-exceeded');
  expect(bed.store.aggregate(Visit, 'v').state().context.items).toEqual({ A: 1, B: 1, C: 1 });
  expect(await online(bed)).toMatchObject({ pending: 0, receipt: { sequence: 3 }, lastError: undefined });
  expect(server.size()).toBe(3);
  expect((await bed.store.verify()).ok).toBe(true);
  const bytes = new Uint8Array(await (await bed.store.export()).arrayBuffer());
  const pieces = async function* () {
    yield bytes;
  };
  const report = await verifyBundle(pieces(), {});
  expect([report.ok, report.counts.events]).toEqual([true, 3]);
});

it('what others wrote waits for room, tells its code, and does not keep back what was recorded here [SYN-10]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const disk = fillable();
  const [bed, other] = [await makeBed({ server, storage: disk.adapter, name: 'full' }), await makeBed({ server })];
  await bed.record('A');
  await online(bed);
  bed.sync.setOnline(false);
  await bed.record('B', 'C');
  await other.record('X');
  await online(other);
  disk.fill(true);
  expect(await online(bed)).toMatchObject({ state: 'waiting', pending: 0, lastError: 'storage.quota-exceeded' });
  expect(server.size()).toBe(4);
  expect(bed.store.size()).toBe(3);
  for (let round = 0; round < 3; round++) expect((await bed.sync.now()).pending).toBe(0);
  disk.fill(false);
  expect(await bed.sync.now()).toMatchObject({ state: 'live', lastError: undefined });
  expect(bed.store.aggregate(Visit, 'v').state().context.items).toEqual({ A: 1, B: 1, C: 1, X: 1 });
  expect(await bed.store.findings()).toEqual([]);
});

it('a receipt that there was no room to keep is asked for again after a restart, and nothing is sent twice for it [SYN-10, SYN-02]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const disk = fillable();
  const bed = await makeBed({ server, storage: disk.adapter, name: 'full' });
  await bed.record('A', 'B');
  disk.fill(true);
  await online(bed);
  expect(bed.sync.status().pending).toBe(0);
  await bed.store.close();
  const again = await makeBed({ server, storage: disk.adapter, name: 'full' });
  expect(again.sync.status().pending).toBe(2); // nothing is claimed that is not kept
  expect(await online(again)).toMatchObject({ state: 'live', pending: 0 });
  expect([server.size(), again.messages.filter((kind) => kind === 'push').length]).toEqual([2, 0]);
});

it('evidence that there is no room for is told all the same, and kept when there is [SYN-10, SYN-03]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const disk = fillable();
  const bed = await makeBed({ server, storage: disk.adapter, name: 'full' });
  await bed.record('A');
  await online(bed);
  await server.renewKey();
  disk.fill(true);
  bed.sync.setOnline(false);
  expect(await online(bed)).toMatchObject({ state: 'quarantined', lastError: 'server.key-changed' });
  expect((await bed.store.findings()).map(({ code }) => code)).toEqual(['server.key-changed']);
  expect((await firstValueFrom(bed.store.health$)).findings).toBeLessThanOrEqual(1);
  disk.fill(false);
  await bed.sync.now();
  await bed.store.close();
  const again = await makeBed({ server, storage: disk.adapter, name: 'full' });
  expect((await again.store.findings()).map(({ code }) => code)).toContain('server.key-changed');
});

it('a record over a limit is refused with its size and the limit, whatever of it is too large [FMT-13, REC-01]', async () => {
  const { store } = await makeBed();
  const visit = store.aggregate(Visit, 'v');
  const tooLong = await visit.send(item('A', 1), { reason: 'x'.repeat(2_001) }).catch((error: unknown) => error);
  expect(tooLong).toMatchObject({
    code: 'append.too-large',
    details: { what: 'reason', length: 2_001, lengthMax: 2_000 },
  });
  const items = Array.from({ length: 300 }, (_, at) => ({
    id: 'v',
    event: item(`i${at}`, at),
    options: { reason: 'r' },
  }));
  expect(await store.appendAll(Visit, items)).toHaveLength(300); // cut into commits, each within its limit
  expect(store.size()).toBe(300);
});
