/** The product through its public API only, with its defaults: IndexedDB, strictly durable, everything that is built on. */
import { openStore, type Store } from '../../src/index.ts';
import { currentActor, itemOf, series, Visit } from './event.ts';

type Item = ReturnType<typeof itemOf>;

/** `manual` where the row is about a log that was not packed, or was packed to order. */
export const openProduct = (
  name: string,
  upkeep: 'automatic' | 'manual' = 'automatic',
  app = 'bench',
): Promise<Store> => openStore({ name, tenant: 'bench', aggregates: [Visit], actor: currentActor, upkeep, app });

/** One durable append. @throws Error if it was not stored */
export const sendOne = async (store: Store, { id, event, options = {} }: Item): Promise<void> => {
  const outcome = await store.aggregate(Visit, id).send(event, options);
  if (outcome.kind !== 'committed') throw new Error(`not committed: ${outcome.kind}`);
};

/** Brings an empty store, or one that holds `from`, to `to` events. */
export const fill = async (store: Store, to: number): Promise<void> => {
  const step = 10_000;
  for (let from = store.size(); from < to; from += step) {
    const outcomes = await store.appendAll(Visit, series(itemOf, Math.min(step, to - from), from));
    if (outcomes.some(({ kind }) => kind !== 'committed')) throw new Error('the store refused an event');
  }
};
