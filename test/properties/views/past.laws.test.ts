/** Laws of what was: as of any moment a view, a rollup and an aggregate show what they showed then. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defineRollup, memoryStorage, type StorageAdapter, type Store } from '../../../src/index.ts';
import { casebook, item, LOCK, openDevice, outcomeOf, Visit } from '../../unit/store/trial.ts';

const byState = defineRollup({
  name: 'by state',
  of: casebook,
  groupBy: ['state'],
  measures: { visits: { count: {} }, sum: { sum: 'sum' } },
});
const views = [casebook, byState];

/** Three questions: rows in an order, groups, and rows with the group of their state. */
const asked = (store: Store) => [
  store
    .view(casebook)
    .where({ sum: { gt: 1 } })
    .orderBy('sum'),
  store.view(byState),
  store.view(casebook).join(byState, { by: 'state', as: 'all' }).select('id', 'all'),
];
const timeless = ({ pending: _, ...state }: ReturnType<ReturnType<Store['aggregate']>['state']>) => state;

const event = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 9 }))
      .map(([name, n]) => item(name, n)),
  },
  fc.constant(LOCK),
);

it('as of each size and each time of the past it shows what was shown then, packed and opened again or not [PRJ-14]', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom('v1', 'v2'), event), { maxLength: 8 }), async (steps) => {
      const storage = memoryStorage();
      const options = { storage, views, name: 'past' };
      const { store, time } = await openDevice(options);
      const shown = () => ({
        rows: asked(store).map((query) => query.rows()),
        state: timeless(store.aggregate(Visit, 'v1').state()),
      });
      const moments = [{ at: { size: 0 }, ...shown() }];
      for (const [id, sent] of steps) {
        time.advance(60_000);
        await store.aggregate(Visit, id).send(sent, { reason: 'as it is' });
        const utc = new Date(time.clock.nowMs()).toISOString();
        for (const at of [{ size: store.size() }, { time: utc }])
          moments.push({ at: at as { size: number }, ...shown() });
      }
      await store.compact();
      await store.close();
      const again = (await openDevice(options)).store;
      for (const { at, rows, state } of moments) {
        expect(await Promise.all(asked(again).map((query) => query.asOf(at)))).toEqual(rows);
        expect(timeless(await again.aggregate(Visit, 'v1').asOf(at))).toEqual(state);
      }
      await again.close();
    }),
    { numRuns: 15 },
  );
});

it('refuses a moment that is none [PRJ-14]', async () => {
  const { store } = await openDevice();
  for (const at of [{ size: -1 }, { size: 0.5 }, { time: 'yesterday' }, { time: '12' }])
    expect(await outcomeOf(store.view(casebook).asOf(at))).toBe('query.wrong-moment');
  await store.close();
});

it('what another tab committed before the call is in the rows when it has caught up [PRJ-15]', async () => {
  const [storage, name] = [memoryStorage(), 'two tabs'];
  const unheard: StorageAdapter = {
    open: async (...opened) => ({ ...(await storage.open(...opened)), onForeignCommit: () => () => undefined }),
  };
  const [one, other] = [await openDevice({ storage, name }), await openDevice({ storage: unheard, name })];
  for (let at = 0; at < 5; at += 1) await one.store.aggregate(Visit, `v${at}`).send(item('a', at));
  expect(other.store.view(casebook).rows()).toEqual([]);
  await other.store.caughtUp();
  expect(other.store.view(casebook).rows()).toEqual(one.store.view(casebook).rows());
  expect(other.store.view(casebook).rows()).toHaveLength(5);
  await Promise.all([one.store.close(), other.store.close()]);
});
