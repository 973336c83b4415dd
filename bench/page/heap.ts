/** A store that stays open, with the states of all aggregates read, so that its memory can be weighed from outside. */
import type { Store } from '../../src/index.ts';
import { openProduct } from './product.ts';
import { statesOf } from './scale.ts';

const held: Store[] = [];

/** `app`: another than the states were kept under has everything folded anew. */
const hold = async ({ name, count, app }: { name: string; count: number; app?: string }): Promise<void> => {
  const store = await openProduct(name, 'manual', app);
  if (statesOf(store) > count || store.size() !== count) throw new Error(`${store.size()} events instead of ${count}`);
  held.push(store);
};

export const heapCalls = { hold };
