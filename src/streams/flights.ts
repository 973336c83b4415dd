/**
 * Batches of writes on their way to the disk: planned on what the ones before them will have made, sealed while those
 * are being stored, stored one after the other.
 *
 * Invariants: one transaction at a time, in the order of the chain; when one does not make it, none after it is stored
 * as it was planned: they are given back, to be decided and sealed again, so bytes that were not committed never
 * existed. Laws: `writer.laws`, `pipeline.laws`.
 */
import type { Commit } from '../core/commit.ts';
import type { Hash32 } from '../core/ids.ts';
import { type Position, position, type Size, size } from '../core/position.ts';
import type { CommitDraft, SealedRun, SealingRun } from '../crypto/sealer.ts';
import type { AppendRequest, Durability, Marks } from '../storage/port.ts';
import type { DraftOutcome, PlannedJob, QueuedWrite, WriterParts } from './job.ts';
import { type BatchPlan, forgetPublished, planBatch, startTentative, type Tentative } from './plan.ts';

/** What became of a batch. `void`: an earlier one did not make it. */
export type Landing =
  | { readonly kind: 'stored' }
  | { readonly kind: 'void' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'failed'; readonly error: unknown };

type Flight = {
  readonly batch: readonly QueuedWrite[];
  readonly plan: BatchPlan;
  /** The link after the batch. */
  readonly link: Promise<Hash32>;
  /** Size of the log after the batch. */
  readonly size: Size;
  readonly landing: Promise<Landing>;
};

/** @param expectedSize  size of the log that the commits were decided and sealed against, not its size by now */
export const requestOf = (expectedSize: Size, commits: readonly Commit[], marks: Marks): AppendRequest => ({
  expectedSize,
  commits: commits.map(({ bytes, events }) => ({ bytes, events: events.length })),
  marks,
});

/** Publishes what is durable, and waits until states show it: whoever is answered sees what was recorded. */
export const publisher =
  ({ log, states }: WriterParts) =>
  async (records: readonly Position[], commits: readonly Commit[]): Promise<void> => {
    log.publish(records, commits);
    if (!states.isSettled()) await states.settled().catch(() => undefined); // durable all the same; folded later
  };

const settle = (planned: PlannedJob, first: number, durability: Durability): number => {
  let at = first;
  const outcomes = planned.outcomes.map((outcome): DraftOutcome => {
    if (outcome.kind !== 'planned') return outcome;
    const { body, version } = outcome;
    return { kind: 'committed', eventId: body.id, version, position: position(at++), durability };
  });
  planned.queued.resolve(outcomes);
  return at;
};

const answer = ({ jobs, failed }: BatchPlan, first: Size, durability: Durability): void => {
  let at: number = first;
  for (const job of jobs) at = settle(job, at, durability);
  for (const { queued, error } of failed) queued.reject(error);
};

/** A run after a link that is still being made. */
const beginAfter = ({ sealer, identity }: WriterParts, previous: Promise<Hash32>): SealingRun => {
  const { key } = identity;
  const drafts: CommitDraft[] = [];
  return {
    add: (draft) => drafts.push(draft),
    end: async () => {
      const run = sealer.begin(key, await previous);
      for (const draft of drafts) run.add(draft);
      return run.end();
    },
  };
};

const NOTHING: BatchPlan = { jobs: [], failed: [], left: [], ends: [] };

/** Batches that may be under way at once: one is decided, one sealed, one stored. */
const UNDER_WAY_MAX = 3;
/** Drafts that have to wait before they are planned ahead: fewer do better in one transaction with those that come. */
const AHEAD_DRAFTS_MIN = 256;

/** `batch`: the writes that this is about. `again`: writes to be planned, anew or for the first time, in order. */
export type Landed = {
  readonly landing: Landing;
  readonly batch: readonly QueuedWrite[];
  readonly again: readonly QueuedWrite[];
};

