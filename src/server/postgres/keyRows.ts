/** Rows of the key sheet in the database. Every statement runs in the name of one tenant, which row-level security holds it to. */
import * as z from 'zod';
import { keyId, type TenantId } from '../../core/ids.ts';
import { LIMITS } from '../../core/limits.ts';
import type { CarriedRow } from '../../crypto/keyRows.ts';
import type { Database, Query } from './database.ts';
import { readRows, whole } from './rows.ts';

const KeyRow = z.object({
  id: z.string().transform(keyId),
  scope: z.string(),
  under: z.string().transform(keyId),
  revision: whole,
  changed: whole,
  wrap: z
    .instanceof(Uint8Array)
    .nullable()
    .transform((wrap) => (wrap === null ? undefined : Uint8Array.from(wrap))),
});
const SheetRow = z.object({ changes: whole });

const COLUMNS = 'SELECT id, scope, under, revision, changed, wrap FROM indelible.key_rows';

/** Runs `work` in one transaction in which no other tenant's rows can be seen or changed. */
export const inTenant = <T>(database: Database, tenant: TenantId, work: (query: Query) => Promise<T>): Promise<T> =>
  database.transaction(async (query) => {
    await query(`SELECT set_config('indelible.tenant', $1, true)`, [tenant]);
    return work(query);
  });

/** The number of changes so far, locked until the transaction ends: cursors miss nothing because changes take turns. */
export const lockSheet = async (query: Query, tenant: TenantId): Promise<number> => {
  await query('INSERT INTO indelible.key_sheets (tenant, changes) VALUES ($1, 0) ON CONFLICT DO NOTHING', [tenant]);
  const rows = await query('SELECT changes FROM indelible.key_sheets WHERE tenant = $1 FOR UPDATE', [tenant]);
  return readRows(SheetRow, rows)[0]?.changes ?? 0;
};

export const writeSheet = async (query: Query, tenant: TenantId, changes: number): Promise<void> => {
  await query('UPDATE indelible.key_sheets SET changes = $2 WHERE tenant = $1', [tenant, changes]);
};

export const readKeyRows = async (
  query: Query,
  tenant: TenantId,
  ids: readonly string[],
): Promise<readonly CarriedRow[]> => {
  const asked = `id IN (SELECT jsonb_array_elements_text($2::text::jsonb))`;
  const rows = await query(`${COLUMNS} WHERE tenant = $1 AND ${asked}`, [tenant, JSON.stringify(ids)]);
  return readRows(KeyRow, rows).map(({ changed, ...row }) => row);
};

/** Rows that changed after a number of changes, in that order, one more than fit into a message; from 0 if that is ahead. */
export const readKeysAfter = async (query: Query, tenant: TenantId, after: number) => {
  const [sheet] = readRows(
    SheetRow,
    await query('SELECT changes FROM indelible.key_sheets WHERE tenant = $1', [tenant]),
  );
  const changes = sheet?.changes ?? 0;
  const rows = await query(`${COLUMNS} WHERE tenant = $1 AND changed > $2 ORDER BY changed LIMIT $3`, [
    ...[tenant, after <= changes ? after : 0],
    LIMITS.keyRowsMax + 1,
  ]);
  return { changes, rows: readRows(KeyRow, rows) };
};

export const writeKeyRow = async (
  query: Query,
  tenant: TenantId,
  { id, scope, under, revision, wrap }: CarriedRow,
  changed: number,
): Promise<void> => {
  await query(
    `INSERT INTO indelible.key_rows (tenant, id, scope, under, revision, changed, wrap) VALUES ($1, $2, $3, $4, $5, $6, $7)
      ON CONFLICT (tenant, id) DO UPDATE
      SET under = excluded.under, revision = excluded.revision, changed = excluded.changed, wrap = excluded.wrap`,
    [tenant, id, scope, under, revision, changed, wrap ?? null],
  );
};
