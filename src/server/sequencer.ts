/**
 * Takes pushes: verifies, orders, stores, and vouches. One transaction for a push, with the tenant's log locked, so that
 * positions have no gaps and the tree is advanced by one writer at a time. Everything that needs WebCrypto is before or
 * after it. Laws: `sequencer.laws`.
 */
import { type Fault, headAfter } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import type { ReplicaId, TenantId } from '../core/ids.ts';
import { emptyHead } from '../crypto/chain.ts';
import { checkCommit } from '../crypto/checkCommit.ts';
import { decodeCommit } from '../crypto/commitBytes.ts';
import { appendLeaf, EMPTY_FRONTIER, EMPTY_ROOT, type Frontier, frontierRoot } from '../crypto/merkle.ts';
import type { Definitions } from '../streams/aggregateState.ts';
import { PROTOCOL, type PushResponse } from '../sync/protocol.ts';
import { openBook, readAccess } from './authority.ts';
import { askedOf, claimedBy, type Decision, decide, type Known, type Placed, type Received } from './decide.ts';
import { insertCommits, keepRefused, type Rooted, readHeld, readKnownIds } from './postgres/commits.ts';
import type { Database, Query } from './postgres/database.ts';
import {
  type HeadState,
  type LogState,
  lockLog,
  readHeads,
  readVouched,
  writeHead,
  writeLog,
} from './postgres/state.ts';
import { type Signer, signReceipt } from './statements.ts';

export type World = {
  readonly database: Database;
  readonly signer: Signer;
  readonly nowMs: () => number;
  /** The aggregates that the server folds, and whose rules it knows. */
  readonly definitions: Definitions;
  /** Told, after it is stored, of what speaks against a commit that was taken: ids and a code. */
  readonly pointOut?: (tenant: TenantId, fault: Fault) => void;
};

const firstOf = (bytes: Uint8Array, expected: number): { first: number; next: number } => {
  try {
    const { first, eventBytes } = decodeCommit(bytes);
    return { first, next: first + eventBytes.length };
  } catch {
    return { first: expected, next: expected };
  }
};

const receive = async (pushed: readonly Uint8Array[]): Promise<readonly Received[]> => {
  let expected = 0;
  const placed = pushed.map((bytes) => {
    const { first, next } = firstOf(bytes, expected);
    expected = next;
    return { bytes, first };
  });
  return Promise.all(
    placed.map(async ({ bytes, first }) => ({ bytes, first, check: await checkCommit(bytes, first) })),
  );
};

/** The one replica that a push is of; undefined if none of its commits can be read. */
const pusherOf = (received: readonly Received[]): ReplicaId | undefined => {
  const [replica, another] = claimedBy(received);
  if (another !== undefined) throw new StoreError('sync.protocol', { path: 'commits', what: 'replicas' });
  return replica;
};

const readKnown = async (
  query: Query,
  place: {
    readonly tenant: TenantId;
    readonly replica: ReplicaId;
    readonly size: number;
    readonly definitions: Definitions;
  },
  received: readonly Received[],
): Promise<Known> => {
  const { tenant, replica, size, definitions } = place;
  const { replicas, ids } = askedOf(received);
  const heads = await readHeads(query, tenant, new Set([...replicas, replica]));
  const own = heads.find((head) => head.replica === replica);
  return {
    tenant,
    size,
    head: own ?? emptyHead(replica, tenant),
    commits: await readHeld(query, { tenant, replica }, new Set(received.map(({ first }) => first))),
    sequences: new Map(heads.map((head) => [head.replica, head.sequence])),
    eventIds: await readKnownIds(query, tenant, ids),
    access: await readAccess(query, tenant),
    definitions,
  };
};

/** The log after more commits, and each of them with the root of the tree that it ends. */
const grow = (log: LogState, placed: readonly Placed[]): { log: LogState; rooted: readonly Rooted[] } => {
  let frontier: Frontier = log.frontier;
  const rooted = placed.map((each) => {
    for (const leaf of each.commit.leaves) frontier = appendLeaf(frontier, leaf);
    return { ...each, treeRoot: frontierRoot(frontier) };
  });
  return { log: { frontier, commits: log.commits + placed.length, root: frontierRoot(frontier) }, rooted };
};

const EMPTY_LOG: LogState = { commits: 0, frontier: EMPTY_FRONTIER, root: EMPTY_ROOT };

type Stored = { readonly decision: Decision; readonly log: LogState; readonly head: HeadState | undefined };
type Push = {
  readonly tenant: TenantId;
  readonly replica: ReplicaId;
  readonly at: Date;
  readonly received: readonly Received[];
  readonly definitions: Definitions;
};

const store = async (query: Query, { tenant, replica, at, received, definitions }: Push): Promise<Stored> => {
  const log = await lockLog(query, tenant, EMPTY_LOG);
  const known = await readKnown(query, { tenant, replica, size: log.frontier.size, definitions }, received);
  const decision = decide(known, received);
  const place = { tenant, at: at.toISOString() };
  for (const refusal of decision.refused) await keepRefused(query, place, refusal);
  const last = decision.accepted.at(-1)?.commit;
  if (last === undefined) {
    const held = (await readVouched(query, tenant, replica))?.head;
    return { decision, log, head: held };
  }
  const head = headAfter(last);
  const after = grow(log, decision.accepted);
  await insertCommits(query, place, after.rooted);
  await writeHead(query, tenant, { replica, publicKey: last.publicKey, head, at: place.at });
  await writeLog(query, tenant, after.log);
  return { decision, log: after.log, head: { ...head, replica, receivedAt: at } };
};

/** Commits that do not say whose they are: kept as evidence, nothing else changes. */
const storeUnreadable = async (
  query: Query,
  tenant: TenantId,
  at: Date,
  received: readonly Received[],
): Promise<Decision> => {
  const nothing = {
    tenant,
    size: 0,
    head: { sequence: 0, link: EMPTY_ROOT },
    commits: new Map(),
    sequences: new Map(),
  };
  const decision = decide(
    { ...nothing, eventIds: new Set(), access: openBook(tenant), definitions: new Map() },
    received,
  );
  for (const refusal of decision.refused) await keepRefused(query, { tenant, at: at.toISOString() }, refusal);
  return decision;
};

/**
 * Takes in a push. The same push again gives duplicates and changes nothing.
 * @throws StoreError `sync.protocol` (commits of several replicas), `storage.failed`: nothing was stored
 */
export const push = async (world: World, tenant: TenantId, pushed: readonly Uint8Array[]): Promise<PushResponse> => {
  const received = await receive(pushed);
  const replica = pusherOf(received);
  const at = new Date(world.nowMs());
  if (replica === undefined) {
    const { verdicts } = await world.database.transaction((query) => storeUnreadable(query, tenant, at, received));
    return { protocol: PROTOCOL, verdicts: [...verdicts], receipt: null };
  }
  const { decision, log, head } = await world.database.transaction((query) =>
    store(query, { tenant, replica, at, received, definitions: world.definitions }),
  );
  for (const fault of decision.pointedOut) world.pointOut?.(tenant, fault);
  const time = new Date(world.nowMs()).toISOString();
  const receipt = head === undefined ? null : await signReceipt(world.signer, { tenant, log, head, time });
  return { protocol: PROTOCOL, verdicts: [...decision.verdicts], receipt };
};
