/** The public shape of a store: what an application calls. */
import type { Observable } from 'rxjs';
import type { Finding } from '../core/commit.ts';
import type { Conflict, SettledConflict } from '../core/conflict.ts';
import type { Actor, Choice, Originator } from '../core/envelope.ts';
import type { AggregateId, AggregateType, EventId, ReplicaId, StreamId, TenantId } from '../core/ids.ts';
import type { Clock, Entropy, KnownMarker, Scheduler, StorageFacts } from '../core/ports.ts';
import type { KeyExchange } from '../crypto/keyRows.ts';
import type { KeySource } from '../crypto/keySource.ts';
import type { AggregateDefinition, EventDefinitions, MachineState, SendableEvent } from '../machines/aggregate.ts';
import type { TrailEntry } from '../projections/auditTrail.ts';
import type { Branches } from '../projections/branches.ts';
import type { ProcessorDefinition } from '../projections/processor.ts';
import type { Row } from '../projections/query.ts';
import type { RollupDefinition } from '../projections/rollup.ts';
import type { AggregateSnapshot, ViewDefinition } from '../projections/view.ts';
import type { UpgradeProgress } from '../storage/dexie/index.ts';
import type { Durability, StorageAdapter } from '../storage/port.ts';
import type { UpkeepOptions, UpkeepReport } from '../streams/housework.ts';
import type { LiveQuery } from '../streams/liveQuery.ts';
import type { CommittedBatch } from '../streams/log.ts';
import type { AsOf } from '../streams/past.ts';
import type { Processor } from '../streams/processing.ts';
import type { RebuildStatus } from '../streams/rebuilding.ts';
import type { Found, SearchFor } from '../streams/search.ts';
import type { DraftOutcome } from '../streams/writer.ts';
import type { Sync, SyncStatus, SyncTiming } from '../sync/runner.ts';
import type { Transport } from '../sync/transport.ts';
import type { LogReport, Progress } from '../verify/index.ts';
import type { AggregateActor } from './actor.ts';
import type { HealthOptions, HealthReport } from './health.ts';
import type { HealthState } from './healthState.ts';
import type { SealedEvent } from './sealedEvents.ts';
import type { SealedPlaceAt } from './sealedPlaces.ts';

/** Who acts now. `onBehalfOf`: the person for whom the actor enters. */
export type CurrentActor = { readonly userId: string; readonly role: string; readonly onBehalfOf?: string };

/** Unlocked keys, as a key session gives them. */
export type StoreKeys = {
  readonly source: KeySource;
  /** HKDF base key under which the database lies at rest, for storage that seals by one; its own device key if absent. */
  readonly databaseKey?: CryptoKey;
  /** What of the keys travels to other devices with each sync, in wraps; nothing if absent. */
  readonly sheet?: KeyExchange;
  /** Calls when the keys go: the store closes. Returns how to stop it. */
  readonly onLock?: (listener: () => Promise<void> | void) => () => void;
};

export type StoreOptions = {
  /** Name of the database on this device. */
  readonly name: string;
  readonly tenant: string;
  readonly aggregates: readonly AggregateDefinition[];
  /** Views, and rollups each after what it is of. */
  readonly views?: readonly (ViewDefinition | RollupDefinition)[];
  /** What else is to happen because of events. */
  readonly processors?: readonly ProcessorDefinition[];
  /** Asked at each append. */
  readonly actor: () => CurrentActor;
  /** Where commits are kept; IndexedDB, strictly durable, if absent. */
  readonly storage?: StorageAdapter;
  /** Hears of an older database that is brought to the present layout when it is opened; of IndexedDB only. */
  readonly onUpgrade?: (progress: UpgradeProgress) => void;
  /** Unlocked keys; a store with protected fields opens with them only, and closes when they are locked. */
  readonly keys?: StoreKeys;
  /** Version of the application, recorded with each commit. */
  readonly app?: string;
  /** Whether the store packs and keeps snapshots by itself in idle moments (default), or on `compact` only. */
  readonly upkeep?: 'automatic' | 'manual';
  /**
   * Where it is remembered, outside the database, that there is one, so that its loss is said. In a browser its local
   * storage if absent; a database in memory is not remembered.
   */
  readonly known?: KnownMarker;
  /** What the platform says about room for data; the browser's own account if absent. */
  readonly space?: StorageFacts;
  readonly clock?: Clock;
  readonly entropy?: Entropy;
  readonly scheduler?: Scheduler;
};

export type SendOptions = {
  /** Reason for change. */
  readonly reason?: string;
  /** Where the data came from when not from the actor. */
  readonly originator?: Originator;
  /** Ids of the conflicting heads that this event settles. What it makes of each key is recorded with it, as `resolve` does. */
  readonly resolves?: readonly EventId[];
  /** Number of events the sender has seen of this aggregate; a different number is a conflict. */
  readonly expectedVersion?: number;
};

