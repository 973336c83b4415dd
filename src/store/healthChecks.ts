/** The checks of health, each a function of what it looks at. They read the database as it is, not what is in memory. */
import type { Head } from '../core/commit.ts';
import { isStoreError } from '../core/errors.ts';
import type { ReplicaId, TenantId } from '../core/ids.ts';
import type { Clock, Scheduler, StorageFacts } from '../core/ports.ts';
import { type Position, position } from '../core/position.ts';
import { sameBytes } from '../crypto/bytes.ts';
import { emptyHead, linkHash, replicaIdOf } from '../crypto/chain.ts';
import { openReceipt } from '../crypto/checkpoint.ts';
import { decodeFrame } from '../crypto/commitBytes.ts';
import { readNoteVerifier } from '../crypto/signedNote.ts';
import type { EventStorage, Identity } from '../storage/port.ts';
import { heldChains } from '../streams/held.ts';
import { isUnreadable } from '../streams/pastDamage.ts';
import type { RebuildStatus } from '../streams/rebuilding.ts';
import type { SyncMark } from '../sync/marks.ts';
import type { SyncStatus } from '../sync/runner.ts';
import type { HealthCode } from './healthText.ts';
import type { Loss } from './loss.ts';
import { forecastOf, type Sample } from './space.ts';

/** Counts, codes, identifiers and times. */
export type CheckFacts = Readonly<Record<string, string | number | boolean>>;
export type Warning = { readonly code: HealthCode; readonly details: CheckFacts };
export type CheckResult = { readonly warnings: readonly Warning[]; readonly facts: CheckFacts };

/** What a running session can add to what the database says. */
export type SessionFacts = {
  readonly sync: SyncStatus | undefined;
  /** Wall clock less monotonic clock, in milliseconds, when the session began. */
  readonly clockOffsetMs: number;
  /** Server time and device time when the newest receipt of this session came. */
  readonly receiptCame: { readonly serverMs: number; readonly deviceMs: number } | undefined;
  /** False if the marker outside the database cannot be written. */
  readonly isMarked: boolean;
  readonly upkeepError: string | undefined;
  readonly rebuild: RebuildStatus;
};

export type HealthParts = {
  readonly storage: EventStorage;
  readonly identity: Identity | undefined;
  readonly mark: SyncMark;
  readonly losses: readonly Loss[];
  /** What was measured of this database earlier. */
  readonly samples: () => Promise<readonly Sample[]>;
  /** Own events that no receipt covers, and the device time of the oldest. */
  readonly pending: { readonly events: number; readonly oldest: string | undefined };
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly facts: StorageFacts;
  readonly session: SessionFacts | undefined;
};

const READ_BYTES = 1_048_576;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BACKLOG_DAYS_MAX = 7;
const BACKLOG_GROWS_MS = HOUR_MS;
const CLOCK_BACK_MS = 2_000;
const CLOCK_SKEW_MS = 120_000;
const DAYS_LEFT_MIN = 14;
export const USED_SHARE_MAX = 0.9;

type Walk = { readonly heads: Map<ReplicaId, Head>; readonly broken: Warning[]; commits: number; events: number };

const stepThrough = (walk: Walk, bytes: Uint8Array, tenant: TenantId): void => {
  const { publicKey, first, previous, root, count } = decodeFrame(bytes);
  const replica = replicaIdOf(publicKey);
  const head = walk.heads.get(replica) ?? emptyHead(replica, tenant);
  const follows = first === head.sequence + 1 && sameBytes(previous, head.link);
  const isTold = walk.broken.some(({ details }) => details['replica'] === replica);
  if (!follows && !isTold)
    walk.broken.push({ code: 'health.chain-broken', details: { replica, sequence: head.sequence + 1 } });
  walk.heads.set(replica, { sequence: first + count - 1, link: linkHash(previous, { first, count, root }) });
  walk.commits += 1;
  walk.events += count;
};

/** Follows every chain of a log from its beginning. */
export const walkChains = async (
  storage: Pick<EventStorage, 'read'>,
  tenant: TenantId,
  signal: AbortSignal,
): Promise<Walk> => {
  const walk: Walk = { heads: new Map(), broken: [], commits: 0, events: 0 };
  for (let from: Position = position(0); !signal.aborted; ) {
    const records = await storage.read(from, READ_BYTES);
    if (records.length === 0) break;
    for (const { commits } of records) {
      for (const commit of commits) {
        if (!isUnreadable(commit)) stepThrough(walk, commit.bytes, tenant);
        else walk.events += commit.events;
      }
    }
    from = position(walk.events);
  }
  return walk;
};

