/** The product, with its defaults. */
import { AGGREGATES, itemOf, Visit } from '../../page/event.ts';
import { openProduct } from '../../page/product.ts';
import { offer } from './harness.mjs';

/** The harness speaks of records; the product makes its own of the same payload. */
const itemFor = ({ seq }) => itemOf(seq - 1);

offer(async (name) => {
  const store = await openProduct(name);
  return {
    append: async (records) => {
      const [first] = records;
      const outcomes =
        records.length === 1
          ? [await store.aggregate(Visit, first.agg).send(itemFor(first).event, itemFor(first).options)]
          : await store.appendAll(Visit, records.map(itemFor));
      const refused = outcomes.find(({ kind }) => kind !== 'committed');
      if (refused) throw new Error(`not committed: ${refused.kind}`);
    },
    states: async (fold) => {
      for (let at = 0; at < AGGREGATES; at++) {
        const { id } = itemOf(at);
        const { version } = store.aggregate(Visit, id).state();
        fold(id, undefined, undefined, version);
      }
    },
    follow: (agg, callback) => {
      const subscription = store.aggregate(Visit, agg).state$.subscribe(({ version }) => callback(version));
      return () => subscription.unsubscribe();
    },
    close: () => store.close(),
  };
});
