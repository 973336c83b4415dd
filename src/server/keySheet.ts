/**
 * The key sheet as the server carries it: rows that it cannot read, changed by compare-and-set. What two devices did to one
 * row is put together by a device. Laws: `keySheet.laws`, on every database.
 *
 * Invariants: a destroyed key's wrap is emptied, whatever revision the change builds on, and nothing takes its place; one
 * tenant's rows are reached in the name of that tenant only (row-level security); a cursor misses no later change.
 */
import { StoreError } from '../core/errors.ts';
import type { ReplicaId, TenantId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { type CarriedRow, type ChangesProof, proverOf, type RowChange, type RowVerdict } from '../crypto/keyRows.ts';
import { type AccessBook, NOBODY } from '../streams/accessBook.ts';
import { messageOfRow } from '../sync/keyMessages.ts';
import { type KeysPage, PROTOCOL } from '../sync/protocol.ts';
import { readAccess } from './authority.ts';
import type { Database } from './postgres/database.ts';
import { inTenant, lockSheet, readKeyRows, readKeysAfter, writeKeyRow, writeSheet } from './postgres/keyRows.ts';

/** The row after a change; `stale` if it may not take place. */
export const decideRow = (held: CarriedRow | undefined, change: RowChange): CarriedRow | 'stale' => {
  const { replaces, ...row } = change;
  const revision = (held?.revision ?? 0) + 1;
  if (held === undefined) return { ...row, revision };
  if (held.wrap === undefined || held.scope !== change.scope) return 'stale';
  if (change.wrap === undefined) return { ...held, wrap: undefined, revision };
  return replaces === held.revision ? { ...row, revision } : 'stale';
};

/** What a change to a held row comes to. A key that is destroyed already is destroyed again without a change. */
export const verdictOn = (
  held: CarriedRow | undefined,
  change: RowChange,
): { readonly verdict: RowVerdict; readonly next: CarriedRow | undefined } => {
  const next = decideRow(held, change);
  if (next !== 'stale') return { verdict: { kind: 'stored', revision: next.revision }, next };
  if (held === undefined) return { verdict: { kind: 'stored', revision: 1 }, next: undefined };
  const isGone = held.wrap === undefined && change.wrap === undefined;
  return {
    verdict: isGone ? { kind: 'stored', revision: held.revision } : { kind: 'stale', row: held },
    next: undefined,
  };
};

/** @throws StoreError `access.denied` where this replica may not change the sheet, or nobody says who asks */
export const checkCarries = ({ carries }: AccessBook, prover: ReplicaId | undefined): void => {
  if (!carries(prover ?? NOBODY)) throw new StoreError('access.denied', { what: 'keys' });
};

/**
 * Stores changes, in one transaction.
 * @throws StoreError `access.denied` if who asks was not let in, `storage.*`: nothing was stored
 */
export const storeKeys = async (
  database: Database,
  tenant: TenantId,
  { changes, proof }: { readonly changes: readonly RowChange[]; readonly proof?: ChangesProof | undefined },
): Promise<readonly RowVerdict[]> => {
  const prover = proof === undefined ? undefined : await proverOf(tenant, changes, proof);
  return inTenant(database, tenant, async (query) => {
    checkCarries(await readAccess(query, tenant), prover);
    let changed = await lockSheet(query, tenant);
    const rows = new Map(
      (
        await readKeyRows(
          query,
          tenant,
          changes.map(({ id }) => id),
        )
      ).map((row) => [row.id, row]),
    );
    const verdicts: RowVerdict[] = [];
    for (const change of changes) {
      const { verdict, next } = verdictOn(rows.get(change.id), change);
      verdicts.push(verdict);
      if (next === undefined) continue;
      changed += 1;
      rows.set(next.id, next);
      await writeKeyRow(query, tenant, next, changed);
    }
    await writeSheet(query, tenant, changed);
    return verdicts;
  });
};

const CURSOR = /^[0-9a-z]{1,11}$/;
const numberOf = (cursor: string): number => (CURSOR.test(cursor) ? Number.parseInt(cursor, 36) : 0);

/** Rows that changed after a cursor. One that this database has not reached yet begins anew. */
export const keysAfter = (database: Database, tenant: TenantId, after: string): Promise<KeysPage> =>
  inTenant(database, tenant, async (query) => {
    const from = numberOf(after);
    const { rows, changes } = await readKeysAfter(query, tenant, from);
    const page: CarriedRow[] = [];
    let reached = from <= changes ? from : 0;
    let bytes = 0;
    for (const { changed, ...row } of rows) {
      bytes += row.wrap?.length ?? 0;
      if (page.length > 0 && (bytes > LIMITS.keyRowBytesMax || page.length >= LIMITS.keyRowsMax)) break;
      page.push(row);
      reached = changed;
    }
    const more = page.length < rows.length;
    return { protocol: PROTOCOL, rows: page.map(messageOfRow), cursor: reached.toString(36), more };
  });