/** Every chain in the log is whole: each commit continues the one before it. Signatures are what `verify` checks. */
const chain = async ({ storage, identity }: HealthParts, signal: AbortSignal): Promise<CheckResult> => {
  if (identity === undefined) return { warnings: [], facts: { events: 0, commits: 0, replicas: 0 } };
  const { heads, broken, commits, events } = await walkChains(storage, identity.tenant, signal);
  return { warnings: broken, facts: { events, commits, replicas: heads.size } };
};

/** The newest receipt names the chain that is here. */
const receipts = async ({ storage, identity, mark }: HealthParts): Promise<CheckResult> => {
  const { receipt, server } = mark;
  if (identity === undefined || receipt === null || server === null) return { warnings: [], facts: { receipts: 0 } };
  const { replica, sequence, link, time, size } = await openReceipt(receipt.note, readNoteVerifier(server));
  const facts = { receipts: 1, sequence, time, serverSize: size };
  const { links } = await heldChains(storage)({ replica, from: sequence, to: Number.MAX_SAFE_INTEGER });
  const here = links.get(sequence);
  const details = { replica, sequence };
  if (here === undefined && links.size === 0) return { warnings: [{ code: 'health.receipt-ahead', details }], facts };
  const isSame = here !== undefined && sameBytes(here, link);
  return { warnings: isSame ? [] : [{ code: 'health.receipt-mismatch', details }], facts };
};

const PROBE = 'probe';

/** A small write is there when it is read back. */
const writability = async ({ storage, clock }: HealthParts): Promise<CheckResult> => {
  const startMs = clock.uptimeMs();
  const written = `${clock.nowMs()}-${startMs}`;
  const broken = (cause: string): CheckResult => ({
    warnings: [{ code: 'health.not-writable', details: { cause } }],
    facts: { durability: storage.durability },
  });
  try {
    await storage.writeMarks({ [PROBE]: written });
  } catch (error) {
    return broken(isStoreError(error) ? error.code : 'storage.failed');
  }
  const read = (await storage.readMarks())[PROBE];
  if (read !== written) return broken('storage.corrupt');
  const roundTripMs = Math.round(clock.uptimeMs() - startMs);
  const warnings: Warning[] =
    storage.durability === 'strict'
      ? []
      : [{ code: 'health.not-durable', details: { durability: storage.durability } }];
  return { warnings, facts: { durability: storage.durability, roundTripMs } };
};

/** What waits to be sent does not grow, and does not wait for long. */
const backlog = async ({ pending, samples, clock }: HealthParts): Promise<CheckResult> => {
  const measured = await samples();
  const { events, oldest } = pending;
  const nowMs = clock.nowMs();
  const earlier = measured.find(({ atMs }) => nowMs - atMs <= DAY_MS && nowMs - atMs >= BACKLOG_GROWS_MS);
  const oldestDays = oldest === undefined ? 0 : (nowMs - Date.parse(oldest)) / DAY_MS;
  const warnings: Warning[] = [];
  if (earlier !== undefined && earlier.pending > 0 && events > earlier.pending)
    warnings.push({
      code: 'health.backlog-growing',
      details: { pending: events, earlier: earlier.pending, hours: Math.round((nowMs - earlier.atMs) / HOUR_MS) },
    });
  if (oldestDays > BACKLOG_DAYS_MAX)
    warnings.push({ code: 'health.backlog-old', details: { pending: events, days: Math.floor(oldestDays) } });
  return { warnings, facts: { pending: events, ...(oldest === undefined ? {} : { oldest }) } };
};

/** The device clock against the monotonic clock and against what the server signed. */
const clock = async ({ clock: device, mark, session }: HealthParts): Promise<CheckResult> => {
  const nowMs = device.nowMs();
  const warnings: Warning[] = [];
  const signedMs = mark.receipt === null ? undefined : Date.parse(mark.receipt.time);
  if (signedMs !== undefined && signedMs - nowMs > CLOCK_SKEW_MS)
    warnings.push({ code: 'health.clock-behind', details: { behindMs: signedMs - nowMs } });
  const stepMs = session === undefined ? 0 : Math.round(nowMs - device.uptimeMs() - session.clockOffsetMs);
  // a step ahead is also what a device shows that has slept; a step back is not
  if (stepMs < -CLOCK_BACK_MS) warnings.push({ code: 'health.clock-stepped', details: { stepMs } });
  const came = session?.receiptCame;
  const skewMs = came === undefined ? undefined : came.deviceMs - came.serverMs;
  if (skewMs !== undefined && Math.abs(skewMs) > CLOCK_SKEW_MS)
    warnings.push({ code: 'health.clock-differs', details: { skewMs } });
  return {
    warnings,
    facts: { stepMs, ...(skewMs === undefined ? {} : { skewMs }), zoneOffsetMin: device.zone(nowMs).offsetMin },
  };
};

