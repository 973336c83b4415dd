/** The key sheet on the server, on PGlite and PostgreSQL. */
import { expect } from 'vitest';
import { keyId, tenantId } from '../../../src/core/ids.ts';
import type { RowChange } from '../../../src/crypto/keyRows.ts';
import { keysAfter, storeKeys } from '../../../src/server/keySheet.ts';
import { RUNTIME_ROLE } from '../../../src/server/postgres/schema.ts';
import type { World } from '../../../src/server/sequencer.ts';
import { onEveryDatabase } from '../../unit/server/laws.ts';

const law = onEveryDatabase();

const id = (at: number) => keyId(String(at).padStart(42, 'k').concat('A'));
const change = (at: number, more: Partial<RowChange> = {}): RowChange => ({
  ...{ id: id(at), scope: String(at).padStart(32, 'a'), under: id(999), replaces: 0 },
  wrap: Uint8Array.of(1, 2, at),
  ...more,
});
const kindsOf = async (world: World, tenant: string, changes: readonly RowChange[]) =>
  (await storeKeys(world.database, tenantId(tenant), { changes })).map((verdict) =>
    verdict.kind === 'stored' ? verdict.revision : `stale ${verdict.row.revision}`,
  );
const allOf = async (world: World, tenant: string, from = '') => {
  const rows: { id: string; wrap: string | null; revision: number }[] = [];
  let cursor = from;
  for (let more = true; more; ) {
    const page = await keysAfter(world.database, tenantId(tenant), cursor);
    rows.push(...page.rows);
    ({ cursor, more } = page);
  }
  return { rows, cursor };
};

law(
  'changes a row from the revision it builds on, and gives what is there otherwise [KEY-23]',
  async (world, tenant) => {
    expect(await kindsOf(world, tenant, [change(1), change(2)])).toEqual([1, 1]);
    expect(await kindsOf(world, tenant, [change(1), change(2, { replaces: 1 }), change(2, { replaces: 1 })])).toEqual([
      ...['stale 1', 2, 'stale 2'],
    ]);
    const many = Array.from({ length: 4 }, () => kindsOf(world, tenant, [change(1, { replaces: 1 })]));
    expect((await Promise.all(many)).flat().sort()).toEqual([2, 'stale 2', 'stale 2', 'stale 2']);
  },
);

law(
  'empties the wrap of a destroyed key whatever it builds on, and lets nothing take its place [KEY-23]',
  async (world, tenant) => {
    const planted = Uint8Array.from({ length: 40 }, () => 0xa7);
    await kindsOf(world, tenant, [change(1, { wrap: planted }), change(2)]);
    await kindsOf(world, tenant, [change(1, { wrap: planted, replaces: 1 })]);
    expect(await kindsOf(world, tenant, [change(1, { wrap: undefined, replaces: 0 })])).toEqual([3]);
    expect(await kindsOf(world, tenant, [change(1, { wrap: undefined })])).toEqual([3]);
    for (const replaces of [0, 2, 3, 4])
      expect(await kindsOf(world, tenant, [change(1, { replaces })])).toEqual(['stale 3']);
    const { rows } = await allOf(world, tenant);
    expect(rows.map((row) => row.wrap === null)).toEqual([false, true]);
    const left = await world.database.transaction(async (query) => {
      await query('RESET ROLE');
      const found = await query('SELECT encode(wrap, $2) AS wrap FROM indelible.key_rows WHERE tenant = $1', [
        tenant,
        'hex',
      ]);
      await query(`SET ROLE ${RUNTIME_ROLE}`);
      return found;
    });
    expect(JSON.stringify(left)).not.toContain('a7a7a7');
    expect(left.length).toBe(2);
  },
);

law(
  'lets the database itself refuse to fill, delete or re-scope what was destroyed [KEY-23]',
  async (world, tenant) => {
    await kindsOf(world, tenant, [change(1)]);
    await kindsOf(world, tenant, [change(1, { wrap: undefined })]);
    const asOwner = (statement: string) =>
      world.database.transaction(async (query) => {
        await query('RESET ROLE');
        await query(statement);
        throw new Error('let through');
      });
    const statements = [
      `UPDATE indelible.key_rows SET wrap = 'x', revision = revision + 1 WHERE tenant = '${tenant}'`,
      `UPDATE indelible.key_rows SET scope = 'x' WHERE tenant = '${tenant}'`,
      'DELETE FROM indelible.key_rows',
      'TRUNCATE indelible.key_rows',
    ];
    for (const statement of statements)
      await expect(asOwner(statement), statement).rejects.toMatchObject({ code: 'storage.immutable' });
    await expect(world.database.query('DELETE FROM indelible.key_rows')).rejects.toMatchObject({
      details: { state: '42501' },
    });
  },
);

law(
  'shows and changes the rows of one tenant only, also where a statement names no tenant [KEY-23]',
  async (world, tenant) => {
    const other = `${tenant}-other`;
    await kindsOf(world, tenant, [change(1)]);
    await kindsOf(world, other, [change(1), change(2)]);
    expect((await allOf(world, tenant)).rows.map((row) => row.id)).toEqual([id(1)]);
    expect(await world.database.query('SELECT * FROM indelible.key_rows')).toEqual([]);
    expect(await world.database.query('SELECT * FROM indelible.key_sheets')).toEqual([]);
    const seen = await world.database.transaction(async (query) => {
      await query(`SELECT set_config('indelible.tenant', $1, true)`, [tenant]);
      const rows = await query('SELECT tenant FROM indelible.key_rows');
      await query(`UPDATE indelible.key_rows SET wrap = NULL, revision = revision + 1`);
      const foreign = `INSERT INTO indelible.key_rows (tenant, id, scope, under, revision, changed) VALUES ($1, 'a', 'b', 'c', 1, 9)`;
      await query('SAVEPOINT before');
      const refused = await query(foreign, [other]).then(
        () => 'let through',
        () => 'refused',
      );
      await query('ROLLBACK TO SAVEPOINT before');
      return [...rows, refused];
    });
    expect(seen).toEqual([{ tenant }, 'refused']);
    expect((await allOf(world, other)).rows.map(({ wrap }) => wrap === null)).toEqual([false, false]);
  },
);

law('gives each row once as it is now, in pages, and misses no later change [KEY-23]', async (world, tenant) => {
  const many = Array.from({ length: 300 }, (_, at) => change(at));
  for (let from = 0; from < many.length; from += 100) await kindsOf(world, tenant, many.slice(from, from + 100));
  const first = await allOf(world, tenant);
  expect(first.rows.map((row) => row.id)).toEqual(many.map((each) => each.id));
  expect((await allOf(world, tenant, first.cursor)).rows).toEqual([]);
  await kindsOf(world, tenant, [change(7, { replaces: 1 }), change(3, { wrap: undefined })]);
  const later = await allOf(world, tenant, first.cursor);
  expect(later.rows.map((row) => [row.id, row.revision])).toEqual([
    [id(7), 2],
    [id(3), 2],
  ]);
  expect((await allOf(world, tenant, 'zzz')).rows.length).toBe(300);
  expect((await allOf(world, tenant)).rows.length).toBe(300);
});