/**
 * Why a conflict ends so; where the values came from when not from the actor. `choices`: what the person chose for a key, recorded with the
 * event. Of a key without one it is recorded which side says the same as the event, or that it is new; of protected values nothing.
 */
export type ResolveOptions = {
  readonly reason: string;
  readonly originator?: Originator;
  readonly choices?: readonly Choice[];
};

/** What became of an event. */
export type SendOutcome = DraftOutcome;

/** An event of one aggregate that is to be recorded together with others, as its handle made it. */
export type CommitEntry = {
  readonly type: AggregateType;
  readonly id: AggregateId;
  readonly event: object;
  readonly options: SendOptions;
};

/**
 * One aggregate. It is an XState actor besides: `useSelector`, `waitFor` and inspectors take it as it is, and see a snapshot
 * of its machine, of type S.
 */
export type AggregateHandle<E extends EventDefinitions, C, S = unknown> = AggregateActor<S> & {
  /** The state now, and again after each change. */
  readonly state$: Observable<AggregateSnapshot<C>>;
  /** The state now; the same object for as long as nothing in it changes. */
  readonly state: () => AggregateSnapshot<C>;
  /** True if the event would be legal now, for the role of whoever acts; never while the aggregate is read-only. */
  readonly can: (event: SendableEvent<E>) => boolean;
  /** Whether the event would be legal, now and again when that changes: enables a button. */
  readonly can$: (event: SendableEvent<E>) => Observable<boolean>;
  /**
   * Records an event. Resolves after it is durable, or with the reason why it was not stored.
   * @throws StoreError `append.invalid`, `append.unknown-event`, `append.too-large`, `store.unavailable-actor`, `storage.*`
   */
  readonly send: (event: SendableEvent<E>, options?: SendOptions) => Promise<SendOutcome>;
  /** An event for `store.commit`; nothing is recorded or checked yet. */
  readonly entry: (event: SendableEvent<E>, options?: SendOptions) => CommitEntry;
  /** The state as of a moment. @throws StoreError `query.wrong-moment`, `storage.*` */
  readonly asOf: (at: AsOf) => Promise<AggregateSnapshot<C>>;
  /**
   * Ends conflicts by one or more events, all of them or none: each names the heads that it touches. `conflicts` are those that
   * the person has seen: where another head has come since, nothing is stored, and the outcomes say so. Where everything is in
   * conflict, the first event touches everything. @throws as `send`; `conflict.unknown-choice`
   */
  readonly resolve: (
    conflicts: readonly Conflict[],
    events: readonly SendableEvent<E>[],
    options: ResolveOptions,
  ) => Promise<readonly SendOutcome[]>;
  /** The sides of what is in open conflict, each as its author saw it; undefined if nothing is. @throws StoreError `storage.*` */
  readonly branches: () => Promise<Branches<MachineState & { readonly context: C }> | undefined>;
  /** Every event with the state before and after it, who, when and why; oldest first. */
  readonly history: () => Promise<readonly TrailEntry<MachineState & { readonly context: C }>[]>;
};

/** One event of a bulk append. */
export type BulkItem<E extends EventDefinitions> = {
  readonly id: string;
  readonly event: SendableEvent<E>;
  readonly options?: Omit<SendOptions, 'expectedVersion'>;
};

export type BulkProgress = { readonly done: number; readonly total: number };
export type BulkOptions = { readonly signal?: AbortSignal; readonly onProgress?: (progress: BulkProgress) => void };

export type SyncOptions = Partial<SyncTiming> & {
  /** Base address of the server. */
  readonly url: string;
  readonly token?: () => Promise<string>;
  /** Instead of HTTP to `url`. */
  readonly transport?: Transport;
  /** Follow the platform's idea of being online (default), or start as told and obey `setOnline` only. */
  readonly network?: 'automatic' | 'online' | 'offline';
};

export type CheckOptions = { readonly signal?: AbortSignal; readonly onProgress?: (progress: Progress) => void };

/** One aggregate in conflict: what waits for a person, and what its policy has settled. */
export type ConflictedAggregate = {
  readonly stream: StreamId;
  readonly type: AggregateType;
  readonly id: AggregateId;
  readonly conflicts: readonly Conflict[];
  readonly settled: readonly SettledConflict[];
};

