/**
 * The one place where events become durable: decides, seals, signs, commits, publishes (`flights`); one transaction at a
 * time.
 *
 * Everything queued while a transaction is under way goes into the next one, each caller with its own commit and
 * outcome; no timer delays anything. If another connection committed first, what it wrote is read and everything is
 * decided and sealed again: bytes that were not committed never existed. Law: `writer.laws`.
 */
import type { Commit } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { fittingCommits } from './fitting.ts';
import { type LandedBatch, openFlights } from './flights.ts';
import { heldChains } from './held.ts';
import type { DraftOutcome, IngestJob, IngestOutcome, Queued, QueuedWrite, WriteJob, WriterParts } from './job.ts';
import { publisher, requestOf } from './storing.ts';

export type { Draft, DraftOutcome } from './job.ts';

export type Writer = {
  readonly write: (job: WriteJob) => Promise<readonly DraftOutcome[]>;
  readonly ingest: (job: IngestJob) => Promise<IngestOutcome>;
  /** Says that much will be written soon. */
  readonly prepare: () => void;
  /** Resolves when nothing is queued or under way. */
  readonly idle: () => Promise<void>;
  /** Waits for what is under way, then frees what sealing holds. */
  readonly close: () => Promise<void>;
};

/** Drafts in one transaction: about 10 ms of deciding, so that a page stays responsive during an import. */
const BATCH_DRAFTS_MAX = 512;

const contention = () => new StoreError('append.contention', { tries: LIMITS.appendTriesMax });

/** Waits until everything published is folded: what is decided next rests on it. */
const untilSettled = async ({ states }: Pick<WriterParts, 'states'>): Promise<void> => {
  do await states.settled();
  while (!states.isSettled());
};

/** Opens what came from elsewhere before it is stored: it is published in the very moment in which it is durable. */
const withOpened = async <T>(
  { fields }: Pick<WriterParts, 'fields'>,
  commits: readonly Commit[],
  store: () => Promise<T>,
): Promise<T> => {
  if (fields === undefined) return store();
  const events = commits.flatMap(({ context, events: bodies }) => bodies.map((body) => ({ body, context })));
  let [changes, opened] = [fields.changes(), await fields.open(events)];
  while (changes !== fields.changes()) [changes, opened] = [fields.changes(), await fields.open(events)];
  fields.hold(opened);
  try {
    return await store();
  } finally {
    fields.forget(opened.keys());
  }
};

/** Stores commits from elsewhere: one transaction, tried again while other connections are faster. */
const ingester = (parts: WriterParts) => {
  const { storage, log } = parts;
  const publish = publisher(parts);
  const held = heldChains(storage);
  return async (job: IngestJob): Promise<IngestOutcome> => {
    for (let tries = 0; tries < LIMITS.appendTriesMax; tries++) {
      await untilSettled(parts);
      const expectedSize = log.size(); // before the chains are looked at: what comes meanwhile is a conflict
      const { fitting, faults } = await fittingCommits(log, held, job.commits);
      const isNothing = fitting.length === 0 && Object.keys(job.marks).length === 0; // a full device can do that
      if (isNothing) return { ingested: 0, faults };
      const appended = await withOpened(parts, fitting, async () => {
        const outcome = await storage.append(requestOf(expectedSize, fitting, job.marks));
        if (outcome.kind === 'appended') await publish(outcome.records, fitting);
        return outcome;
      });
      if (appended.kind === 'appended')
        return { ingested: fitting.reduce((total, commit) => total + commit.events.length, 0), faults };
      await log.catchUp();
    }
    throw contention();
  };
};

/** The writes at the front of the queue, as many as one transaction takes. */
const takeWrites = (queue: Queued[]): readonly QueuedWrite[] => {
  const batch: QueuedWrite[] = [];
  let drafts = 0;
  while (drafts < BATCH_DRAFTS_MAX) {
    const next = queue[0];
    if (next?.kind !== 'write') break;
    queue.shift();
    drafts += next.job.drafts.length;
    batch.push(next);
  }
  return batch;
};

