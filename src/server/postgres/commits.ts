/**
 * The append-only tables: commits, events, and what was refused. Each statement names its tenant.
 *
 * Lookups by a list are lateral with `LIMIT 1`: one index probe for each, whatever the planner believes of a table that
 * was never analysed. An array parameter cast in the condition is cast again for every row.
 */
import { type Hash32, hash32, type ReplicaId, type StreamId, type TenantId } from '../../core/ids.ts';
import { LIMITS } from '../../core/limits.ts';
import { sha256 } from '../../crypto/sha256.ts';
import type { Held, Placed, Refusal } from '../decide.ts';
import type { Query } from './database.ts';
import { BytesRow, CommitRow, HeldRow, IdRow, PlacedRow, RefusedRow, RootRow, readRows, WholeRow } from './rows.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Commits of one replica that start at the given sequences, by that sequence. */
export const readHeld = async (
  query: Query,
  place: { readonly tenant: TenantId; readonly replica: ReplicaId },
  firsts: Iterable<number>,
): Promise<ReadonlyMap<number, Held>> => {
  const rows = await query(
    `SELECT held.first, held.link, held.position
      FROM jsonb_array_elements_text($3::text::jsonb) AS asked CROSS JOIN LATERAL (
        SELECT first, link, position FROM indelible.commits
        WHERE tenant = $1 AND replica = $2 AND first = asked::bigint LIMIT 1) AS held`,
    [place.tenant, place.replica, JSON.stringify([...firsts])],
  );
  return new Map(readRows(HeldRow, rows).map(({ first, link, position }) => [first, { link, position }]));
};

/** Those of `ids` that the tenant's log has. */
export const readKnownIds = async (
  query: Query,
  tenant: TenantId,
  ids: Iterable<string>,
): Promise<ReadonlySet<string>> => {
  const rows = await query(
    `SELECT known.event_id FROM jsonb_array_elements_text($2::text::jsonb) AS asked CROSS JOIN LATERAL (
      SELECT event_id FROM indelible.events WHERE tenant = $1 AND event_id = asked::uuid LIMIT 1) AS known`,
    [tenant, JSON.stringify([...ids])],
  );
  return new Set(readRows(IdRow, rows).map(({ event_id }) => event_id));
};

/** A commit in its place, with the root of the tree that ends with it. */
export type Rooted = Placed & { readonly treeRoot: Hash32 };

/** Inserts commits and their events: two statements, whatever their number (MEASURED, section 7). */
export const insertCommits = async (
  query: Query,
  place: { readonly tenant: TenantId; readonly at: string },
  placed: readonly Rooted[],
): Promise<void> => {
  const commits = placed.map(({ commit, position, treeRoot }) => ({
    p: position,
    n: commit.events.length,
    r: commit.replica,
    f: commit.first,
    o: hex(commit.root),
    l: hex(commit.link),
    t: hex(treeRoot),
    b: Buffer.from(commit.bytes).toString('base64'),
  }));
  await query(
    `INSERT INTO indelible.commits (tenant, position, events, replica, first, root, link, tree_root, bytes, received_at)
      SELECT $1, p, n, r, f, decode(o, 'hex'), decode(l, 'hex'), decode(t, 'hex'), decode(b, 'base64'), $2::text::timestamptz
      FROM jsonb_to_recordset($3::text::jsonb) AS x(p bigint, n integer, r text, f bigint, o text, l text, t text, b text)`,
    [place.tenant, place.at, JSON.stringify(commits)],
  );
  const events = placed.flatMap(({ commit, position }) =>
    commit.events.map((event, at) => ({
      p: position + at,
      i: event.id,
      r: commit.replica,
      s: event.sequence,
      h: hex(commit.leaves[at] ?? new Uint8Array()),
      t: event.stream,
    })),
  );
  await query(
    `INSERT INTO indelible.events (tenant, position, event_id, replica, sequence, leaf_hash, stream)
      SELECT $1, p, i, r, s, decode(h, 'hex'), t
      FROM jsonb_to_recordset($2::text::jsonb) AS x(p bigint, i uuid, r text, s bigint, h text, t text)`,
    [place.tenant, JSON.stringify(events)],
  );
};

/** Keeps a refused commit as evidence; the same bytes again change nothing. */
export const keepRefused = async (
  query: Query,
  place: { readonly tenant: TenantId; readonly at: string },
  { received, fault }: Refusal,
): Promise<void> => {
  await query(
    `INSERT INTO indelible.refused (tenant, hash, code, what, replica, first, bytes, received_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::timestamptz) ON CONFLICT DO NOTHING`,
    [
      place.tenant,
      sha256(received.bytes),
      fault.code,
      fault.what ?? null,
      fault.replica ?? null,
      received.first,
      received.bytes,
      place.at,
    ],
  );
};

