/** The parts of an open store, wired: storage, log, states, pending counts, writer. The public calls build on these. */
import { merge, type Observable, Subject } from 'rxjs';
import type { Fault, RecordedEvent } from '../core/commit.ts';
import type { Actor, Software } from '../core/envelope.ts';
import { StoreError } from '../core/errors.ts';
import { type ReplicaId, type StreamId, streamParts, tenantId, userId } from '../core/ids.ts';
import type { Clock, Entropy, Scheduler } from '../core/ports.ts';
import { position, size } from '../core/position.ts';
import { eventIds } from '../core/uuid.ts';
import { toHex32 } from '../crypto/bytes.ts';
import { replicaIdOf } from '../crypto/chain.ts';
import { startHash } from '../crypto/runningHash.ts';
import { sealHere } from '../crypto/sealer.ts';
import { makeSigningKey } from '../crypto/signer.ts';
import type { AggregateSnapshot } from '../projections/view.ts';
import { dexieStorage } from '../storage/dexie/index.ts';
import type { EventStorage, Identity } from '../storage/port.ts';
import { type AggregateStates, collectStates, type Definitions } from '../streams/aggregateState.ts';
import { type Log, openLog } from '../streams/log.ts';
import { type Pending, trackPending } from '../streams/pending.ts';
import { emptyState } from '../streams/streamState.ts';
import { startUpkeep, type Upkeep } from '../streams/upkeep.ts';
import { openWriter, type Writer } from '../streams/writer.ts';
import { readSyncMark, type SyncMark } from '../sync/marks.ts';
import { exclusively } from './exclusive.ts';
import { type Opening, openingOf, statesFingerprint } from './opening.ts';
import { breathe, systemClock, systemEntropy, systemScheduler } from './platform.ts';
import { definitionsOf, registryFingerprint } from './registry.ts';
import type { StoreOptions } from './types.ts';

export const STORE_VERSION = '0.1.0';

export type Session = {
  readonly storage: EventStorage;
  readonly identity: Identity;
  readonly definitions: Definitions;
  readonly log: Log;
  readonly states: AggregateStates;
  readonly pending: Pending;
  readonly writer: Writer;
  readonly software: Software;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly actor: () => Actor;
  readonly mark: () => SyncMark;
  /** Takes a new mark; resolves when pending counts follow it. */
  readonly setMark: (mark: SyncMark) => Promise<void>;
  /** Streams whose snapshot has changed: new events, or newly acknowledged ones. */
  readonly changed$: Observable<ReadonlySet<StreamId>>;
  readonly snapshot: (stream: StreamId) => AggregateSnapshot;
  readonly keepFinding: (fault: Fault, evidence: Uint8Array) => Promise<void>;
  readonly upkeep: Upkeep;
};

const identityOf = async (storage: EventStorage, tenant: string, clock: Clock): Promise<Identity> => {
  const wanted = tenantId(tenant);
  const known = await storage.readIdentity();
  if (known !== undefined && known.tenant !== wanted) throw new StoreError('store.wrong-tenant');
  if (known !== undefined) return known;
  const key = await makeSigningKey();
  const createdAt = new Date(clock.nowMs()).toISOString();
  return storage.keepIdentity({ tenant: wanted, replica: replicaIdOf(key.publicKey), key, createdAt });
};

const actorOf = (options: StoreOptions) => (): Actor => {
  const { userId: user, role, onBehalfOf } = options.actor();
  if (user === '' || role === '') throw new StoreError('store.unavailable-actor');
  return { user: userId(user), role, ...(onBehalfOf === undefined ? {} : { onBehalfOf: userId(onBehalfOf) }) };
};

const snapshots = (states: AggregateStates, pending: Pending) => {
  return (stream: StreamId): AggregateSnapshot => {
    const { type, id } = streamParts(stream);
    const reader = states.reader(type);
    if (reader === undefined) throw new StoreError('aggregate.unknown-type', { type });
    const { fold, readOnly, unreadable } = states.get(stream) ?? emptyState(reader);
    return {
      id,
      value: fold.state.value,
      context: fold.state.context,
      version: fold.version,
      conflicts: fold.conflicts,
      pending: pending.of(stream),
      readOnly,
      inapplicable: fold.inapplicable.length + unreadable.length,
    };
  };
};

const findingKeeper =
  (storage: EventStorage, clock: Clock): Session['keepFinding'] =>
  async (fault, evidence) => {
    const hash = startHash();
    hash.update(evidence);
    const identity = [fault.code, fault.replica ?? '', fault.sequence, toHex32(hash.digest()).slice(0, 16)].join(':');
    await storage.keepFinding({ ...fault, identity, foundAt: new Date(clock.nowMs()).toISOString() }, evidence);
  };

