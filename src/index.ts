/** The browser core: open a store, define aggregates and views, sync, verify, export. Names are listed by hand. */
export type { Commit, Fault, Finding, RecordedEvent } from './core/commit.ts';
export type { Actor, Choice, CommitContext, EventBody, Originator, RecordedAt } from './core/envelope.ts';
export { ERROR_TEXT, type ErrorCode, type ErrorDetails, isStoreError, StoreError } from './core/errors.ts';
export type { Conflict, ConflictPolicy, ConflictRule, OpenedEvent, SettledConflict } from './core/fold.ts';
export {
  type AggregateId,
  type DirectoryKey,
  type EventId,
  type EventType,
  publicKey32,
  type ReplicaId,
  type StreamId,
  type TenantId,
  type UserId,
} from './core/ids.ts';
export { LIMITS } from './core/limits.ts';
export type { Clock, Entropy, KnownMarker, Scheduler, StorageFacts } from './core/ports.ts';
export { type Position, position, type Size, size } from './core/position.ts';
export {
  isSealed,
  type KeyMarking,
  type Opened,
  type Protected,
  type ProtectedPart,
  type ProtectedSchema,
  protect,
  type Sealed,
  type SealedReason,
  type SearchMarking,
} from './core/protect.ts';
export { defineEvent, EVERYTHING, type EventDefinition, type Upcaster } from './core/schema.ts';
export { type DataKey, makeDataKey, readDataKey, type SealedPlace } from './crypto/dataKey.ts';
export { privateKeyBytes, privateKeyFrom } from './crypto/keyBytes.ts';
export type { KeyAbsence, KeyScope, KeySource } from './crypto/keySource.ts';
export {
  type AggregateDefinition,
  defineAggregate,
  type EventDefinitions,
  type MachineState,
  type OpenedEventOf,
  type SendableEvent,
} from './machines/aggregate.ts';
export { type RolesOf, withRoles } from './machines/roles.ts';
export type { SyncState } from './machines/sync.ts';
export type { TrailEntry } from './projections/auditTrail.ts';
export type { Branch, Branches, ContestedKey } from './projections/branches.ts';
export {
  defineProcessor,
  type ProcessorDefinition,
  type ProcessorEvent,
  type ProcessorRetry,
} from './projections/processor.ts';
export type { Condition, Cursor, Direction, Row, Where } from './projections/query.ts';
export { defineRollup, type Measure, type RollupDefinition, type RollupRow } from './projections/rollup.ts';
export { type AggregateSnapshot, type Conflicted, defineView, type ViewDefinition } from './projections/view.ts';
export {
  type DexieStorage,
  type DexieStorageOptions,
  dexieStorage,
  type UpgradeProgress,
} from './storage/dexie/index.ts';
export { memoryStorage } from './storage/inMemory.ts';
export type {
  AppendOutcome,
  AppendRequest,
  CommitBytes,
  Durability,
  EventStorage,
  Identity,
  PackOutcome,
  PackRequest,
  StorageAdapter,
  StoredRecord,
} from './storage/port.ts';
export type { AggregateActor } from './store/actor.ts';
export {
  type AggregateDescription,
  describedInMarkdown,
  describeEvents,
  type EventTypeDescription,
  type ProtectedDescription,
} from './store/describe.ts';
export type { HealthCheck, HealthOptions, HealthReport, HealthWarning } from './store/health.ts';
export type { HealthCheckName } from './store/healthChecks.ts';
export type { HealthState } from './store/healthState.ts';
export type { HealthCode } from './store/healthText.ts';
export type { Loss } from './store/loss.ts';
export { loadParts } from './store/parts.ts';
export { type RememberedStore, rememberedStore } from './store/remembered.ts';
export { Replica } from './store/replica.ts';
export type { SealedEvent } from './store/sealedEvents.ts';
export type { SealedPlaceAt } from './store/sealedPlaces.ts';
export type { Persistence, SpaceForecast } from './store/space.ts';
export type {
  AggregateHandle,
  BulkItem,
  BulkOptions,
  BulkProgress,
  CheckOptions,
  CommitEntry,
  ConflictedAggregate,
  CurrentActor,
  ResolveOptions,
  SendOptions,
  SendOutcome,
  Store,
  StoreKeys,
  StoreOptions,
  SyncOptions,
} from './store/types.ts';
export { openStore } from './store.ts';
export type { LiveQuery, QueryResult } from './streams/liveQuery.ts';
export type { CommittedBatch } from './streams/log.ts';
export type { AsOf } from './streams/past.ts';
export type { ParkedEvent, Processor, ProcessorStatus } from './streams/processing.ts';
export type { RebuildStatus } from './streams/rebuilding.ts';
export type { Found, SearchFor } from './streams/search.ts';
export type { Sync, SyncStatus } from './sync/runner.ts';
export type { Transport } from './sync/transport.ts';
export type { LogReport, VerifyFinding } from './verify/index.ts';