/** Drafts at the front of the queue, up to the next job of another kind, counted no further than to one batch. */
const draftsWaiting = (queue: readonly Queued[]): number => {
  let drafts = 0;
  for (const next of queue) {
    if (next.kind !== 'write' || drafts >= BATCH_DRAFTS_MAX) break;
    drafts += next.job.drafts.length;
  }
  return drafts;
};

const rejectAll = (writes: readonly QueuedWrite[], error: unknown): void => {
  for (const { reject } of writes) reject(error);
};

/** Puts the writes that did not make it to where they belong: back into the queue, or before their callers. */
const returner = ({ log }: WriterParts, queue: Queued[]) => {
  let conflicts = 0;
  return async ({ landing, batch, again }: LandedBatch): Promise<void> => {
    if (landing.kind !== 'conflict') conflicts = 0;
    if (landing.kind === 'failed') rejectAll(batch, landing.error);
    if (landing.kind !== 'conflict') {
      queue.unshift(...again);
      return;
    }
    conflicts += 1;
    try {
      if (conflicts >= LIMITS.appendTriesMax) throw contention();
      await log.catchUp();
      queue.unshift(...batch, ...again);
    } catch (error) {
      conflicts = 0;
      rejectAll(batch, error);
      queue.unshift(...again);
    }
  };
};

/** Takes one job or batch after the other from the queue. */
const stepper = (parts: WriterParts, queue: Queued[]) => {
  const { states, succession } = parts;
  const ingest = ingester(parts);
  const flights = openFlights(parts);
  const giveBack = returner(parts, queue);

  /** Sends the next writes on their way if they may go now. */
  const launch = (): boolean => {
    const isReady = states.isSettled() && succession?.isDue() !== true;
    const may = queue[0]?.kind === 'write' && isReady && flights.mayLaunch(draftsWaiting(queue));
    if (may) flights.launch(takeWrites(queue));
    return may;
  };

  const step = async (): Promise<void> => {
    if (launch()) return;
    if (flights.isUnderWay()) {
      await giveBack(await flights.land());
      return;
    }
    const next = queue[0];
    if (next?.kind === 'ingest') {
      queue.shift();
      await ingest(next.job).then(next.resolve, next.reject);
      return;
    }
    try {
      if (succession?.isDue() === true) await succession.settle();
      await untilSettled(parts);
    } catch (error) {
      rejectAll(takeWrites(queue), error);
    }
  };
  return { launch, step, isUnderWay: flights.isUnderWay };
};

/** Starts a writer over one connection. */
export const openWriter = (parts: WriterParts): Writer => {
  const queue: Queued[] = [];
  const { launch, step, isUnderWay } = stepper(parts, queue);
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    await undefined; // whoever writes in this very moment shares the transaction
    while (queue.length > 0 || isUnderWay()) await step();
    running = undefined; // at once: what is queued from here on starts anew
  };
  let isClosed = false;
  const enqueue = (queued: Queued): void => {
    if (isClosed) {
      queued.reject(new StoreError('storage.closed'));
      return;
    }
    if (queued.kind === 'write') parts.states.want(queued.job.drafts.map(({ stream }) => stream));
    queue.push(queued);
    if (running === undefined) running = run();
    else if (isUnderWay()) launch();
  };
  const idle = (): Promise<void> => running ?? Promise.resolve();

  return {
    write: (job) =>
      new Promise((resolve, reject) => {
        const fail = (error: unknown) => {
          if (job.series !== undefined) job.series.failure ??= { error };
          reject(error);
        };
        enqueue({ kind: 'write', job, resolve, reject: fail });
      }),
    ingest: (job) => new Promise((resolve, reject) => enqueue({ kind: 'ingest', job, resolve, reject })),
    prepare: parts.sealer.prepare,
    idle,
    close: async () => {
      isClosed = true; // what is queued is still written
      await idle();
      parts.sealer.close();
    },
  };
};
