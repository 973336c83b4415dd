/** The check of a server's rows: what stands beside the bytes of commits, and the tree that is made of them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hash32 } from '../../../src/core/ids.ts';
import { sequence } from '../../../src/core/position.ts';
import { appendLeaf, EMPTY_FRONTIER, frontierRoot } from '../../../src/crypto/merkle.ts';
import { type RowsOptions, type ServerRow, verifyRows } from '../../../src/verify/index.ts';
import { at, flipped, TENANT } from '../support.ts';
import { headsOf, TRIAL } from './trial.ts';

type Tables = Pick<RowsOptions, 'heads' | 'log'> & { readonly rows: readonly ServerRow[] };

const written = (): Tables => {
  let [frontier, position] = [EMPTY_FRONTIER, 0];
  const rows = TRIAL.map(({ replica, first, link, bytes, leaves }): ServerRow => {
    const row = { position, events: leaves.length, replica, first, link, bytes };
    for (const leaf of leaves) frontier = appendLeaf(frontier, leaf);
    position += leaves.length;
    return { ...row, treeRoot: frontierRoot(frontier) };
  });
  return { rows, heads: headsOf(TRIAL), log: { commits: rows.length, frontier, root: frontierRoot(frontier) } };
};
const WRITTEN = written();

async function* each(rows: readonly ServerRow[]) {
  yield* rows;
}
const found = async ({ rows, ...rest }: Tables) => (await verifyRows(each(rows), { tenant: TENANT, ...rest })).findings;

const anyRow = fc.nat({ max: TRIAL.length - 1 });
const placeOf = ({ replica, first }: ServerRow) => ({ replica, sequence: first });
const altered = (index: number, change: Partial<ServerRow>): Tables => ({
  ...WRITTEN,
  rows: WRITTEN.rows.with(index, { ...at(WRITTEN.rows, index), ...change }),
});
const otherBit = (bytes: Uint8Array, bit: number) => flipped(bytes, bit % (8 * bytes.length));

it('finds nothing in rows as a server writes them, nor where there are none [VER-06]', async () => {
  expect(await verifyRows(each(WRITTEN.rows), { tenant: TENANT, ...WRITTEN })).toMatchObject({ ok: true, omitted: 0 });
  const log = { commits: 0, frontier: EMPTY_FRONTIER, root: frontierRoot(EMPTY_FRONTIER) };
  expect(await found({ rows: [], heads: {}, log })).toEqual([]);
});

it('names the commit beside which any column is another, and the column [VER-06]', async () => {
  const columns = ['position', 'events', 'replica', 'first', 'link', 'tree'] as const;
  await fc.assert(
    fc.asyncProperty(anyRow, fc.constantFrom(...columns), fc.nat(), async (index, column, bit) => {
      const row = at(WRITTEN.rows, index);
      const changes: Record<(typeof columns)[number], Partial<ServerRow>> = {
        position: { position: row.position + 100 },
        events: { events: row.events + 1 },
        replica: { replica: `${row.replica}x` },
        first: { first: row.first + 1 },
        link: { link: otherBit(row.link, bit) },
        tree: { treeRoot: otherBit(row.treeRoot, bit) },
      };
      const findings = await found(altered(index, changes[column]));
      const what = findings.filter(({ what: each = '' }) => each.includes(column));
      expect(what[0]).toMatchObject({ code: 'storage.corrupt', ...placeOf(row) });
    }),
    { numRuns: 40 },
  );
});

it('names the commit that was removed, and the one of which a bit was flipped [VER-06]', async () => {
  await fc.assert(
    fc.asyncProperty(anyRow, fc.nat(), async (index, bit) => {
      const row = at(WRITTEN.rows, index);
      const without = await found({ ...WRITTEN, rows: WRITTEN.rows.toSpliced(index, 1) });
      expect(without).toContainEqual(expect.objectContaining({ code: 'chain.gap', ...placeOf(row) }));
      expect(await found(altered(index, { bytes: otherBit(row.bytes, bit) }))).not.toEqual([]);
    }),
    { numRuns: 40 },
  );
});

it('finds heads and a tree that are not those of the commits [VER-06]', async () => {
  const [replica = '', head] = at(Object.entries(WRITTEN.heads), 0);
  const earlier = { ...WRITTEN.heads, [replica]: { ...head, sequence: sequence(head.sequence - 1) } };
  const findings = await found({ ...WRITTEN, heads: earlier });
  expect(findings).toContainEqual(expect.objectContaining({ code: 'chain.link-mismatch', replica }));
  const { log } = WRITTEN;
  const peaks = log.frontier.peaks.with(0, hash32(otherBit(at(log.frontier.peaks, 0), 5)));
  const other = { ...log.frontier, peaks };
  for (const tree of [
    { ...log, frontier: other },
    { ...log, frontier: other, root: frontierRoot(other) },
  ])
    expect(await found({ ...WRITTEN, log: tree })).toEqual([{ code: 'storage.corrupt', what: 'log: tree' }]);
  const short = await found({ ...WRITTEN, log: { ...log, commits: log.commits - 1 } });
  expect(short).toEqual([{ code: 'storage.corrupt', what: 'log: commits' }]);
});