export const countRefused = async (
  query: Query,
  tenant: TenantId,
): Promise<readonly { code: string; count: number }[]> =>
  readRows(
    RefusedRow,
    await query('SELECT code, count(*) AS count FROM indelible.refused WHERE tenant = $1 GROUP BY code ORDER BY code', [
      tenant,
    ]),
  );

/** The root of the log up to the newest commit with events of a stream that says who may do what; undefined if there is none. */
export const readAccessRoot = async (
  query: Query,
  { tenant, stream }: { readonly tenant: TenantId; readonly stream: StreamId },
): Promise<string | undefined> => {
  const rows = await query(
    `SELECT tree_root FROM indelible.commits WHERE tenant = $1 AND position <= (
      SELECT position FROM indelible.events
      WHERE tenant = $1 AND stream = $2 ORDER BY position DESC LIMIT 1)
      ORDER BY position DESC LIMIT 1`,
    [tenant, stream],
  );
  const [row] = readRows(RootRow, rows);
  return row === undefined ? undefined : hex(row.tree_root);
};

/** The commits that hold events of such a stream, in the server's order. */
export const readCommitsOf = async (
  query: Query,
  { tenant, stream }: { readonly tenant: TenantId; readonly stream: StreamId },
): Promise<readonly Uint8Array[]> => {
  const rows = await query(
    `SELECT bytes FROM indelible.commits WHERE tenant = $1 AND position IN (
      SELECT (SELECT max(c.position) FROM indelible.commits c WHERE c.tenant = $1 AND c.position <= e.position)
      FROM indelible.events e WHERE e.tenant = $1 AND e.stream = $2) ORDER BY position`,
    [tenant, stream],
  );
  return readRows(BytesRow, rows).map(({ bytes }) => bytes);
};

/**
 * The next commits that hold events of a stream, in the server's order, and the position of the last: all where a stream has to be folded
 * whole, some at a time. Takes as long as the stream is, whatever else the log holds.
 */
export const readStreamPage = async (
  query: Query,
  { tenant, stream }: { readonly tenant: TenantId; readonly stream: StreamId },
  { from, below }: { readonly from: number; readonly below: number },
): Promise<readonly { readonly position: number; readonly bytes: Uint8Array }[]> => {
  const rows = await query(
    `SELECT position, bytes FROM indelible.commits WHERE tenant = $1 AND position >= $3 AND position IN (
      SELECT (SELECT max(c.position) FROM indelible.commits c WHERE c.tenant = $1 AND c.position <= e.position)
      FROM indelible.events e WHERE e.tenant = $1 AND e.stream = $2 AND e.position >= $3 AND e.position < $4)
      ORDER BY position LIMIT $5`,
    [tenant, stream, from, below, LIMITS.batchCommitsMax],
  );
  return readRows(PlacedRow, rows);
};

export type Page = {
  readonly from: number;
  readonly below: number;
  /** Commits of this replica are left out. The empty string leaves none out. */
  readonly except: string;
  readonly commitsMax: number;
  readonly bytesMax: number;
};

/** Commits in the server's order, as many as fit. `candidates` is how many there were before the limit in bytes. */
export const readPage = async (query: Query, tenant: TenantId, page: Page) =>
  readRows(
    CommitRow,
    await query(
      `SELECT position, events, tree_root, bytes, candidates FROM (
        SELECT position, events, tree_root, bytes, count(*) OVER () AS candidates, row_number() OVER w AS place,
          sum(octet_length(bytes)) OVER w AS total
        FROM (
          SELECT position, events, tree_root, bytes FROM indelible.commits
          WHERE tenant = $1 AND position >= $2 AND position < $3 AND replica <> $4 ORDER BY position LIMIT $5) AS candidate
        WINDOW w AS (ORDER BY position)) AS counted
      WHERE place < $5 AND (total <= $6 OR place = 1) ORDER BY position`,
      [tenant, page.from, page.below, page.except, page.commitsMax + 1, page.bytesMax],
    ),
  );

/** The next rows of a tenant's log as they are, from a position on. */
export const readRowsFrom = async (query: Query, tenant: TenantId, from: number) =>
  readRows(
    WholeRow,
    await query(
      `SELECT position, events, replica, first, link, tree_root, bytes FROM indelible.commits
      WHERE tenant = $1 AND position >= $2 ORDER BY position LIMIT $3`,
      [tenant, from, LIMITS.batchCommitsMax],
    ),
  ).map(({ tree_root: treeRoot, ...row }) => ({ ...row, treeRoot }));

/** The root of the tree that the first `size` events make, if a commit ends there. */
export const readTreeRoot = async (query: Query, tenant: TenantId, size: number): Promise<Hash32 | undefined> => {
  const rows = await query(
    `SELECT tree_root FROM (
      SELECT position, events, tree_root FROM indelible.commits WHERE tenant = $1 AND position < $2
      ORDER BY position DESC LIMIT 1) AS last WHERE position + events = $2`,
    [tenant, size],
  );
  const [row] = readRows(RootRow, rows);
  return row === undefined ? undefined : hash32(row.tree_root);
};
