/**
 * The one place where events become durable: decides, seals, signs, commits, publishes; one transaction at a time.
 *
 * Everything queued while a transaction is under way goes into the next one, each caller with its own commit and
 * outcome; no timer delays anything. If another connection committed first, what it wrote is read and everything is
 * decided and sealed again: bytes that were not committed never existed. Law: `writer.laws`.
 */
import type { Commit, Fault } from '../core/commit.ts';
import type { Actor, CommitContext, EventBody, Originator } from '../core/envelope.ts';
import { StoreError } from '../core/errors.ts';
import type { Conflict } from '../core/fold.ts';
import type { EventId, StreamId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import type { Clock } from '../core/ports.ts';
import { type Position, position } from '../core/position.ts';
import { type PreparedCommit, signCommit } from '../crypto/sealCommit.ts';
import type { AggregateDefinition } from '../machines/aggregate.ts';
import type { AppendOutcome, EventStorage, Identity, Marks } from '../storage/port.ts';
import type { AggregateStates } from './aggregateState.ts';
import { fittingCommits } from './fitting.ts';
import type { Log } from './log.ts';
import { planBatch } from './plan.ts';

/** One event to be recorded, already checked against its schema. */
export type Draft = {
  readonly stream: StreamId;
  readonly definition: AggregateDefinition;
  readonly type: string;
  readonly payload: JsonObject;
  readonly reason?: string;
  readonly originator?: Originator;
  /** Ids of conflicting heads that this event settles. */
  readonly resolves?: readonly EventId[];
  /** Number of events of the stream that the caller has seen; not checked if absent. */
  readonly expectedVersion?: number;
};

/** What became of one draft. */
export type DraftOutcome =
  | { readonly kind: 'committed'; readonly eventId: EventId; readonly version: number; readonly position: Position }
  /** Not stored: `illegal` in the state named, a reason is missing, or the stream may not be written to. */
  | {
      readonly kind: 'refused';
      readonly why: 'illegal' | 'reason-required' | 'read-only' | 'with-others';
      readonly state: string;
    }
  /** Not stored: the stream moved on, or holds a conflict that this draft touches and does not resolve. */
  | { readonly kind: 'conflict'; readonly version: number; readonly conflicts: readonly Conflict[] };

/** Drafts by one actor. `atomic`: all or none; otherwise refused ones are left out. */
export type WriteJob = { readonly drafts: readonly Draft[]; readonly actor: Actor; readonly atomic: boolean };

/** Commits from elsewhere, each checked by itself. */
export type IngestJob = { readonly commits: readonly Commit[]; readonly marks: Marks };
export type IngestOutcome = {
  readonly ingested: number;
  readonly faults: readonly { readonly fault: Fault; readonly commit: Commit }[];
};

type Queued =
  | {
      readonly kind: 'write';
      readonly job: WriteJob;
      readonly resolve: (outcomes: readonly DraftOutcome[]) => void;
      readonly reject: (error: unknown) => void;
    }
  | {
      readonly kind: 'ingest';
      readonly job: IngestJob;
      readonly resolve: (outcome: IngestOutcome) => void;
      readonly reject: (error: unknown) => void;
    };

export type QueuedWrite = Extract<Queued, { kind: 'write' }>;

export type Writer = {
  readonly write: (job: WriteJob) => Promise<readonly DraftOutcome[]>;
  readonly ingest: (job: IngestJob) => Promise<IngestOutcome>;
  /** Resolves when nothing is queued or under way. */
  readonly idle: () => Promise<void>;
};

export type WriterParts = {
  readonly storage: EventStorage;
  readonly log: Log;
  readonly states: AggregateStates;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly nextId: () => EventId;
  /** Everything of a context but actor, time and format. */
  readonly provenance: () => Pick<CommitContext, 'receipt' | 'software'>;
};

/** A job's place in a batch: its commits and, once they are durable, its outcomes. */
export type PlannedJob = {
  readonly queued: QueuedWrite;
  readonly commits: readonly PreparedCommit[];
  readonly outcomes: readonly (
    | DraftOutcome
    | { readonly kind: 'planned'; readonly body: EventBody; readonly version: number }
  )[];
};

const settle = (planned: PlannedJob, first: number): number => {
  let at = first;
  const outcomes = planned.outcomes.map((outcome): DraftOutcome => {
    if (outcome.kind !== 'planned') return outcome;
    return { kind: 'committed', eventId: outcome.body.id, version: outcome.version, position: position(at++) };
  });
  planned.queued.resolve(outcomes);
  return at;
};

/** Drafts in one transaction: about 25 ms of sealing, so that a page stays responsive during an import. */
const BATCH_DRAFTS_MAX = 1_024;

/** Starts a writer over one connection. */
export const openWriter = (parts: WriterParts): Writer => {
  const { storage, log, states, identity } = parts;
  const queue: Queued[] = [];
  let running: Promise<void> | undefined;

  const append = (commits: readonly Commit[], marks: Marks): Promise<AppendOutcome> =>
    storage.append({
      expectedSize: log.size(),
      commits: commits.map(({ bytes, events }) => ({ bytes, events: events.length })),
      marks,
    });

  /** Tries until no other connection was faster. @throws StoreError `append.contention` */
  const untilAppended = async (attempt: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; tries < LIMITS.appendTriesMax; tries++) {
      await states.settled();
      if (await attempt()) return;
      await log.catchUp();
    }
    throw new StoreError('append.contention', { tries: LIMITS.appendTriesMax });
  };

  const writeAll = async (batch: readonly QueuedWrite[]): Promise<readonly QueuedWrite[]> => {
    let left: readonly QueuedWrite[] = [];
    await untilAppended(async () => {
      const plan = planBatch(batch, parts);
      left = plan.left;
      const prepared = plan.jobs.flatMap(({ commits }) => commits);
      const commits = await Promise.all(prepared.map((commit) => signCommit(identity.key, commit)));
      const first = log.size();
      if (commits.length > 0) {
        const outcome = await append(commits, {});
        if (outcome.kind === 'conflict') return false;
        log.publish(outcome.records, commits);
      }
      let at: number = first;
      for (const job of plan.jobs) at = settle(job, at);
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
      const appended = await append(fitting, job.marks);
      if (appended.kind === 'conflict') return false;
      log.publish(appended.records, fitting);
      return true;
    });
    return outcome;
  };

  const takeWrites = (): readonly QueuedWrite[] => {
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

  const step = async (): Promise<void> => {
    const next = queue[0];
    if (next?.kind === 'ingest') {
      queue.shift();
      await ingest(next.job).then(next.resolve, next.reject);
      return;
    }
    const batch = takeWrites();
    try {
      queue.unshift(...(await writeAll(batch)));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };

  const pump = (): void => {
    running ??= (async () => {
      while (queue.length > 0) await step();
    })().finally(() => {
      running = undefined;
    });
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
