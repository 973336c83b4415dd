/** What is asked of the writer, and what becomes of it: drafts, jobs, outcomes, and what planning needs. */
import type { AggregateDefinition } from '../core/aggregate.ts';
import type { Commit, Fault } from '../core/commit.ts';
import type { Actor, Choice, CommitContext, EventBody, Originator } from '../core/envelope.ts';
import type { Conflict } from '../core/fold.ts';
import type { EventId, StreamId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Clock } from '../core/ports.ts';
import type { Position } from '../core/position.ts';
import type { Sealer } from '../crypto/sealer.ts';
import type { Durability, EventStorage, Identity, Marks } from '../storage/port.ts';
import type { AggregateStates } from './aggregateState.ts';
import type { BasisRule } from './basis.ts';
import type { Log } from './log.ts';
import type { EventOpener } from './opener.ts';

/** An event's payload with its protected values sealed for this id. */
export type SealedDraft = { readonly id: EventId; readonly payload: JsonObject };

/** One event to be recorded, already checked against its schema. */
export type Draft = {
  readonly stream: StreamId;
  readonly definition: AggregateDefinition;
  readonly type: string;
  /** With its protected values in the clear: what is decided on. */
  readonly payload: JsonObject;
  /** What is stored instead, and under which id; absent where nothing is protected. */
  readonly sealed?: SealedDraft;
  readonly reason?: string;
  readonly originator?: Originator;
  /** Ids of conflicting heads that this event settles. */
  readonly resolves?: readonly EventId[];
  /** What was said to be chosen for keys that it settles; with `resolves` only. The others are compared. */
  readonly choices?: readonly Choice[];
  /** Number of events of the stream that the caller has seen; not checked if absent. */
  readonly expectedVersion?: number;
};

/** What became of one draft. */
export type DraftOutcome =
  | {
      readonly kind: 'committed';
      readonly eventId: EventId;
      readonly version: number;
      readonly position: Position;
      /** How far it is safe: on the disk, with the operating system, or in memory only. */
      readonly durability: Durability;
    }
  /** Not stored: illegal in the state named; `legalIn` names the states in which it would be legal with these values. */
  | {
      readonly kind: 'refused';
      readonly why: 'illegal';
      readonly state: string;
      readonly legalIn: readonly string[];
    }
  /**
   * Not stored: a reason is missing, the stream may not be written to, an event of it lies in a record that cannot be read,
   * or another draft of the same job was refused.
   */
  | {
      readonly kind: 'refused';
      readonly why: 'reason-required' | 'read-only' | 'damaged' | 'with-others';
      readonly state: string;
    }
  /** Not stored: whoever acts may not end a conflict, or the event is for other roles than theirs: `roles`. */
  | {
      readonly kind: 'refused';
      readonly why: 'not-permitted';
      readonly state: string;
      readonly roles?: readonly string[];
    }
  /** Not stored: the stream moved on, or holds a conflict that this draft touches and does not resolve. */
  | { readonly kind: 'conflict'; readonly version: number; readonly conflicts: readonly Conflict[] };

/** Jobs that stand in one order: when one fails, those after it fail with the same error. */
export type Series = { failure?: { readonly error: unknown } };

/** Drafts by one actor. `atomic`: all or none; otherwise refused ones are left out. */
export type WriteJob = {
  readonly drafts: readonly Draft[];
  readonly actor: Actor;
  readonly atomic: boolean;
  readonly series?: Series;
};

/** Commits from elsewhere, each checked by itself. */
export type IngestJob = { readonly commits: readonly Commit[]; readonly marks: Marks };
export type IngestOutcome = {
  readonly ingested: number;
  readonly faults: readonly { readonly fault: Fault; readonly commit: Commit }[];
};

export type Queued =
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

/** What has to happen before the next commit is sealed, when the replica that writes here is to be succeeded. */
export type Succession = { readonly isDue: () => boolean; readonly settle: () => Promise<void> };

export type WriterParts = {
  readonly storage: EventStorage;
  readonly log: Log;
  readonly states: AggregateStates;
  /** Who writes; read anew for each attempt. */
  readonly identity: Identity;
  readonly succession?: Succession;
  /** Where events have protected fields. */
  readonly fields?: EventOpener;
  readonly basis: BasisRule;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly nextId: () => EventId;
  /** Everything of a context but actor, time and format. */
  readonly provenance: () => Pick<CommitContext, 'receipt' | 'software'>;
};

/** A job's place in a batch and, once it is durable, its outcomes. */
export type PlannedJob = {
  readonly queued: QueuedWrite;
  readonly outcomes: readonly (
    | DraftOutcome
    | { readonly kind: 'planned'; readonly body: EventBody; readonly version: number }
  )[];
};
