/** The derived state: each tenant's log and its replicas' heads. Each statement names its tenant. */
import type { Head } from '../../core/commit.ts';
import {
  type Hash32,
  hash32,
  type PublicKey32,
  type ReplicaId,
  replicaId,
  type TenantId,
  tenantId,
} from '../../core/ids.ts';
import type { Frontier } from '../../crypto/merkle.ts';
import type { Query } from './database.ts';
import { HeadRow, LogRow, readRows, TenantRow } from './rows.ts';

/** One tenant's log as it stands: its commits, its tree, and the tree's root. */
export type LogState = {
  readonly commits: number;
  readonly frontier: Frontier;
  readonly root: Hash32;
};
export type HeadState = Head & { readonly replica: ReplicaId; readonly receivedAt: Date };

const peaksOf = (bytes: Uint8Array): readonly Hash32[] =>
  Array.from({ length: bytes.length / 32 }, (_, at) => hash32(bytes.slice(32 * at, 32 * at + 32)));

const LOG_COLUMNS = 'SELECT size, commits, peaks, root FROM indelible.logs WHERE tenant = $1';

const logOf = (row: { size: number; commits: number; peaks: Uint8Array; root: Uint8Array }): LogState => ({
  commits: row.commits,
  frontier: { size: row.size, peaks: peaksOf(row.peaks) },
  root: hash32(row.root),
});

/** Every tenant of whom anything is held. */
export const readTenants = async (query: Query): Promise<readonly TenantId[]> =>
  readRows(
    TenantRow,
    await query(
      `SELECT tenant FROM indelible.logs UNION SELECT tenant FROM indelible.heads
      UNION SELECT tenant FROM indelible.commits ORDER BY tenant`,
    ),
  ).map(({ tenant }) => tenantId(tenant));

/** The tenant's log, undefined before its first push. */
export const readLog = async (query: Query, tenant: TenantId): Promise<LogState | undefined> => {
  const [row] = readRows(LogRow, await query(LOG_COLUMNS, [tenant]));
  return row === undefined ? undefined : logOf(row);
};

/** The tenant's log, locked until the transaction ends and made from `fresh` if it is new. */
export const lockLog = async (query: Query, tenant: TenantId, fresh: LogState): Promise<LogState> => {
  const lock = async () => readRows(LogRow, await query(`${LOG_COLUMNS} FOR UPDATE`, [tenant]));
  const [known] = await lock();
  if (known !== undefined) return logOf(known);
  await query(
    `INSERT INTO indelible.logs (tenant, size, commits, peaks, root) VALUES ($1, 0, 0, ''::bytea, $2)
      ON CONFLICT DO NOTHING`,
    [tenant, fresh.root],
  );
  const [made] = await lock();
  return made === undefined ? fresh : logOf(made);
};

export const writeLog = async (query: Query, tenant: TenantId, log: LogState): Promise<void> => {
  await query('UPDATE indelible.logs SET size = $2, commits = $3, peaks = $4, root = $5 WHERE tenant = $1', [
    tenant,
    log.frontier.size,
    log.commits,
    Buffer.concat(log.frontier.peaks),
    log.root,
  ]);
};

const headOf = (row: { replica: string; sequence: number; link: Uint8Array; received_at: Date }): HeadState => ({
  replica: replicaId(row.replica),
  sequence: row.sequence,
  link: hash32(row.link),
  receivedAt: row.received_at,
});
const HEAD_COLUMNS = 'SELECT replica, sequence, link, received_at FROM indelible.heads WHERE tenant = $1';

/** The heads of the named replicas, as far as they are known. */
export const readHeads = async (
  query: Query,
  tenant: TenantId,
  replicas: Iterable<string>,
): Promise<readonly HeadState[]> => {
  const rows = await query(
    `SELECT replica, sequence, link, received_at
      FROM jsonb_array_elements_text($2::text::jsonb) AS asked JOIN indelible.heads ON replica = asked WHERE tenant = $1`,
    [tenant, JSON.stringify([...replicas])],
  );
  return readRows(HeadRow, rows).map(headOf);
};

export const readAllHeads = async (query: Query, tenant: TenantId): Promise<readonly HeadState[]> =>
  readRows(HeadRow, await query(`${HEAD_COLUMNS} ORDER BY replica`, [tenant])).map(headOf);

/** The log and one replica's head, of one moment. */
export const readVouched = async (
  query: Query,
  tenant: TenantId,
  replica: ReplicaId,
): Promise<{ readonly log: LogState; readonly head: HeadState } | undefined> => {
  const rows = await query(
    `SELECT size, commits, peaks, root, replica, sequence, link, received_at
      FROM indelible.logs JOIN indelible.heads USING (tenant) WHERE tenant = $1 AND replica = $2`,
    [tenant, replica],
  );
  const [row] = readRows(LogRow.extend(HeadRow.shape), rows);
  return row === undefined ? undefined : { log: logOf(row), head: headOf(row) };
};

export type HeadWrite = {
  readonly replica: ReplicaId;
  readonly publicKey: PublicKey32;
  readonly head: Head;
  readonly at: string;
};

export const writeHead = async (
  query: Query,
  tenant: TenantId,
  { replica, publicKey, head, at }: HeadWrite,
): Promise<void> => {
  await query(
    `INSERT INTO indelible.heads (tenant, replica, public_key, sequence, link, received_at)
      VALUES ($1, $2, $3, $4, $5, $6::text::timestamptz)
      ON CONFLICT (tenant, replica) DO UPDATE
      SET sequence = excluded.sequence, link = excluded.link, received_at = excluded.received_at`,
    [tenant, replica, publicKey, head.sequence, head.link, at],
  );
};
