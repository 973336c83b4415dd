/** A server's inside for tests: one database of each kind, a signer and a clock, without HTTP. */
import { makeSigningKey } from '../../../src/crypto/signer.ts';
import type { Database } from '../../../src/server/postgres/database.ts';
import { openPglite } from '../../../src/server/postgres/pglite.ts';
import { openPool } from '../../../src/server/postgres/pool.ts';
import type { World } from '../../../src/server/sequencer.ts';
import { startCluster } from './postgresql.ts';

export type Bed = { readonly name: string; readonly world: World; readonly close: () => Promise<void> };

const worldOf = async (database: Database): Promise<World> => ({
  database,
  signer: { name: 'server.test', key: await makeSigningKey() },
  nowMs: () => Date.now(),
  definitions: new Map(),
});

/** A bed on PGlite in memory, and one on PostgreSQL where there is one. */
export const makeBeds = async (): Promise<readonly Bed[]> => {
  const embedded = await openPglite(undefined);
  const beds: Bed[] = [{ name: 'PGlite', world: await worldOf(embedded), close: embedded.close }];
  const cluster = await startCluster();
  if (cluster === undefined) return beds;
  const pool = await openPool(await cluster.database());
  const close = async () => {
    await pool.close();
    await cluster.stop();
  };
  return [...beds, { name: 'PostgreSQL', world: await worldOf(pool), close }];
};