export type Flights = {
  readonly isUnderWay: () => boolean;
  /** True if a batch may be launched now, with so many drafts waiting. */
  readonly mayLaunch: (drafts: number) => boolean;
  /** Plans a batch and sends it on its way. */
  readonly launch: (batch: readonly QueuedWrite[]) => void;
  /** Waits for the oldest batch; if it does not make it, nothing is under way after it. */
  readonly land: () => Promise<Landed>;
};

/** Stores a planned batch once it is sealed, and answers its callers. */
const storer = (parts: WriterParts) => {
  const { storage } = parts;
  const publish = publisher(parts);
  return async (first: Size, plan: BatchPlan, sealed: Promise<SealedRun>): Promise<Landing> => {
    const { commits } = await sealed;
    let { durability } = storage;
    if (commits.length > 0) {
      const outcome = await storage.append(requestOf(first, commits, {}));
      if (outcome.kind === 'conflict') return outcome;
      ({ durability } = outcome);
      await publish(outcome.records, commits);
    }
    answer(plan, first, durability);
    return { kind: 'stored' };
  };
};

/** Plans a batch and begins to seal and store it: commits go to be sealed as they are decided, or after the batch before. */
const starter = (parts: WriterParts) => {
  const { log, sealer } = parts;
  const store = storer(parts);
  return (batch: readonly QueuedWrite[], tentative: Tentative, before: Flight | undefined): Flight => {
    const first = before?.size ?? log.size();
    const { replica, key } = parts.identity;
    const run = before === undefined ? sealer.begin(key, log.head(replica).link) : beginAfter(parts, before.link);
    let events = 0;
    const plan = planBatch(batch, tentative, parts, (draft) => {
      events += draft.events.length;
      run.add(draft);
    });
    const sealed = run.end();
    const link = sealed.then((ended) => ended.link);
    link.catch(() => undefined); // told by the landing
    const land = async (): Promise<Landing> =>
      before !== undefined && (await before.landing).kind !== 'stored' ? { kind: 'void' } : store(first, plan, sealed);
    const landing = land().catch((error: unknown): Landing => ({ kind: 'failed', error }));
    return { batch, plan, link, size: size(first + events), landing };
  };
};

/** A batch that could not be planned: what was planned after it would rest on half of it. */
const brokenFlight = (batch: readonly QueuedWrite[], error: unknown): Flight => {
  const link = Promise.reject(error);
  link.catch(() => undefined); // told by the landing
  return { batch, plan: NOTHING, link, size: size(0), landing: Promise.resolve({ kind: 'failed', error }) };
};

/** True if nothing may be decided on top of what is planned: a job waits for it, or failed in it. */
const isHeld = ({ plan }: Pick<Flight, 'plan'>): boolean => plan.left.length > 0 || plan.failed.length > 0;

/** The batches under way of one writer. */
export const openFlights = (parts: WriterParts): Flights => {
  const start = starter(parts);
  const flights: Flight[] = [];
  let tentative: Tentative | undefined;

  const launch = (batch: readonly QueuedWrite[]): void => {
    try {
      tentative ??= startTentative(parts);
      flights.push(start(batch, tentative, flights.at(-1)));
    } catch (error) {
      flights.push(brokenFlight(batch, error));
    }
  };

  const land = async (): Promise<Landed> => {
    const [oldest] = flights;
    if (oldest === undefined) return { landing: { kind: 'stored' }, batch: [], again: [] };
    const landing = await oldest.landing;
    const { left, ends } = oldest.plan;
    const batch = oldest.batch.slice(0, oldest.batch.length - left.length);
    flights.shift();
    if (landing.kind === 'stored' && tentative !== undefined && flights.length > 0) {
      forgetPublished(tentative, ends);
      return { landing, batch, again: left };
    }
    const later = flights.splice(0).flatMap((each) => each.batch);
    tentative = undefined;
    return { landing, batch, again: [...left, ...later] };
  };

  return {
    isUnderWay: () => flights.length > 0,
    mayLaunch: (drafts) => {
      const last = flights.at(-1);
      return last === undefined || (flights.length < UNDER_WAY_MAX && drafts >= AHEAD_DRAFTS_MIN && !isHeld(last));
    },
    launch,
    land,
  };
};
