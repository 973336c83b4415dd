/** Appends one at a time, of the product and of bare IndexedDB, taking turns within one page. */
import { addBare, dropDatabase, openBare } from './bare.ts';
import { itemOf, recordOf, series } from './event.ts';

/** Milliseconds that the work takes. */
export const elapsed = async (work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
};

export type Single = {
  readonly name: string;
  readonly count: number;
  readonly warmUp: number;
  readonly block: number;
};

type Product = {
  readonly send: (item: ReturnType<typeof itemOf>) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Appends of both sides, one at a time, in blocks that take turns. */
export const inTurns = async ({ name, count, warmUp, block }: Single, product: Product) => {
  const bare = await openBare(`${name}-bare`);
  const items = series(itemOf, warmUp + count);
  const records = series(recordOf, warmUp + count);
  const others = series(recordOf, warmUp + count, 1_000_000);
  const sides = {
    product: (at: number) => product.send(items[at] ?? itemOf(at)),
    bare: (at: number) => addBare(bare, records.slice(at, at + 1)),
    bareCommit: (at: number) => addBare(bare, others.slice(at, at + 1), 'commit'),
  };
  const times: Record<keyof typeof sides, number[]> = { product: [], bare: [], bareCommit: [] };
  for (let from = 0; from < warmUp + count; from += block) {
    for (const side of ['product', 'bare', 'bareCommit'] as const) {
      for (let at = from; at < from + block; at++) {
        const took = await elapsed(() => sides[side](at));
        if (from >= warmUp) times[side].push(took);
      }
    }
  }
  await product.close();
  bare.close();
  await Promise.all([dropDatabase(name), dropDatabase(`${name}-bare`)]);
  return times;
};
