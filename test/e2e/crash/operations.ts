/** What goes on in the page when the browser is killed: each operation runs until then. */

import { dexieStorage, type Store } from '../../../src/index.ts';
import type { CommitBytes, EventStorage } from '../../../src/storage/port.ts';
import { directoryOf } from '../../../src/streams/packedKeys.ts';
import { makeWriter } from '../../../src/testing/conformance/writer.ts';
import { simulatedNetwork } from '../../../src/testing/network.ts';
import { makeFirstLayout, upgradeAndPack } from '../../archives/page.ts';
import { openNotes } from './inspect.ts';
import type { Operation, Task } from './messages.ts';
import { Note, noteOf } from './note.ts';

/** Events of one append of several records. */
export const BATCH = 8;
const CALLERS = 100;
const BULK = 400;
const SNAPSHOT_BYTES = 300_000;

export type Ears = {
  /** The operation begins: from here on the page may be killed. */
  readonly begun: () => void;
  /** Tells of events that are durable. */
  readonly told: (tags: readonly string[]) => void;
  /** Counts the page's steps from here on. */
  readonly arm: () => void;
};

type Work = (task: Task, ears: Ears) => Promise<void>;

const onStore =
  (work: (store: Store, task: Task, ears: Ears) => Promise<void>): Work =>
  async (task, ears) => {
    const store = await openNotes(task.use);
    ears.begun();
    await work(store, task, ears);
  };

const send = async (
  store: Store,
  id: string,
  { tag, textLength }: { tag: string; textLength?: number },
  ears: Ears,
) => {
  const outcome = await store.aggregate(Note, id).send(noteOf(id, tag, textLength).event);
  if (outcome.kind === 'committed') ears.told([tag]);
};

const one: Work = onStore(async (store, { run }, ears) => {
  ears.arm();
  for (let at = 0; ; at++) await send(store, `subject-${at % 7}`, { tag: `${run}.${at}` }, ears);
});

const hundred: Work = onStore(async (store, { run }, ears) => {
  ears.arm();
  for (let round = 0; ; round++) {
    const callers = Array.from({ length: CALLERS }, (_, at) =>
      send(store, `subject-${at}`, { tag: `${run}.${round}.${at}` }, ears),
    );
    await Promise.all(callers);
  }
});

const bulk: Work = onStore(async (store, { run }, ears) => {
  ears.arm();
  for (let round = 0; ; round++) {
    const tags = Array.from({ length: BULK }, (_, at) => `${run}.${round}.${at}`);
    await store.appendAll(
      Note,
      tags.map((tag, at) => noteOf(`subject-${at % 40}`, tag, 150)),
    );
    ears.told(tags);
  }
});

/** One transaction with three records and a mark, below the store. */
const records: Work = async ({ use }, ears) => {
  const [storage, writer] = [await dexieStorage().open(use), await makeWriter()];
  ears.begun();
  ears.arm();
  for (let expectedSize = await storage.size(); ; ) {
    const commits: CommitBytes[] = [];
    for (let at = 0; at < BATCH; at++) commits.push(await writer.seal(1, 20_000));
    const outcome = await storage.append({ expectedSize, commits, marks: { cursor: expectedSize + BATCH } });
    if (outcome.kind === 'conflict') throw new Error('nobody else appends');
    expectedSize = outcome.size;
    ears.told([`to ${outcome.size}`]);
  }
};

const transport = () =>
  simulatedNetwork({
    answer: async (request) => {
      const response = await fetch('/sync', { method: 'POST', body: JSON.stringify(request) });
      return response.text();
    },
  });

/** Takes in what another device records, while this one records and sends as well. */
const ingest: Work = onStore(async (store, { run, use }, ears) => {
  const sync = store.sync({ url: '', transport: transport(), network: 'online', intervalMs: 3_600_000 });
  store.committed$.subscribe(({ events }) => {
    const foreign = events.filter(({ context }) => context.replica !== store.replica);
    if (foreign.length > 0) ears.told(foreign.map(({ body }) => String(body.payload['tag'])));
  });
  ears.arm();
  for (let at = 0; ; at++) {
    await send(store, `${use}-${at % 5}`, { tag: `${run}.${at}` }, ears);
    await fetch('/more', { method: 'POST' });
    await sync.now();
  }
});

const packAll = async (storage: EventStorage): Promise<void> => {
  for (let segments = 1; segments > 0; ) ({ segments } = await storage.pack({ bytesMax: 1, keysOf: directoryOf() }));
};

/** Appends and packs by turns, and once in a while at the same time. */
const packing: Work = onStore(async (store, { run, use }, ears) => {
  const storage = await dexieStorage().open(use);
  for (let round = 0; ; round++) {
    const fill = async () => {
      for (let at = 0; at < 24; at++)
        await send(store, `subject-${at % 9}`, { tag: `${run}.${round}.${at}`, textLength: 6_000 }, ears);
    };
    const filled = fill();
    if (round % 3 !== 2) await filled;
    ears.arm();
    await packAll(storage);
    await filled;
  }
});

/** Keeps states, and a snapshot that shows whether it is whole. */
const snapshots: Work = onStore(async (store, { run, use }, ears) => {
  const storage = await dexieStorage().open(use);
  for (let round = 0; ; round++) {
    const tags = Array.from({ length: 60 }, (_, at) => `${run}.${round}.${at}`);
    await store.appendAll(
      Note,
      tags.map((tag, at) => noteOf(`subject-${at}`, tag, 60)),
    );
    ears.told(tags);
    ears.arm();
    await store.compact();
    await storage.writeSnapshot('probe', new Uint8Array(SNAPSHOT_BYTES).fill(round & 0xff));
  }
});

/** From the first layout to the present one, and all of it packed. Done once: whoever is not killed meanwhile waits. */
const upgrade: Work = async ({ use }, ears) => {
  await makeFirstLayout(use);
  ears.told(['the first layout']);
  ears.begun();
  ears.arm();
  await upgradeAndPack(use, () => {});
};

export const WORK: Readonly<Record<Operation, Work>> = {
  'appends one at a time': one,
  'appends of 100 callers': hundred,
  'bulk appends': bulk,
  'appends of several records': records,
  ingest,
  packing,
  snapshots,
  upgrade,
};
