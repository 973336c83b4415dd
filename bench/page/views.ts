/** What live queries cost: from durable to shown, with many subscribers, and making the rows of a view anew. */
import {
  type AggregateSnapshot,
  defineView,
  dexieStorage,
  openStore,
  type StorageAdapter,
  type Store,
} from '../../src/index.ts';
import { dropDatabase } from './bare.ts';
import { currentActor, itemFor, ProtectedVisit, series, Visit, type VisitContext } from './event.ts';
import { sendOne } from './product.ts';
import { elapsed } from './turns.ts';

const visitRow = ({ id, value, context, version }: AggregateSnapshot<VisitContext>) => ({
  id: String(id),
  state: String(value),
  recorded: context.recorded,
  version,
});
const indexes = [['id'], ['state', 'recorded']] as const;
export const visits = defineView({ name: 'visits', of: Visit, row: visitRow, indexes });
export const protectedVisits = defineView({ name: 'protected visits', of: ProtectedVisit, row: visitRow, indexes });

/** The storage of a page that tells when an append is durable. */
export const timedStorage = (onDurable: () => void): StorageAdapter => ({
  open: async (...given) => {
    const storage = await dexieStorage().open(...given);
    const append: typeof storage.append = async (request) => {
      const outcome = await storage.append(request);
      onDurable();
      return outcome;
    };
    return { ...storage, append };
  },
});

type Live = {
  readonly name: string;
  readonly aggregates: number;
  readonly subscribers: number;
  readonly count: number;
};

/** Milliseconds from durable to the one subscriber whose row changed, for each append; all others have to stay asleep. */
const liveRows = async ({ name, aggregates, subscribers, count }: Live): Promise<readonly number[]> => {
  let durableAt = 0;
  let shownAt = 0;
  let woken = 0;
  const storage = timedStorage(() => {
    durableAt = performance.now();
  });
  const store: Store = await openStore({
    ...{ name, storage, tenant: 'bench', app: 'bench', actor: currentActor, upkeep: 'manual' },
    ...{ aggregates: [Visit], views: [visits] },
  });
  await store.appendAll(
    Visit,
    series((at) => itemFor(at, at), aggregates),
  );
  for (const { id } of series((at) => itemFor(at, at), subscribers)) {
    store
      .view(visits)
      .where({ id })
      .rows$.subscribe(() => {
        shownAt = performance.now();
        woken += 1;
      });
  }
  const times: number[] = [];
  for (let at = 0; at < count; at++) {
    woken = 0;
    await sendOne(store, itemFor(at % subscribers, at));
    if (woken !== 1) throw new Error(`${woken} subscribers woken instead of 1`);
    times.push(shownAt - durableAt);
  }
  await store.close();
  await dropDatabase(name);
  return times;
};

/** Milliseconds that a view with two indexes adds to opening a store with kept states. */
const rowsAnew = async ({
  name,
  aggregates,
}: Pick<Live, 'name' | 'aggregates'>): Promise<readonly [number, number]> => {
  const open = (views: readonly (typeof visits)[]) =>
    openStore({
      name,
      views,
      tenant: 'bench',
      app: 'bench',
      actor: currentActor,
      upkeep: 'manual',
      aggregates: [Visit],
    });
  const store = await open([]);
  await store.appendAll(
    Visit,
    series((at) => itemFor(at, at), aggregates),
  );
  await store.compact();
  await store.close();
  const took = async (views: readonly (typeof visits)[]): Promise<number> => {
    let opened: Store | undefined;
    const ms = await elapsed(async () => {
      opened = await open(views);
    });
    await opened?.close();
    return ms;
  };
  await took([visits]);
  const times = [await took([]), await took([visits])] as const;
  await dropDatabase(name);
  return times;
};

export const viewCalls = { liveRows, rowsAnew };