export type Store = {
  /** Who writes here now: another one after this database was found to be lost, shorter or copied. */
  readonly replica: ReplicaId;
  readonly tenant: TenantId;
  readonly durability: Durability;
  /** Number of events in this device's log. */
  readonly size: () => number;
  readonly aggregate: <E extends EventDefinitions, C, S>(
    definition: AggregateDefinition<E, C, S>,
    id: string,
  ) => AggregateHandle<E, C, S>;
  /**
   * Records events of one or several aggregates in one commit, all of them or none: in this order, each decided on the state that
   * those before it lead to. Where one is not stored, its outcome says why, and the others that they were not `with-others`.
   * @throws as `send`; `aggregate.unknown-type`
   */
  readonly commit: (entries: readonly CommitEntry[]) => Promise<readonly SendOutcome[]>;
  /**
   * Records many events in order, in transactions of bounded size. What the machine refuses is left out and told; a
   * cancel keeps what is durable and throws `import.cancelled`.
   */
  readonly appendAll: <E extends EventDefinitions, C>(
    definition: AggregateDefinition<E, C>,
    items: readonly BulkItem<E>[],
    options?: BulkOptions,
  ) => Promise<readonly SendOutcome[]>;
  /**
   * Every event of a stream as it is stored, in the log's order, each with its leaf hash: what electronic signatures cover.
   * @throws StoreError `aggregate.unknown-type`, `storage.*`
   */
  readonly sealedEvents: (stream: StreamId) => Promise<readonly SealedEvent[]>;
  /**
   * Every sealed value of a stream, or of all streams of a subject: where it stands, its data key, and what is shown of it here.
   * @throws StoreError `aggregate.unknown-type`, `storage.*`
   */
  readonly sealedPlaces: (
    of: { readonly subject: string } | { readonly stream: StreamId },
  ) => Promise<readonly SealedPlaceAt[]>;
  /**
   * The events of an aggregate's type that hold a value in a protected field marked `search`, as far as this user can open them.
   * @throws StoreError `schema.unsearchable`, `store.part-missing`, `storage.*`
   */
  readonly find: <E extends EventDefinitions, C, S>(
    definition: AggregateDefinition<E, C, S>,
    wanted: SearchFor,
  ) => Promise<readonly Found[]>;
  /** Whose data a stream holds, as its aggregate says: the subject under whose key it seals. Undefined for a type that is not registered. */
  readonly subjectOf: (stream: StreamId) => string | undefined;
  /** The replicas that have written into this log, this one included. `closed`: another one goes on in its place. */
  readonly replicas: () => readonly { readonly replica: ReplicaId; readonly closed: boolean }[];
  /** Who acts now, as each append asks. @throws StoreError `store.unavailable-actor` */
  readonly actor: () => Actor;
  /** Live rows of a registered view or rollup. @throws StoreError `query.unknown-view` */
  readonly view: <R extends Row>(definition: ViewDefinition<R> | RollupDefinition<R>) => LiveQuery<R>;
  /** A registered processor: how far it is, and what it has set aside. @throws StoreError `processor.unknown` */
  readonly processor: (definition: ProcessorDefinition) => Processor;
  /**
   * Resolves when everything committed before the call, in this tab or another, is in states, views and rollups.
   * @throws StoreError `storage.*`
   */
  readonly caughtUp: () => Promise<void>;
  /**
   * Where folding anew stands, now and after each piece. After schemas or machines have changed it is done while the store is used:
   * until then states and rows are of the ones before, and say `stale`. What is sent is decided on the state of now.
   */
  readonly rebuild$: Observable<RebuildStatus>;
  /** Every batch of events after it became durable, from this tab, other tabs and sync, once and in order. */
  readonly committed$: Observable<CommittedBatch>;
  /** Every aggregate in conflict, sorted by stream: now, and again when a conflict comes, changes or ends. */
  readonly conflicts$: Observable<readonly ConflictedAggregate[]>;
  /** Starts syncing; one at a time for each store. */
  readonly sync: (options: SyncOptions) => Sync;
  /** Where syncing stands, now and after each change; undefined until `sync` was called. */
  readonly syncStatus$: Observable<SyncStatus | undefined>;
  /**
   * Packs small records into segments and keeps the states for the next opening, now instead of in an idle moment. What
   * was packed stays packed when it is cancelled (`import.cancelled`) or fails.
   */
  readonly compact: (options?: UpkeepOptions) => Promise<UpkeepReport>;
  /** Recomputes the hashes, signatures and chains of everything held. @throws StoreError `store.part-missing`, `storage.*` */
  readonly verify: (options?: CheckOptions) => Promise<LogReport>;
  /** Everything held, as a bundle that `indelible verify` checks alone. @throws StoreError `store.part-missing`, `storage.*` */
  readonly export: (options?: CheckOptions) => Promise<Blob>;
  /** Anomalies found so far, newest last. */
  readonly findings: () => Promise<readonly Finding[]>;
  /**
   * What is known of this store's health, now and after each change: room, persistence, loss, findings, sync. Nothing is
   * checked for it.
   */
  readonly health$: Observable<HealthState>;
  /**
   * Checks everything that can be checked here, each check by itself and within its time. Reads the whole log; runs when
   * asked only. Holds no recorded value. A check that fails is a warning. @throws StoreError `store.part-missing` only
   */
  readonly health: (options?: HealthOptions) => Promise<HealthReport>;
  /** Ends syncing, waits for what is under way, and releases the database. */
  readonly close: () => Promise<void>;
};
