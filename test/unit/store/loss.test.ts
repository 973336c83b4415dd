/** A database that was known and comes up without what it held: said, never shown as a new start. */
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import type { KnownMarker } from '../../../src/core/ports.ts';
import { position } from '../../../src/core/position.ts';
import {
  type HealthState,
  memoryStorage,
  Replica,
  rememberedStore,
  type StorageAdapter,
  type Store,
  StoreError,
} from '../../../src/index.ts';
import type { EventStorage } from '../../../src/storage/port.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { makeBed, online } from '../sync/bed.ts';
import { item, openDevice, Visit } from './trial.ts';

const NAME = 'trial-042';

const memoryMarker = (): KnownMarker & { readonly text: () => string | undefined } => {
  let text: string | undefined;
  return {
    text: () => text,
    read: async () => text,
    write: async (next) => {
      text = next;
    },
  };
};

const health = (store: Store): Promise<HealthState> => firstValueFrom(store.health$);
const items = (store: Store) => store.aggregate(Visit, 'v').state().context.items;

const record = async (store: Store, ...names: readonly string[]) => {
  for (const name of names) await store.aggregate(Visit, 'v').send(item(name, 1), { reason: 'r' });
};

/** The first `commits` commits of a database, as an older copy of it would be. */
const shortened = async (storage: StorageAdapter, commits: number): Promise<StorageAdapter> => {
  const copy = memoryStorage();
  const [from, to] = [await storage.open(NAME), await copy.open(NAME)];
  const identity = await from.readIdentity();
  if (identity !== undefined) await to.keepIdentity(identity);
  const records = await from.read(position(0), Number.MAX_SAFE_INTEGER);
  for (const { commits: some } of records.slice(0, commits))
    await to.append({ expectedSize: await to.size(), commits: some, marks: {} });
  await to.writeMarks(await from.readMarks());
  return copy;
};

/** Opens, syncs and records some more; gives what is left of it: the marker and the server. */
const lived = async () => {
  const [known, server, storage] = [memoryMarker(), await simulatedServer({ tenant: 'acme-042' }), memoryStorage()];
  const bed = await makeBed({ known, server, storage, name: NAME });
  await bed.record('A', 'B', 'C');
  await online(bed);
  bed.sync.setOnline(false);
  await bed.record('D', 'E');
  await bed.store.close();
  return { known, server, storage, replica: bed.store.replica };
};