/** Own events that no receipt covers, read again. */
const unconfirmed = async (log: Log, replica: ReplicaId, mark: SyncMark): Promise<readonly RecordedEvent[]> => {
  const own: RecordedEvent[] = [];
  for await (const { events } of log.readAgain(position(mark.outboxFrom))) {
    for (const event of events)
      if (event.context.replica === replica && event.body.sequence > mark.acknowledged) own.push(event);
  }
  return own;
};

/** Opens the log where the kept states end, and everything that follows it. */
const openFollowed = async (parts: {
  readonly storage: EventStorage;
  readonly identity: Identity;
  readonly definitions: Definitions;
  readonly opening: Opening;
  readonly mark: SyncMark;
}) => {
  const { storage, identity, definitions, mark } = parts;
  const { snapshot, start } = parts.opening;
  const pending = trackPending(identity.replica, mark.acknowledged, snapshot?.pending);
  const collected = collectStates(definitions, identity.replica, snapshot);
  const log = await openLog(storage, identity.tenant, start, (batch) => {
    const { events } = batch;
    pending.take(snapshot === undefined ? events : events.filter((event) => size(event.position) >= snapshot.size));
    collected.take(batch);
  });
  if (snapshot !== undefined && snapshot.pending.acknowledged !== mark.acknowledged)
    pending.reopen(mark.acknowledged, await unconfirmed(log, identity.replica, mark));
  log.committed$.subscribe(({ events }) => pending.take(events)); // before the states, whose followers read the counts
  return { pending, log, states: await collected.follow(log) };
};

const connect = async (storage: EventStorage, options: StoreOptions): Promise<Session> => {
  const clock = options.clock ?? systemClock;
  const entropy: Entropy = options.entropy ?? systemEntropy;
  const definitions = definitionsOf(options.aggregates);
  const identity = await identityOf(storage, options.tenant, clock);
  let mark = await readSyncMark(storage);
  const software: Software = {
    store: STORE_VERSION,
    registry: registryFingerprint(definitions),
    ...(options.app === undefined ? {} : { app: options.app }),
  };
  const fingerprint = statesFingerprint(definitions, identity, software);
  const opening = await openingOf(storage, fingerprint);
  const { pending, log, states } = await openFollowed({ storage, identity, definitions, opening, mark });
  const acknowledged = new Subject<ReadonlySet<StreamId>>();
  const provenance = () => ({
    software,
    receipt: mark.receipt === null ? null : { time: mark.receipt.time, size: mark.receipt.size },
  });
  const scheduler = options.scheduler ?? systemScheduler;
  const keepFinding = findingKeeper(storage, clock);
  const snapshotSize = opening.snapshot?.size ?? size(0);
  const alone = exclusively(`indelible:upkeep:${options.name}`);
  const upkeep = startUpkeep(
    { storage, log, states, pending, scheduler, fingerprint, snapshotSize, alone, breathe, keepFinding },
    options.upkeep !== 'manual',
  );
  const catchUp = () => void log.catchUp().catch(() => undefined); // read again at the next append
  storage.onForeignCommit(catchUp);
  catchUp(); // what was committed between the history and the listener
  return {
    storage,
    identity,
    definitions,
    log,
    states,
    pending,
    software,
    clock,
    scheduler,
    upkeep,
    actor: actorOf(options),
    writer: openWriter({
      storage,
      log,
      states,
      identity,
      sealer: sealHere,
      clock,
      nextId: eventIds(clock, entropy),
      provenance,
    }),
    mark: () => mark,
    setMark: async (next) => {
      const isLess = next.acknowledged < mark.acknowledged;
      const isAnother = next.acknowledged !== mark.acknowledged;
      mark = next;
      const streams =
        isLess || (isAnother && pending.isSummary())
          ? pending.reopen(next.acknowledged, await unconfirmed(log, identity.replica, next))
          : pending.acknowledge(next.acknowledged);
      if (streams.size > 0) acknowledged.next(streams);
    },
    changed$: merge(states.changed$, acknowledged),
    snapshot: snapshots(states, pending),
    keepFinding,
  };
};

/** Opens the database and everything over it. @throws StoreError; then nothing stays open */
export const openSession = async (options: StoreOptions): Promise<Session> => {
  const storage = await (options.storage ?? dexieStorage()).open(options.name);
  try {
    return await connect(storage, options);
  } catch (error) {
    await storage.close();
    throw error;
  }
};
