/**
 * Batches of writes on their way to the disk: planned on what the ones before them will have made, sealed while those
 * are being stored, stored in order, and together where several are ready.
 *
 * Invariants: one transaction at a time, in the order of the chain; when one does not make it, none after it is stored
 * as it was planned: they are given back, to be decided and sealed again, so bytes that were not committed never
 * existed. Laws: `writer.laws`, `pipeline.laws`.
 */
import type { Commit } from '../core/commit.ts';
import { type Position, position, type Size, size } from '../core/position.ts';
import type { SealedRun, SealingRun } from '../crypto/sealer.ts';
import type { AppendRequest, Durability, Marks } from '../storage/port.ts';
import type { DraftOutcome, PlannedJob, QueuedWrite, WriterParts } from './job.ts';
import { type BatchPlan, forgetPublished, planBatch, startTentative, type Tentative } from './plan.ts';
import type { Steps } from './streamState.ts';

/** What became of the batches of one transaction. */
export type Landing =
  | { readonly kind: 'stored' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'failed'; readonly error: unknown };

/** `together`: how many batches, from this one on, had one transaction and share what became of it. */
type Landed = { readonly landing: Landing; readonly together: number };

type Flight = {
  readonly batch: readonly QueuedWrite[];
  readonly plan: BatchPlan;
  /** Undefined for a batch that could not be planned. */
  readonly run: SealingRun | undefined;
  /** Size of the log before the batch. */
  readonly first: Size;
  /** Events to be stored. */
  readonly events: number;
  /** What sealing gave, once it has. */
  sealed: { readonly run: SealedRun } | { readonly error: unknown } | undefined;
  readonly landed: Promise<Landed>;
  readonly land: (landed: Landed) => void;
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
  async (records: readonly Position[], commits: readonly Commit[], steps?: Steps): Promise<void> => {
    log.publish(records, commits, steps);
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

const answer = ({ plan: { jobs, failed }, first }: Flight, durability: Durability): void => {
  let at: number = first;
  for (const job of jobs) at = settle(job, at, durability);
  for (const { queued, error } of failed) queued.reject(error);
};

/** Events that are stored in one transaction, where they are of several batches. */
const TOGETHER_EVENTS_MAX = 512;

/** The oldest batches, as far as they are sealed and fit into one transaction. */
const readyOf = (waiting: readonly Flight[]): { readonly flights: readonly Flight[]; readonly commits: Commit[] } => {
  const flights: Flight[] = [];
  const commits: Commit[] = [];
  let events = 0;
  for (const flight of waiting) {
    const { sealed } = flight;
    if (sealed === undefined || 'error' in sealed) break;
    events += flight.events;
    if (flights.length > 0 && events > TOGETHER_EVENTS_MAX) break;
    flights.push(flight);
    commits.push(...sealed.run.commits);
  }
  return { flights, commits };
};

const stepsOf =
  (flights: readonly Flight[]): Steps =>
  (body) => {
    for (const { plan } of flights) {
      const step = plan.steps.get(body);
      if (step !== undefined) return step;
    }
    return undefined;
  };

/** Stores batches in order, as soon as they are sealed. After one that was not stored, nothing until `restart`. */
const storer = (parts: WriterParts) => {
  const { storage } = parts;
  const publish = publisher(parts);
  let waiting: Flight[] = [];
  let isBusy = false;
  let isStopped = false;

  const store = async (flights: readonly Flight[], commits: readonly Commit[]): Promise<Landing> => {
    const [oldest] = flights;
    let { durability } = storage;
    if (oldest !== undefined && commits.length > 0) {
      const outcome = await storage.append(requestOf(oldest.first, commits, {}));
      if (outcome.kind === 'conflict') return outcome;
      ({ durability } = outcome);
      await publish(outcome.records, commits, stepsOf(flights));
    }
    for (const flight of flights) answer(flight, durability);
    return { kind: 'stored' };
  };
  const step = async (oldest: Flight, failure: { readonly error: unknown } | undefined): Promise<void> => {
    const { flights, commits } = readyOf(waiting);
    const fail = (error: unknown): Landing => ({ kind: 'failed', error });
    const landing = failure === undefined ? await store(flights, commits).catch(fail) : fail(failure.error);
    const together = Math.max(1, flights.length);
    isStopped = landing.kind !== 'stored';
    waiting = isStopped ? [] : waiting.slice(together);
    oldest.land({ landing, together });
  };
  const run = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    for (let [oldest] = waiting; oldest?.sealed !== undefined; [oldest] = waiting)
      await step(oldest, 'error' in oldest.sealed ? oldest.sealed : undefined);
    isBusy = false;
  };
  return {
    add: (flight: Flight): void => {
      if (!isStopped) waiting.push(flight);
    },
    /** To be called whenever a batch is sealed. */
    run,
    restart: (): void => {
      isStopped = false;
    },
  };
};

/** The promise of what becomes of a flight, and the way to say it. */
const landingPlace = (): Pick<Flight, 'landed' | 'land'> => {
  let land: Flight['land'] = () => undefined;
  const landed = new Promise<Landed>((resolve) => {
    land = resolve;
  });
  return { landed, land };
};

/** Plans a batch and begins to seal it: commits go to be sealed as they are decided. `tell` is called when they are. */
const planned = (
  parts: WriterParts,
  batch: readonly QueuedWrite[],
  place: { readonly tentative: Tentative; readonly before: Flight | undefined; readonly tell: () => void },
): Flight => {
  const { log, sealer, identity } = parts;
  const { tentative, before, tell } = place;
  const first = before === undefined ? log.size() : size(before.first + before.events);
  const run = before?.run?.next() ?? sealer.begin(identity.key, log.head(identity.replica).link);
  let events = 0;
  const plan = planBatch(batch, tentative, parts, (draft) => {
    events += draft.events.length;
    run.add(draft);
  });
  const flight: Flight = { batch, plan, run, first, events, sealed: undefined, ...landingPlace() };
  const done = (sealed: Flight['sealed']) => {
    flight.sealed = sealed;
    tell();
  };
  run.end().then(
    (sealed) => done({ run: sealed }),
    (error: unknown) => done({ error }),
  );
  return flight;
};

const NOTHING: BatchPlan = { jobs: [], failed: [], left: [], ends: [], steps: new Map() };

/** A batch that could not be planned: what was planned after it would rest on half of it. */
const broken = (batch: readonly QueuedWrite[], error: unknown): Flight => ({
  ...{ batch, plan: NOTHING, run: undefined, first: size(0), events: 0, sealed: { error } },
  ...landingPlace(),
});

/** True if nothing may be decided on top of what is planned: a job waits for it, or failed in it. */
const isHeld = ({ plan: { left, failed }, run }: Flight): boolean =>
  left.length > 0 || failed.length > 0 || run === undefined;

/** Batches that may be under way at once: while some are decided, some are sealed and some are stored. */
const UNDER_WAY_MAX = 16;
/** Drafts that have to wait before they are planned ahead: fewer do better in one transaction with those that come. */
const AHEAD_DRAFTS_MIN = 48;

/** `batch`: the writes that this is about. `again`: writes to be planned, anew or for the first time, in order. */
export type LandedBatch = {
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
  readonly land: () => Promise<LandedBatch>;
};

/** The batches under way of one writer. */
export const openFlights = (parts: WriterParts): Flights => {
  const { add, run, restart } = storer(parts);
  const tell = () => void run();
  const flights: Flight[] = [];
  let tentative: Tentative | undefined;

  const plan = (batch: readonly QueuedWrite[]): Flight => {
    try {
      tentative ??= startTentative(parts);
      return planned(parts, batch, { tentative, before: flights.at(-1), tell });
    } catch (error) {
      return broken(batch, error);
    }
  };
  const launch = (batch: readonly QueuedWrite[]): void => {
    const flight = plan(batch);
    flights.push(flight);
    add(flight);
    tell();
  };

  const land = async (): Promise<LandedBatch> => {
    const [oldest] = flights;
    if (oldest === undefined) return { landing: { kind: 'stored' }, batch: [], again: [] };
    const { landing, together } = await oldest.landed;
    const landed = flights.splice(0, together);
    const batch = landed.flatMap((each) => each.batch.slice(0, each.batch.length - each.plan.left.length));
    const left = landed.flatMap((each) => each.plan.left);
    if (landing.kind === 'stored' && tentative !== undefined && flights.length > 0) {
      for (const { plan: ended } of landed) forgetPublished(tentative, ended.ends);
      return { landing, batch, again: left };
    }
    const later = flights.splice(0).flatMap((each) => each.batch);
    tentative = undefined;
    restart();
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
