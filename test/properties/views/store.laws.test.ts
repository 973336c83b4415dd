/**
 * Laws of what a store shows, over whole stores: whatever was recorded, synced, settled, cut off, compacted or updated, what was kept up
 * step by step is what a store that folds the whole log makes; and replicas that hold the same events show the same rows.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defineRollup, defineView, type QueryResult, type Store } from '../../../src/index.ts';
import { collect, openDevice, Visit } from '../../unit/store/trial.ts';
import { type Act, acts, type Node, openWorld, perform } from '../upkeep/devices.ts';
import { forgetful, LaterVisit, laterRows } from '../upkeep/kept.ts';

const visits = defineView({
  name: 'visits',
  of: Visit,
  row: ({ id, value, context, version, uncontested, inapplicable }) => ({
    id,
    state: String(value),
    sum: Object.values(uncontested.context.items).reduce((total, each) => total + each, 0),
    items: Object.keys(context.items).length,
    version,
    inapplicable,
  }),
  indexes: [['state', 'sum'], ['version']],
});
const byState = defineRollup({
  name: 'by state',
  of: visits,
  groupBy: ['state'],
  measures: {
    visits: { count: {} },
    contested: { count: { inapplicable: { gt: 0 } } },
    sum: { sum: 'sum' },
    last: { max: 'id' },
  },
});
const later = defineRollup({
  name: 'later by items',
  of: laterRows,
  groupBy: ['items'],
  measures: { visits: { count: {} } },
});

/** What each version of the application registers, and asks. */
const VERSIONS = [
  {
    options: { aggregates: [Visit], views: [visits, byState] },
    queries: (store: Store) => [
      store.view(visits).where({ state: 'open' }).orderBy('sum', 'descending'),
      store
        .view(visits)
        .where({ version: { gt: 2 } })
        .orderBy('version')
        .limit(2),
      store.view(visits).join(byState, { by: 'state', as: 'all' }).select('id', 'all'),
      store.view(byState),
    ],
  },
  {
    options: { aggregates: [LaterVisit], views: [laterRows, later] },
    queries: (store: Store) => [
      store
        .view(laterRows)
        .where({ items: { gte: 1 } })
        .orderBy('items'),
      store.view(later),
    ],
  },
] as const;

type Shown = Pick<QueryResult, 'rows' | 'keys' | 'stale'>;
const shownBy = (queries: readonly { readonly result: () => QueryResult }[]): readonly Shown[] =>
  queries.map((query) => {
    const { rows, keys, stale } = query.result();
    return { rows, keys, stale };
  });

type Followed = {
  readonly version: (typeof VERSIONS)[number];
  readonly live: readonly { readonly seen: QueryResult[] }[];
};
const followed = ({ store }: Node, version: Followed['version']): Followed => ({
  version,
  live: version.queries(store).map(({ result$ }) => collect<QueryResult>(result$)),
});

/** What was kept up is what is asked anew, and what a store shows that folds the whole log. */
const expectWhole = async (node: Node, { version, live }: Followed): Promise<readonly Shown[]> => {
  await node.store.caughtUp();
  const asked = shownBy(version.queries(node.store));
  expect(
    live.map(({ seen }) => seen.at(-1)).map((last) => last && { rows: last.rows, keys: last.keys, stale: last.stale }),
  ).toEqual(asked);
  const { store } = await openDevice({
    ...version.options,
    ...{ storage: forgetful(node.storage), name: node.name, upkeep: 'manual' },
  });
  const made = shownBy(version.queries(store));
  await store.close();
  expect(asked).toEqual(made);
  return asked;
};

const update = fc.record({ kind: fc.constant('update' as const), device: fc.nat(1) });
const steps: fc.Arbitrary<readonly (Act | { readonly kind: 'update'; readonly device: number })[]> = fc
  .tuple(acts, fc.array(fc.tuple(fc.nat(69), update), { maxLength: 3 }))
  .map(([script, updates]) =>
    updates.reduce<readonly (Act | { readonly kind: 'update'; readonly device: number })[]>(
      (all, [at, act]) => [...all.slice(0, at), act, ...all.slice(at)],
      script.slice(0, 30),
    ),
  );

it('after every step what a store shows is what one that folds the whole log shows; equal sets of events show equal rows [PRJ-02, PRJ-03, PRJ-12, PRJ-17]', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const [left, right] = await openWorld({ ...VERSIONS[0].options });
      if (left === undefined || right === undefined) return;
      const nodes = [left, right];
      const following = nodes.map((node) => followed(node, VERSIONS[0]));
      for (const act of script) {
        const at = act.device % nodes.length;
        const [node, now] = [nodes[at], following[at]];
        if (node === undefined || now === undefined) continue;
        const version = act.kind === 'update' ? VERSIONS[now.version === VERSIONS[0] ? 1 : 0] : now.version;
        if (act.kind === 'reopen' || act.kind === 'update') {
          if (act.kind === 'update') await node.store.close(); // else it is killed: another connection goes on
          Object.assign(node, await node.open(version.options));
          following[at] = followed(node, version);
        } else await perform(node, act);
        await expectWhole(node, following[at] ?? now);
      }
      const ends: (readonly Shown[])[] = [];
      for (const node of [...nodes, ...nodes, ...nodes]) await perform(node, { kind: 'sync', device: 0 });
      for (const [at, node] of nodes.entries()) {
        if (following[at]?.version !== VERSIONS[0]) {
          await node.store.close();
          Object.assign(node, await node.open(VERSIONS[0].options));
          following[at] = followed(node, VERSIONS[0]);
        }
        ends.push(await expectWhole(node, following[at] ?? followed(node, VERSIONS[0])));
      }
      expect(ends[1]).toEqual(ends[0]);
      for (const { store } of nodes) await store.close();
    }),
    { numRuns: 6 },
  );
});
