/**
 * The one place where events become durable: decides, seals, signs, commits, publishes; one transaction at a time.
 *
 * Everything queued while a transaction is under way goes into the next one, each caller with its own commit and
 * outcome; no timer delays anything. If another connection committed first, what it wrote is read and everything is
 * decided and sealed again: bytes that were not committed never existed. Law: `writer.laws`.
 */
import type { Commit } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { type Position, position, type Size } from '../core/position.ts';
import { signCommit } from '../crypto/sealCommit.ts';
import type { AppendRequest, Durability, Marks } from '../storage/port.ts';
import { fittingCommits } from './fitting.ts';
import type {
  DraftOutcome,
  IngestJob,
  IngestOutcome,
  PlannedJob,
  Queued,
  QueuedWrite,
  WriteJob,
  WriterParts,
} from './job.ts';
import { planBatch } from './plan.ts';

export type { Draft, DraftOutcome } from './job.ts';

export type Writer = {
  readonly write: (job: WriteJob) => Promise<readonly DraftOutcome[]>;
  readonly ingest: (job: IngestJob) => Promise<IngestOutcome>;
  /** Resolves when nothing is queued or under way. */
  readonly idle: () => Promise<void>;
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

/** Drafts in one transaction: about 25 ms of sealing, so that a page stays responsive during an import. */
const BATCH_DRAFTS_MAX = 1_024;

/** @param expectedSize  size of the log that the commits were decided and sealed against, not its size by now */
const requestOf = (expectedSize: Size, commits: readonly Commit[], marks: Marks): AppendRequest => ({
  expectedSize,
  commits: commits.map(({ bytes, events }) => ({ bytes, events: events.length })),
  marks,
});

/** Writes to one connection: each call is one transaction, tried again while other connections are faster. */
const appender = (parts: WriterParts) => {
  const { storage, log, states, identity } = parts;

  /** Publishes what is durable, and waits until states show it: whoever is answered sees what was recorded. */
  const publish = async (records: readonly Position[], commits: readonly Commit[]): Promise<void> => {
    log.publish(records, commits);
    if (!states.isSettled()) await states.settled().catch(() => undefined); // durable all the same; folded later
  };

  /** Tries until no other connection was faster. @throws StoreError `append.contention` */
  const untilAppended = async (attempt: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; tries < LIMITS.appendTriesMax; tries++) {
      do await states.settled();
      while (!states.isSettled());
      if (await attempt()) return;
      await log.catchUp();
    }
    throw new StoreError('append.contention', { tries: LIMITS.appendTriesMax });
  };

  /** Writes a batch; gives the jobs that have to wait for the next one. */
  const writeAll = async (batch: readonly QueuedWrite[]): Promise<readonly QueuedWrite[]> => {
    let left: readonly QueuedWrite[] = [];
    await untilAppended(async () => {
      const first = log.size();
      const plan = planBatch(batch, parts);
      left = plan.left;
      const prepared = plan.jobs.flatMap(({ commits }) => commits);
      const commits = await Promise.all(prepared.map((commit) => signCommit(identity.key, commit)));
      if (commits.length > 0) {
        const outcome = await storage.append(requestOf(first, commits, {}));
        if (outcome.kind === 'conflict') return false;
        await publish(outcome.records, commits);
      }
      let at: number = first;
      for (const job of plan.jobs) at = settle(job, at, storage.durability);
      for (const { queued, error } of plan.failed) queued.reject(error);
      return true;
    });
    return left;
  };

  const ingest = async (job: IngestJob): Promise<IngestOutcome> => {
    let outcome: IngestOutcome = { ingested: 0, faults: [] };
    await untilAppended(async () => {
      const { fitting, faults } = fittingCommits(log, job.commits);
      outcome = { ingested: fitting.reduce((total, commit) => total + commit.events.length, 0), faults };
      const appended = await storage.append(requestOf(log.size(), fitting, job.marks));
      if (appended.kind === 'conflict') return false;
      await publish(appended.records, fitting);
      return true;
    });
    return outcome;
  };
  return { writeAll, ingest };
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

/** Starts a writer over one connection. */
export const openWriter = (parts: WriterParts): Writer => {
  const { writeAll, ingest } = appender(parts);
  const queue: Queued[] = [];
  let running: Promise<void> | undefined;

  const step = async (): Promise<void> => {
    const next = queue[0];
    if (next?.kind === 'ingest') {
      queue.shift();
      await ingest(next.job).then(next.resolve, next.reject);
      return;
    }
    const batch = takeWrites(queue);
    try {
      queue.unshift(...(await writeAll(batch)));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };

  const pump = (): void => {
    running ??= (async () => {
      while (queue.length > 0) await step();
      running = undefined; // at once: what is queued from here on starts anew
    })();
  };

  const enqueue = (queued: Queued): void => {
    queue.push(queued);
    pump();
  };

  return {
    write: (job) => new Promise((resolve, reject) => enqueue({ kind: 'write', job, resolve, reject })),
    ingest: (job) => new Promise((resolve, reject) => enqueue({ kind: 'ingest', job, resolve, reject })),
    idle: () => running ?? Promise.resolve(),
  };
};