/** Room, how long it will do, and whether the platform promises to keep the data. */
const space = async ({ storage, samples, clock: device, facts, pending }: HealthParts): Promise<CheckResult> => {
  const estimate = await facts.estimate();
  const persisted = await facts.persisted();
  const warnings: Warning[] = [];
  if (persisted === false) warnings.push({ code: 'health.not-persisted', details: {} });
  const said = persisted === undefined ? {} : { persisted };
  if (estimate === undefined) return { warnings, facts: { known: false, ...said } };
  const { usageBytes, quotaBytes } = estimate;
  const now = { atMs: device.nowMs(), usageBytes, events: await storage.size(), pending: pending.events };
  const { bytesPerEvent, eventsPerDay, daysLeft } = forecastOf(await samples(), now, quotaBytes);
  const usedShare = quotaBytes === 0 ? 1 : usageBytes / quotaBytes;
  if (usedShare > USED_SHARE_MAX || (daysLeft ?? Number.POSITIVE_INFINITY) < DAYS_LEFT_MIN)
    warnings.push({
      code: 'health.space-low',
      details: { usageBytes, quotaBytes, ...(daysLeft === undefined ? {} : { daysLeft: Math.floor(daysLeft) }) },
    });
  return {
    warnings,
    facts: {
      ...{ known: true, usageBytes, quotaBytes, ...said },
      ...(bytesPerEvent === undefined ? {} : { bytesPerEvent: Math.round(bytesPerEvent) }),
      ...(eventsPerDay === undefined ? {} : { eventsPerDay: Math.round(eventsPerDay) }),
      ...(daysLeft === undefined ? {} : { daysLeft: Math.floor(daysLeft) }),
    },
  };
};

/** How the log lies in the database, whether upkeep manages, and how far folding anew is where it is under way. */
const storage = async ({ storage: database, session }: HealthParts): Promise<CheckResult> => {
  const [size, packedTo] = [await database.size(), await database.packedTo()];
  const cause = session?.upkeepError;
  const warnings: Warning[] = cause === undefined ? [] : [{ code: 'health.packing-failed', details: { cause } }];
  if (session?.isMarked === false) warnings.push({ code: 'health.not-remembered', details: {} });
  const { state, folded, cause: failure = '' } = session?.rebuild ?? { state: 'current', folded: 0 };
  if (state === 'failing') warnings.push({ code: 'health.rebuild-failing', details: { folded, size, cause: failure } });
  const replicas = (await database.readIdentities()).length;
  const layout = database.layout === undefined ? {} : { layout: database.layout };
  const facts = { size, packed: packedTo, unpacked: size - packedTo, ownReplicas: replicas, ...layout };
  if (state !== 'current') return { warnings, facts: { ...facts, folded } };
  return { warnings, facts };
};

/** How this device stands with the server. */
const connection = async ({ session, mark }: HealthParts): Promise<CheckResult> => {
  const status = session?.sync;
  const known = { server: mark.server !== null };
  if (status === undefined) return { warnings: [], facts: { ...known, state: 'none' } };
  const { state, lastError, attempts } = status;
  const warnings: Warning[] =
    lastError === undefined ? [] : [{ code: 'health.sync-failing', details: { cause: lastError, attempts } }];
  return { warnings, facts: { ...known, state, attempts } };
};

/** What was lost, what is here only, and what anomalies are kept. */
const losses = async ({ storage: database, losses: known }: HealthParts): Promise<CheckResult> => {
  const warnings: Warning[] = [];
  for (const { replica, reason, sequence, held, unconfirmed, heldHereOnly } of known) {
    if (held < sequence)
      warnings.push({ code: 'health.events-lost', details: { replica, reason, sequence, held, unconfirmed } });
    if (heldHereOnly > 0) warnings.push({ code: 'health.held-here-only', details: { replica, events: heldHereOnly } });
  }
  const findings = (await database.readFindings()).length;
  if (findings > 0) warnings.push({ code: 'health.findings-kept', details: { findings } });
  return { warnings, facts: { closedReplicas: known.length, findings } };
};

export const CHECKS = { chain, receipts, writability, backlog, clock, space, storage, connection, losses } as const;
export type HealthCheckName = keyof typeof CHECKS;
