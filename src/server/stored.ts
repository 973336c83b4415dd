/**
 * What lies in a server's database, for whoever checks it: every tenant's commits, heads and log, of one moment. Nothing is changed.
 * Law: `stored.test`
 */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Head } from '../core/commit.ts';
import type { TenantId } from '../core/ids.ts';
import { EMPTY_FRONTIER, EMPTY_ROOT } from '../crypto/merkle.ts';
import { lockFolder } from './folder.ts';
import { readRowsFrom } from './postgres/commits.ts';
import type { Query } from './postgres/database.ts';
import { embeddedIn, openDatabase } from './postgres/open.ts';
import { type LogState, readAllHeads, readLog, readTenants } from './postgres/state.ts';
import { startFault } from './startFault.ts';

type StoredRow = Awaited<ReturnType<typeof readRowsFrom>>[number];

/** One tenant's rows: the commits in the server's order, and what the server goes on from. */
export type StoredTenant = {
  readonly tenant: TenantId;
  readonly rows: AsyncIterable<StoredRow>;
  readonly heads: Readonly<Record<string, Head>>;
  readonly log: LogState;
};

async function* rowsOf(query: Query, tenant: TenantId): AsyncGenerator<StoredRow> {
  for (let from = 0; ; ) {
    const page = await readRowsFrom(query, tenant, from);
    for (const row of page) yield row;
    const last = page.at(-1);
    if (last === undefined) return;
    from = last.position + 1;
  }
}

const NOTHING: LogState = { commits: 0, frontier: EMPTY_FRONTIER, root: EMPTY_ROOT };

/** Everything of one moment, whatever a server that runs beside it writes. */
const ONE_MOMENT = 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY';

const readEach = async <T>(query: Query, work: (stored: StoredTenant) => Promise<T>): Promise<readonly T[]> => {
  await query(ONE_MOMENT);
  const results: T[] = [];
  for (const tenant of await readTenants(query)) {
    const heads = Object.fromEntries((await readAllHeads(query, tenant)).map((head) => [head.replica, head]));
    const log = (await readLog(query, tenant)) ?? NOTHING;
    results.push(await work({ tenant, rows: rowsOf(query, tenant), heads, log }));
  }
  return results;
};

/**
 * Does something with each tenant's rows, one after the other. The embedded database is taken as a server takes it: no other may use it.
 * @throws StoreError with `what` in its details, as `startFault.ts` lists; `storage.*`; what `work` throws
 */
export const withStored = async <T>(
  place: { readonly data: string; readonly databaseUrl: string | undefined },
  work: (stored: StoredTenant) => Promise<T>,
): Promise<readonly T[]> => {
  const folder = resolve(place.data);
  const isEmbedded = place.databaseUrl === undefined;
  if (isEmbedded && !(await stat(embeddedIn(folder)).catch(() => undefined))?.isDirectory())
    throw startFault('no-data');
  const unlock = isEmbedded ? await lockFolder(folder) : undefined;
  try {
    const database = await openDatabase(folder, place.databaseUrl);
    try {
      return await database.transaction((query) => readEach(query, work));
    } finally {
      await database.close();
    }
  } finally {
    await unlock?.();
  }
};
