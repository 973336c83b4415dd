/** What another tab takes to show what is recorded here: two pages of one browser, with messages between them as the clock. */
import { openStore, type StorageAdapter, type Store } from '../../src/index.ts';
import { currentActor, itemFor, series, Visit } from './event.ts';
import { sendOne } from './product.ts';
import { timedStorage, visits } from './views.ts';

type Sized = { readonly name: string; readonly aggregates: number };
type Told = { readonly kind: 'there?' | 'here' | 'shown' | 'end'; readonly woken?: number };

const open = (name: string, storage?: StorageAdapter): Promise<Store> =>
  openStore({
    ...{
      name,
      tenant: 'bench',
      app: 'bench',
      actor: currentActor,
      upkeep: 'manual',
      aggregates: [Visit],
      views: [visits],
    },
    ...(storage === undefined ? {} : { storage }),
  });

const lineOf = (name: string) => {
  const line = new BroadcastChannel(`elsewhere-${name}`);
  const tell = (told: Told): void => line.postMessage(told);
  const hear = (heard: (told: Told) => void): void => {
    line.onmessage = ({ data }: MessageEvent<Told>) => heard(data);
  };
  return { tell, hear, close: () => line.close() };
};

const seedRows = async ({ name, aggregates }: Sized): Promise<void> => {
  const store = await open(name);
  await store.appendAll(
    Visit,
    series((at) => itemFor(at, at), aggregates),
  );
  await store.compact();
  await store.close();
};

/** The other tab: follows rows and tells whenever one of its subscribers was called, until it is told to end. */
const followRows = async ({ name, subscribers }: Sized & { readonly subscribers: number }): Promise<void> => {
  const store = await open(name);
  const line = lineOf(name);
  let isReady = false;
  let woken = 0;
  for (const { id } of series((at) => itemFor(at, at), subscribers)) {
    store
      .view(visits)
      .where({ id })
      .rows$.subscribe(() => {
        woken += 1;
        if (isReady) line.tell({ kind: 'shown', woken });
      });
  }
  isReady = true;
  woken = 0;
  await new Promise<void>((resolve) =>
    line.hear(({ kind }) => {
      if (kind === 'there?') line.tell({ kind: 'here' });
      if (kind === 'end') resolve();
    }),
  );
  line.close();
  await store.close();
};

const RETRY_MS = 50;

/** This tab: milliseconds from durable here to told by the other one, less a message's way; and that way, for each append. */
const recordForOthers = async (
  asked: Sized & { readonly subscribers: number; readonly count: number },
): Promise<{ readonly shown: readonly number[]; readonly hop: readonly number[] }> => {
  let durableAt = 0;
  const storage = timedStorage(() => {
    durableAt = performance.now();
  });
  const store = await open(asked.name, storage);
  const line = lineOf(asked.name);
  const heard = (kind: Told['kind'], expected?: number): Promise<number> =>
    new Promise((resolve, reject) => {
      line.hear((told) => {
        if (told.kind !== kind) return;
        if (expected === undefined || told.woken === expected) resolve(performance.now());
        else reject(new Error(`${told.woken} calls instead of ${expected}`));
      });
    });
  const isThere = heard('here');
  const asking = setInterval(() => line.tell({ kind: 'there?' }), RETRY_MS);
  await isThere;
  clearInterval(asking);
  const shown: number[] = [];
  const hop: number[] = [];
  for (let at = 0; at < asked.count; at++) {
    const startedAt = performance.now();
    const answered = heard('here');
    line.tell({ kind: 'there?' });
    const way = ((await answered) - startedAt) / 2;
    const isShown = heard('shown', at + 1);
    await sendOne(store, itemFor(at % asked.subscribers, at));
    hop.push(way);
    shown.push((await isShown) - durableAt - way);
  }
  line.tell({ kind: 'end' });
  line.close();
  await store.close();
  return { shown, hop };
};

export const elsewhereCalls = { seedRows, followRows, recordForOthers };
