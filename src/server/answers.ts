/** What devices and people may ask: hello, pull, checkpoint, status. Reads only, each of one tenant. */
import { isErrorCode, StoreError } from '../core/errors.ts';
import type { Hash32, ReplicaId, TenantId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { toBase64 } from '../crypto/bytes.ts';
import { EMPTY_ROOT } from '../crypto/merkle.ts';
import { type Hello, PROTOCOL, type PullResponse, type ServerStatus } from '../sync/protocol.ts';
import { countRefused, readPage, readTreeRoot } from './postgres/commits.ts';
import { type LogState, readAllHeads, readLog, readVouched } from './postgres/state.ts';
import type { World } from './sequencer.ts';
import { signCheckpoint, signReceipt, verifierText } from './statements.ts';

const timeOf = (world: World): string => new Date(world.nowMs()).toISOString();

const ROOT_DIGITS = 24;

/**
 * A cursor names a tree head: how many events, and the beginning of their root. So it says not only how far the device
 * has read but of which log: one that this log does not contain (the server was replaced or restored) starts again at the
 * beginning, where the device drops what it has.
 */
const cursorOf = (size: number, root: Uint8Array): string =>
  `${size.toString(36)}-${Buffer.from(root).toString('hex').slice(0, ROOT_DIGITS)}`;

const rootAt = async (world: World, tenant: TenantId, log: LogState, size: number): Promise<Hash32 | undefined> =>
  size === log.frontier.size ? log.root : readTreeRoot(world.database.query, tenant, size);

const startOf = async (world: World, tenant: TenantId, log: LogState, cursor: string): Promise<number> => {
  if (cursor === '') return 0;
  const [, place] = /^([0-9a-z]{1,10})-[0-9a-f]{24}$/.exec(cursor) ?? [];
  if (place === undefined) throw new StoreError('sync.protocol', { path: 'after' });
  const size = Number.parseInt(place, 36);
  const root = await rootAt(world, tenant, log, size);
  return root !== undefined && cursorOf(size, root) === cursor ? size : 0;
};

/** What the server says of itself, with its newest receipt for one replica. */
export const hello = async (world: World, tenant: TenantId, replica: ReplicaId): Promise<Hello> => {
  const vouched = await readVouched(world.database.query, tenant, replica);
  const log = vouched?.log ?? (await readLog(world.database.query, tenant));
  const time = timeOf(world);
  return {
    protocol: PROTOCOL,
    server: verifierText(world.signer),
    time,
    receipt: vouched === undefined ? null : await signReceipt(world.signer, { tenant, ...vouched, time }),
    checkpoint: await signCheckpoint(world.signer, tenant, log),
  };
};

/** The tenant's signed tree head. */
export const checkpoint = async (world: World, tenant: TenantId): Promise<string> =>
  signCheckpoint(world.signer, tenant, await readLog(world.database.query, tenant));

export type PullRequest = { readonly after: string; readonly except: string };

/** Commits after the cursor in the server's order, within the limits of one message. */
export const pull = async (world: World, tenant: TenantId, request: PullRequest): Promise<PullResponse> => {
  const log = await readLog(world.database.query, tenant);
  if (log === undefined) return { protocol: PROTOCOL, commits: [], cursor: '', more: false };
  // The log only grows, and everything below the size just read is committed: the page is of one moment.
  const page = await readPage(world.database.query, tenant, {
    from: await startOf(world, tenant, log, request.after),
    below: log.frontier.size,
    except: request.except,
    commitsMax: LIMITS.batchCommitsMax,
    bytesMax: LIMITS.batchBytesMax,
  });
  const last = page.at(-1);
  const more = last !== undefined && last.candidates > page.length;
  return {
    protocol: PROTOCOL,
    commits: page.map(({ bytes }) => Buffer.from(bytes).toString('base64')),
    cursor: more ? cursorOf(last.position + last.events, last.tree_root) : cursorOf(log.frontier.size, log.root),
    more,
  };
};

/** The tenant's state for people: counts only. */
export const status = async (world: World, tenant: TenantId): Promise<ServerStatus> => {
  const { query } = world.database;
  const log = await readLog(query, tenant);
  const heads = await readAllHeads(query, tenant);
  const refused = await countRefused(query, tenant);
  return {
    protocol: PROTOCOL,
    tenant,
    size: log?.frontier.size ?? 0,
    commits: log?.commits ?? 0,
    root: toBase64(log?.root ?? EMPTY_ROOT),
    checkpoint: await signCheckpoint(world.signer, tenant, log),
    replicas: heads.map(({ replica, sequence, receivedAt }) => ({
      replica,
      sequence,
      receivedAt: receivedAt.toISOString(),
    })),
    refused: refused.flatMap(({ code, count }) => (isErrorCode(code) ? [{ code, count }] : [])),
  };
};
