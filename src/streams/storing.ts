/**
 * Sealed batches to the disk: one transaction at a time, of all that is sealed by then, and everybody is answered when it
 * is complete and published.
 *
 * Invariants: batches are stored in the order of the chain, and those of one transaction share what becomes of it: when
 * it fails, nobody knows of any of them whether it is stored, so none of them is tried again. After one that did not
 * make it, nothing is stored that was decided on top of it. Law: `pipeline.laws`.
 */
import type { Commit } from '../core/commit.ts';
import { type Position, position, type Size } from '../core/position.ts';
import type { SealedRun, SealingRun } from '../crypto/sealer.ts';
import type { AppendRequest, Durability, Marks } from '../storage/port.ts';
import type { DraftOutcome, PlannedJob, QueuedWrite, WriterParts } from './job.ts';
import type { BatchPlan } from './plan.ts';
import type { Steps } from './streamState.ts';

/** What became of the batches of one transaction. */
export type Landing =
  | { readonly kind: 'stored' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'failed'; readonly error: unknown };

/** `together`: how many batches, from this one on, had one transaction and share what became of it. */
export type Landed = { readonly landing: Landing; readonly together: number };

/** A batch on its way. */
export type Flight = {
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
const TOGETHER_EVENTS_MAX = 2_048;

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

/** Asked for in the order in which the events were decided: the batch that had the last one is asked first. */
const stepsOf = (flights: readonly Flight[]): Steps => {
  let at = 0;
  return ({ sequence }) => {
    for (let asked = 0; asked < flights.length; asked++) {
      const step = flights[at]?.plan.steps.get(sequence);
      if (step !== undefined) return step;
      at = (at + 1) % flights.length;
    }
    return undefined;
  };
};

/** Stores batches in order, as soon as they are sealed. After one that was not stored, nothing until `restart`. */
export const storer = (parts: WriterParts) => {
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