it('the marker names neither tenant nor server nor person nor server time, and an older one that did is written anew [RST-08]', async () => {
  const { known, server, storage } = await lived();
  const text = known.text() ?? '';
  const said = JSON.parse(text);
  expect(said).toMatchObject({
    format: 2,
    size: 5,
    receiptSequence: 3,
    receipt: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  for (const word of ['acme', 'server', 'nurse', 'indelible', 'visit', '2026-01-05T09'])
    expect(text).not.toContain(word);
  const note = 'indelible-receipt/v1\nacme-042\n';
  await known.write(JSON.stringify({ ...said, format: 1, receipt: note }));
  const bed = await makeBed({ known, server, storage, name: NAME });
  expect((await health(bed.store)).losses).toEqual([]);
  expect(known.text()).toBe(text);
  await bed.store.close();

  await known.write(JSON.stringify({ ...said, format: 1, receipt: note }));
  const anew = await makeBed({ known, server, name: NAME });
  expect((await health(anew.store)).losses).toMatchObject([{ reason: 'lost', size: 5, receiptSequence: 3 }]);
  expect(known.text()).not.toContain('acme');
  await anew.store.close();
});

it('what is remembered of a store is told without opening it, and nothing where nothing was recorded [REC-10]', async () => {
  const { known, replica } = await lived();
  expect(await rememberedStore(NAME, known)).toMatchObject({ replica, size: 5, sequence: 5, receiptSequence: 3 });
  expect(await rememberedStore(NAME, memoryMarker())).toBeUndefined();
  await known.write('{"format":2}');
  expect(await rememberedStore(NAME, known)).toBeUndefined();
});

it('a database that is gone is told as lost, with the last that was known and what the server had confirmed [REC-10]', async () => {
  const { known, server, replica } = await lived();
  const bed = await makeBed({ known, server, name: NAME });
  const { losses, findings } = await health(bed.store);
  expect(losses).toMatchObject([
    { replica, reason: 'lost', size: 5, sequence: 5, receiptSequence: 3, held: 0, unconfirmed: 2, heldHereOnly: 0 },
  ]);
  expect(losses[0]?.link).toMatch(/^[0-9a-f]{64}$/);
  expect(findings).toBe(1);
  const [finding] = await bed.store.findings();
  expect(finding).toMatchObject({ code: 'storage.lost', replica, sequence: 5, what: 'lost' });
  expect(bed.store.replica).not.toBe(replica);
  expect(bed.store.aggregate(Replica, replica).state()).toMatchObject({ value: 'closed', context: { reason: 'lost' } });
});

it('after a loss the sync brings back all that the server holds, the old replica’s own events too, and sends the closing [REC-10, SYN-09]', async () => {
  const { known, server, replica } = await lived();
  const bed = await makeBed({ known, server, name: NAME });
  expect(await online(bed)).toMatchObject({ state: 'live', pending: 0 });
  expect(items(bed.store)).toEqual({ A: 1, B: 1, C: 1 });
  const { losses } = await health(bed.store);
  expect(losses).toMatchObject([{ replica, held: 3, unconfirmed: 2 }]);
  const other = await makeBed({ server });
  await online(other);
  expect(other.store.aggregate(Replica, replica).state().value).toBe('closed');
  const history = await other.store.aggregate(Replica, replica).history();
  expect(history).toMatchObject([{ type: 'ReplicaClosed', actor: { user: 'indelible', role: 'store' } }]);
  expect((await bed.store.verify()).ok).toBe(true);
});

it('a loss is told again after a restart, and recorded once [REC-10]', async () => {
  const { known, server, replica } = await lived();
  const storage = memoryStorage();
  for (let start = 0; start < 3; start++) {
    const { store } = await openDevice({ known, storage, name: NAME });
    expect((await health(store)).losses).toMatchObject([{ replica, reason: 'lost' }]);
    expect([store.size(), (await store.findings()).length]).toEqual([1, 1]);
    await store.close();
  }
  expect(server.size()).toBe(3);
});

it('a database that comes up shorter is told as such, keeps what it has, and nothing is sealed under its old name [REC-10]', async () => {
  const { known, server, storage, replica } = await lived();
  for (const commits of [1, 3, 4]) {
    const marker = memoryMarker();
    await marker.write(known.text() ?? '');
    const bed = await makeBed({ known: marker, server, storage: await shortened(storage, commits), name: NAME });
    expect((await health(bed.store)).losses).toMatchObject([
      { replica, reason: 'shorter', sequence: 5, held: commits, unconfirmed: Math.min(2, 5 - commits) },
    ]);
    await record(bed.store, 'Z');
    expect(await online(bed)).toMatchObject({ state: 'live', pending: 0 });
    expect(items(bed.store)).toMatchObject({ A: 1, B: 1, C: 1, Z: 1 });
    expect(bed.store.replica).not.toBe(replica);
    await bed.store.close();
  }
});

it('a marker follows the first event of a database at once, and later ones within a second [REC-10]', async () => {
  const known = memoryMarker();
  const { store, time } = await openDevice({ known, storage: memoryStorage(), name: NAME });
  const sizeAfter = async (ms: number): Promise<unknown> => {
    time.advance(ms);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    return JSON.parse(known.text() ?? '{}').size;
  };
  await record(store, 'A');
  expect(await sizeAfter(0)).toBe(1);
  await record(store, 'B');
  expect([await sizeAfter(0), await sizeAfter(1_000)]).toEqual([1, 2]);
  await store.close();
});

it('what a platform says of a database that it threw away is kept as a finding, with a marker and without [REC-10]', async () => {
  for (const marker of [memoryMarker(), (await lived()).known]) {
    const storage = memoryStorage();
    const thrownAway: StorageAdapter = {
      open: async (name) => ({ ...(await storage.open(name)), discarded: 'checksum mismatch' }),
    };
    const { store } = await openDevice({ known: marker, storage: thrownAway, name: NAME });
    expect((await store.findings()).map(({ code, what }) => [code, what])).toContainEqual([
      'storage.lost',
      'discarded',
    ]);
    expect((await health(store)).losses).toHaveLength(marker.text() === undefined ? 0 : 1);
    await store.close();
  }
});

it('nothing is told as lost that is there: a marker that lags, another tab that is faster, an empty start [REC-10]', async () => {
  const [known, storage] = [memoryMarker(), memoryStorage()];
  const first = await openDevice({ known, storage, name: NAME });
  await record(first.store, 'A');
  first.time.advance(1_000);
  await Promise.resolve();
  const early = known.text();
  const second = await openDevice({ known, storage, name: NAME });
  await record(first.store, 'B', 'C');
  await record(second.store, 'D');
  await first.store.close();
  await second.store.close();
  if (early !== undefined) await known.write(early);
  for (const marker of [known, memoryMarker()]) {
    const { store } = await openDevice({ known: marker, storage, name: NAME });
    expect((await health(store)).losses).toEqual([]);
    expect(store.size()).toBe(4);
    await store.close();
  }
  for (const text of ['', '{}', 'null', '{"format":9}', 'x'.repeat(5_000)]) {
    await known.write(text);
    const { store } = await openDevice({ known, storage: memoryStorage(), name: NAME });
    expect(store.size()).toBe(0);
    await store.close();
  }
});

it('a copy that is put back a second time does not go on under the name that it had closed [REC-10, REC-16]', async () => {
  const { known, server, storage, replica } = await lived();
  const writers = new Set<string>([replica]);
  for (const value of ['Y', 'Z']) {
    const bed = await makeBed({ known, server, storage: await shortened(storage, 1), name: NAME });
    expect((await health(bed.store)).losses.length).toBeGreaterThan(0);
    await record(bed.store, value);
    expect(writers.has(bed.store.replica)).toBe(false);
    writers.add(bed.store.replica);
    expect(await online(bed)).toMatchObject({ state: 'live', pending: 0 });
    expect(items(bed.store)).toMatchObject({ A: 1, B: 1, C: 1, [value]: 1 });
    expect((await bed.store.verify()).findings).toEqual([]);
    await bed.store.close();
  }
});

it('a marker that cannot be read or written costs nothing but the warning [REC-10, HLT-01]', async () => {
  const broken: KnownMarker = {
    read: async () => Promise.reject(new Error('denied')),
    write: async () => Promise.reject(new Error('denied')),
  };
  const { store } = await openDevice({ known: broken });
  await record(store, 'A');
  await store.close();
  const again = await openDevice({ known: broken });
  await record(again.store, 'A');
  await Promise.resolve();
  const report = await again.store.health();
  expect(report.checks.find(({ name }) => name === 'storage')?.ok).toBe(true);
});

type Step = keyof EventStorage;
const STEPS: readonly Step[] = ['writeMarks', 'keepIdentity', 'append', 'keepFinding'];

/** Fails the n-th call of one kind. */
const failingAt = (storage: StorageAdapter, step: Step, at: number): StorageAdapter => ({
  open: async (name) => {
    const opened = await storage.open(name);
    let calls = 0;
    const fail = () => {
      calls += 1;
      if (calls === at) throw new StoreError('storage.quota-exceeded');
    };
    return {
      ...opened,
      writeMarks: async (marks) => {
        if (step === 'writeMarks') fail();
        return opened.writeMarks(marks);
      },
      keepIdentity: async (identity, instead) => {
        if (step === 'keepIdentity') fail();
        return opened.keepIdentity(identity, instead);
      },
      append: async (request) => {
        if (step === 'append') fail();
        return opened.append(request);
      },
      keepFinding: async (finding, evidence) => {
        if (step === 'keepFinding') fail();
        return opened.keepFinding(finding, evidence);
      },
    };
  },
});

it('whatever step of a succession finds no room, nothing is sealed under the old name, and the next start takes it up [REC-10, REC-09]', async () => {
  const { known, storage, replica } = await lived();
  for (const step of STEPS) {
    for (const at of [1, 2]) {
      const marker = memoryMarker();
      await marker.write(known.text() ?? '');
      const short = await shortened(storage, 2);
      const first = await openDevice({ known: marker, storage: failingAt(short, step, at), name: NAME });
      expect((await health(first.store)).losses, `${step} ${at}`).toMatchObject([{ replica, reason: 'shorter' }]);
      await record(first.store, 'Y').catch(() => undefined);
      await first.store.close();
      const { store } = await openDevice({ known: marker, storage: short, name: NAME });
      expect(store.replica).not.toBe(replica);
      expect((await health(store)).losses).toMatchObject([{ replica, reason: 'shorter', held: 2 }]);
      expect(store.aggregate(Replica, replica).state().value).toBe('closed');
      expect((await store.verify()).ok).toBe(true);
      await store.close();
    }
  }
});

it('a closing that an engine did not store is written again, and is there when the store opens next [REC-16, REC-18]', async () => {
  const { known, replica } = await lived();
  const storage = memoryStorage();
  let swallowed = 0;
  const lying: StorageAdapter = {
    open: async (name) => {
      const opened = await storage.open(name);
      const writeMarks: EventStorage['writeMarks'] = async (marks) => {
        if ('closed' in marks && swallowed === 0) swallowed += 1;
        else await opened.writeMarks(marks);
      };
      return { ...opened, writeMarks };
    },
  };
  const first = await openDevice({ storage: lying, known, name: NAME });
  expect((await health(first.store)).losses).toMatchObject([{ replica, reason: 'lost' }]);
  await first.store.close();
  expect(swallowed).toBe(1);
  const again = await openDevice({ storage, name: NAME });
  expect((await health(again.store)).losses).toMatchObject([{ replica, reason: 'lost' }]);
  await again.store.close();
});
