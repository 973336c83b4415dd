import { afterAll, beforeAll, expect, it } from 'vitest';
import { readStreamId } from '../../../src/core/ids.ts';
import { readAccessRoot, readCommitsOf, readStreamPage } from '../../../src/server/postgres/commits.ts';
import type { Database, Query } from '../../../src/server/postgres/database.ts';
import { prepare, RUNTIME_ROLE } from '../../../src/server/postgres/schema.ts';
import { push } from '../../../src/server/sequencer.ts';
import { type Bed, makeBeds } from './bed.ts';
import { bytesOf, makeDevice, TENANT } from './device.ts';

const TABLES = ['commits', 'events', 'refused'] as const;
const CHANGES = TABLES.flatMap((table) => [
  `UPDATE indelible.${table} SET replica = replica`,
  `UPDATE indelible.${table} SET replica = replica WHERE false`,
  `DELETE FROM indelible.${table}`,
  `DELETE FROM indelible.${table} WHERE false`,
  `TRUNCATE indelible.${table}`,
  `TRUNCATE indelible.${table} CASCADE`,
]);

const beds: Bed[] = [];
beforeAll(async () => {
  beds.push(...(await makeBeds()));
  for (const { world } of beds) {
    const device = await makeDevice();
    const commits = await device.sealMany(3, 2);
    await push(world, device.tenant, bytesOf(commits));
    await push(world, device.tenant, [new Uint8Array(9)]);
  }
}, 120_000);
afterAll(async () => {
  for (const bed of beds) await bed.close();
});

const count = async (database: Database): Promise<readonly number[]> => {
  const counts: number[] = [];
  for (const table of TABLES) {
    const [row] = await database.query(`SELECT count(*)::integer AS n FROM indelible.${table}`);
    counts.push(Number(row?.['n']));
  }
  return counts;
};

/** Runs a statement as the owner of the tables, in a transaction of its own that is rolled back. */
const asOwner = (database: Database, ...statements: readonly string[]) =>
  database.transaction(async (query) => {
    await query('RESET ROLE');
    for (const statement of statements) await query(statement);
    throw new Error('the statements were let through');
  });

it('refuses update, delete and truncate to the owner of the tables too, by trigger [SRV-02]', async () => {
  for (const { world, name } of beds) {
    for (const change of CHANGES) {
      const refused = await asOwner(world.database, change).catch((error: unknown) => error);
      expect(refused, `${name}: ${change}`).toMatchObject({ code: 'storage.immutable', details: { state: 'IND01' } });
    }
    const replica = "SET session_replication_role = 'replica'";
    const refused = await asOwner(world.database, replica, CHANGES[2] ?? '').catch((error: unknown) => error);
    expect(refused, `${name}: as a replication target`).toMatchObject({ details: { state: 'IND01' } });
    expect(await count(world.database)).toEqual([3, 6, 1]);
  }
});

it('gives the runtime role no right to change or delete, and no other role to the server [SRV-02]', async () => {
  for (const { world, name } of beds) {
    expect(world.database.hasRuntimeRole).toBe(true);
    const [who] = await world.database.query('SELECT current_user AS role');
    expect(who).toEqual({ role: RUNTIME_ROLE });
    for (const change of CHANGES) {
      const refused = await world.database.query(change).catch((error: unknown) => error);
      expect(refused, `${name}: ${change}`).toMatchObject({ details: { state: '42501' } });
    }
    for (const statement of ['DROP TABLE indelible.events', 'ALTER TABLE indelible.events DISABLE TRIGGER ALL']) {
      await expect(world.database.query(statement)).rejects.toMatchObject({ details: { state: '42501' } });
    }
    expect(await count(world.database)).toEqual([3, 6, 1]);
  }
});

it('refuses a second event with the same id, place or position [SRV-02]', async () => {
  for (const { world } of beds) {
    const copy = (columns: string) => `INSERT INTO indelible.events SELECT ${columns} FROM indelible.events LIMIT 1`;
    const rest = 'leaf_hash, stream';
    for (const columns of [
      `tenant, position, gen_random_uuid(), replica, 999, ${rest}`,
      `tenant, 999, event_id, replica, 999, ${rest}`,
      `tenant, 999, gen_random_uuid(), replica, sequence, ${rest}`,
    ]) {
      await expect(world.database.query(copy(columns))).rejects.toMatchObject({ details: { state: '23505' } });
    }
  }
});

it('makes the tables once, however often it is asked [SRV-07]', async () => {
  for (const { world } of beds) {
    const asOwnerWithin = (work: Parameters<Database['transaction']>[0]) =>
      world.database.transaction(async (query) => {
        await query('RESET ROLE');
        await work(query);
        await query(`SET ROLE ${RUNTIME_ROLE}`);
      });
    expect(await prepare(asOwnerWithin, world.database.query)).toBe(true);
    expect(await count(world.database)).toEqual([3, 6, 1]);
    const versions = await world.database.query('SELECT version FROM indelible.versions');
    expect(versions).toEqual([{ version: 1 }, { version: 2 }, { version: 3 }, { version: 4 }]);
  }
});

it('finds the events of one stream by an index, whatever else the log holds [CNF-13]', async () => {
  for (const { world, name } of beds) {
    const plans: string[] = [];
    await world.database.transaction(async (query) => {
      await query('SET LOCAL enable_seqscan = off'); // a table of six rows is read whole otherwise
      const explain: Query = async (statement, values) => {
        plans.push(JSON.stringify(await query(`EXPLAIN ${statement}`, values)));
        return [];
      };
      const place = { tenant: TENANT, stream: readStreamId('visit/subject-1/visit-1') };
      await readStreamPage(explain, place, { from: 0, below: 6 });
      await readAccessRoot(explain, place);
      await readCommitsOf(explain, place);
    });
    expect(plans, name).toHaveLength(3);
    for (const plan of plans) expect(plan, name).toContain('stream_events');
  }
});
