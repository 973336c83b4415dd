/** The parts of an open store, wired: storage, log, states, pending counts, writer. The public calls build on these. */
import { merge, type Observable } from 'rxjs';
import type { RecordedEvent } from '../core/commit.ts';
import type { Actor, Software } from '../core/envelope.ts';
import { StoreError } from '../core/errors.ts';
import { type StreamId, streamParts, userId } from '../core/ids.ts';
import { loadPart } from '../core/part.ts';
import type { Clock, Entropy, KnownMarker, Scheduler } from '../core/ports.ts';
import { size } from '../core/position.ts';
import type { KeyExchange } from '../crypto/keyRows.ts';
import type { AggregateSnapshot } from '../projections/view.ts';
import { dexieStorage } from '../storage/dexie/index.ts';
import type { EventStorage, Identity } from '../storage/port.ts';
import { type AggregateStates, collectStates, type Definitions } from '../streams/aggregateState.ts';
import type { BasisRule } from '../streams/basis.ts';
import type { DamagedStreams } from '../streams/damagedStreams.ts';
import { type Fields, typesWithProtectedFields } from '../streams/fields.ts';
import { type CommittedBatch, type Log, openLog } from '../streams/log.ts';
import { type PastDamage, pastDamage } from '../streams/pastDamage.ts';
import { type Pending, trackPending } from '../streams/pending.ts';
import type { Rebuilding } from '../streams/rebuilding.ts';
import type { Search } from '../streams/search.ts';
import { emptyState, snapshotOfState } from '../streams/streamState.ts';
import type { Upkeep } from '../streams/upkeep.ts';
import type { Writer } from '../streams/writer.ts';
import { type SyncMark, syncMarkIn } from '../sync/marks.ts';
import { openBasis } from './basis.ts';
import { closeDamaged, isNewlyDamaged } from './damaged.ts';
import { openDerived } from './derived.ts';
import type { Exclusive } from './exclusive.ts';
import { type Findings, openFindings, unreadableTeller } from './findings.ts';
import { identityOf } from './identity.ts';
import { type Keeping, openKeeping } from './keeping.ts';
import { type Known, NO_MARKER, readKnown } from './known.ts';
import { foldingRules, type Opening, openingOf, readFirst, statesNames, WITHOUT } from './opening.ts';
import { openMark, type ReceiptCame, unconfirmed } from './ownMark.ts';
import { ownPending } from './ownPending.ts';
import { breathe, systemClock, systemEntropy, systemScheduler } from './platform.ts';
import { checkKeys, fieldsOf, followKeys } from './protectedFields.ts';
import { definitionsOf, registryFingerprint } from './registry.ts';
import { Replica } from './replica.ts';
import { lazySearch } from './searching.ts';
import { deviceMarker, followLeaving } from './storageFacts.ts';
import type { Succession } from './succession.ts';
import type { StoreOptions } from './types.ts';
import { openWriting } from './writing.ts';

export const STORE_VERSION = '0.1.0';

export type Session = {
  readonly storage: PastDamage;
  /** Who writes now; another one after a succession. */
  readonly identity: Identity;
  readonly basis: BasisRule;
  readonly definitions: Definitions;
  readonly log: Log;
  readonly states: AggregateStates;
  readonly pending: Pending;
  readonly writer: Writer;
  /** Folds anew what was folded by other schemas or machines. */
  readonly rebuilding: Rebuilding;
  /** True while states of the type are of before, or unopened. */
  readonly isTypeStale: (type: string) => boolean;
  /** Streams of which events cannot be read. */
  readonly damaged: DamagedStreams;
  readonly software: Software;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly actor: () => Actor;
  readonly mark: () => SyncMark;
  /** Takes a new mark; resolves when pending counts follow it. */
  readonly setMark: (mark: SyncMark) => Promise<void>;
  /** When the newest receipt of this session came, by the server's clock and by the device's. */
  readonly receiptCame: () => ReceiptCame | undefined;
  /** Streams whose snapshot has changed: new events, or newly acknowledged ones. */
  readonly changed$: Observable<ReadonlySet<StreamId>>;
  readonly snapshot: (stream: StreamId) => AggregateSnapshot;
  readonly findings: Findings;
  readonly succession: Succession;
  readonly keeping: Keeping;
  readonly upkeep: Upkeep;
  /** Work that one tab at a time may do, by its name. */
  readonly turns: (what: string) => Exclusive;
  /** What of the keys travels by sync. */
  readonly keySheet: KeyExchange | undefined;
  /** Forgets everything that was opened, at once and for good: keys were locked. */
  readonly forgetAll: () => void;
  /** Ends following the keys. */
  readonly unfollowKeys: () => void;
  /** Search for protected values; loaded and built when it is first asked for. */
  readonly search: () => Promise<Search>;
};

const actorOf = (options: StoreOptions) => (): Actor => {
  const { userId: user, role, onBehalfOf } = options.actor();
  if (user === '' || role === '') throw new StoreError('store.unavailable-actor');
  return { user: userId(user), role, ...(onBehalfOf === undefined ? {} : { onBehalfOf: userId(onBehalfOf) }) };
};

const snapshots = (states: AggregateStates, pending: Pending, damaged: DamagedStreams) => {
  return (stream: StreamId): AggregateSnapshot => {
    const { type, id } = streamParts(stream);
    const reader = states.reader(type);
    if (reader === undefined) throw new StoreError('aggregate.unknown-type', { type });
    const seen = { pending: pending.of(stream), damaged: damaged.has(stream), stale: states.isStale(stream) };
    return snapshotOfState(id, states.get(stream) ?? emptyState(reader), seen);
  };
};

/** Where it is remembered that this database exists: beside a database on a disk, nowhere for one in memory. */
const markerOf = (options: StoreOptions): { readonly marker: KnownMarker; readonly isChosen: boolean } => {
  const chosen = options.known ?? options.storage?.known?.(options.name);
  return { marker: chosen ?? deviceMarker(options.name), isChosen: chosen !== undefined };
};

/** Work on a database by one tab at a time; its code is loaded when it is first due. */
const turnsOf =
  (name: string) =>
  (what: string): Exclusive =>
  async (work, signal) => {
    const { exclusively } = await loadPart('turns', () => import('./exclusive.ts'));
    return exclusively(`indelible:${what}:${name}`)(work, signal);
  };

/** Opens the log where the kept states end, and everything that follows it. */
const openFollowed = async (parts: {
  readonly storage: EventStorage;
  readonly identity: Identity;
  readonly definitions: Definitions;
  readonly opening: Opening;
  readonly mark: SyncMark;
  readonly basis: BasisRule;
  readonly fields: Fields | undefined;
  readonly onUnreadable: (event: RecordedEvent) => void;
}) => {
  const { storage, identity, definitions, mark, fields, onUnreadable } = parts;
  const { snapshot, start } = parts.opening;
  const pending = ownPending(trackPending(identity.replica, mark.acknowledged, snapshot?.pending));
  const collected = collectStates(definitions, identity.replica, parts.basis, snapshot, onUnreadable);
  const onHistory = (batch: CommittedBatch): void => {
    const { events } = batch;
    pending.take(snapshot === undefined ? events : events.filter((event) => size(event.position) >= snapshot.size));
    collected.take(batch);
  };
  const log = await openLog(storage, identity.tenant, start, onHistory, fields);
  if (snapshot !== undefined && snapshot.pending.acknowledged !== mark.acknowledged)
    pending.reopen(mark.acknowledged, await unconfirmed(log, identity.replica, mark));
  log.committed$.subscribe(({ events }) => pending.take(events)); // before the states, whose followers read the counts
  const states = await collected.follow(log);
  states.want([...states.streams()].filter((stream) => streamParts(stream).type === Replica.type)); // who writes here rests on them
  await states.settled();
  return { pending, log, states };
};

/**
 * The same, after a look at what was met. Kept states know events of records that cannot be read any more, and those may come again
 * by sync: where damage is new, nothing is taken from them.
 */
const openWhole = async (
  parts: Omit<Parameters<typeof openFollowed>[0], 'storage'> & { readonly storage: PastDamage },
) => {
  const followed = await openFollowed(parts);
  const isDamaged = await isNewlyDamaged(parts.storage);
  if (!isDamaged || parts.opening.snapshot === undefined) return { ...followed, isDamaged, opening: parts.opening };
  followed.log.close();
  return { ...(await openFollowed({ ...parts, opening: WITHOUT })), isDamaged, opening: WITHOUT };
};

const provenanceOf = (software: Software, mark: () => SyncMark) => () => {
  const { receipt } = mark();
  return { software, receipt: receipt === null ? null : { time: receipt.time, size: receipt.size } };
};

/** What does not need the database: made while it opens. */
type Ahead = {
  readonly definitions: Definitions;
  readonly software: Software;
  readonly folding: string;
  readonly marker: KnownMarker;
  readonly isMarkerChosen: boolean;
  readonly known: Known | undefined;
};

const workAhead = async (definitions: Definitions, options: StoreOptions): Promise<Ahead> => {
  const { app } = options;
  const { marker, isChosen } = markerOf(options);
  const known = await readKnown(marker);
  const registry = await registryFingerprint(definitions);
  const software: Software = { store: STORE_VERSION, registry, ...(app === undefined ? {} : { app }) };
  return {
    definitions,
    software,
    folding: await foldingRules(definitions, software),
    marker,
    isMarkerChosen: isChosen,
    known,
  };
};

/** A database in memory is remembered only where that was asked for. */
const rememberedOf = ({ marker, isMarkerChosen, known }: Ahead, storage: EventStorage) =>
  isMarkerChosen || storage.durability !== 'memory' ? { marker, known } : { marker: NO_MARKER, known: undefined };

const inTurn =
  (...ends: readonly (() => void)[]) =>
  (): void => {
    for (const end of ends) end();
  };

/** Forgets what was opened and what was folded from it. */
const forgetterOf = (fields: Fields | undefined, states: AggregateStates) => (): void => {
  fields?.end();
  states.drop();
};

/** Who writes, what it has exchanged, and how it reads what others have seen. */
const whoWrites = async (
  storage: EventStorage,
  first: ReturnType<typeof readFirst>,
  as: { readonly tenant: string; readonly clock: Clock },
) => {
  const { identity, identities, isNew } = await identityOf(storage, await first.identities, as);
  const marks = await first.marks;
  const firstMark = syncMarkIn(marks, identities, identity.replica);
  return { identity, isNew, firstMark, basis: openBasis(identities, marks) };
};

const connect = async (storage: PastDamage, options: StoreOptions, ahead: Ahead): Promise<Session> => {
  const { definitions, software, folding } = ahead;
  const clock = options.clock ?? systemClock;
  const entropy: Entropy = options.entropy ?? systemEntropy;
  const first = readFirst(storage);
  const { identity, isNew, firstMark, basis } = await whoWrites(storage, first, { tenant: options.tenant, clock });
  const naming = statesNames(folding, identity, basis.fingerprint());
  const findings = openFindings(storage, clock);
  const keepFinding = findings.keep;
  const withheld = typesWithProtectedFields(definitions);
  const fields = fieldsOf(options, { definitions, tenant: identity.tenant, clock, entropy, keepFinding });
  const { pending, log, states, opening, isDamaged } = await openWhole({
    ...{ storage, identity, definitions, mark: firstMark, fields },
    opening: await openingOf(storage, { first, naming, withheld }),
    basis: basis.rule,
    onUnreadable: unreadableTeller(keepFinding),
  });
  const { mark, set, succeed, receiptCame, acknowledged$ } = openMark({
    ...{ first: firstMark, replica: identity.replica, storage, log, pending, clock },
  });
  const provenance = provenanceOf(software, mark);
  const scheduler = options.scheduler ?? systemScheduler;
  const names = await naming;
  const { upkeep, damaged, startRebuilding, isTypeStale } = openDerived({
    ...{ storage, log, states, pending, clock, scheduler, names, opening, withheld, keepFinding },
    ...{ alone: turnsOf(options.name)('upkeep'), isAutomatic: options.upkeep !== 'manual' },
  });
  const { writer, succession } = openWriting({
    ...{ storage, damaged, log, states, first: identity, clock, entropy, provenance, basis, fields },
    onSuccession: ({ replica }) => succeed(replica),
  });
  if (isDamaged) await closeDamaged({ storage, log, succession, mark, clock });
  const keeping = await openKeeping({
    ...{ storage, log, clock, scheduler, succession, keepFinding, followLeaving },
    ...rememberedOf(ahead, storage),
    ...{ mark, isNew },
  });
  const rebuilding = startRebuilding(); // last: nothing that is refused leaves it running
  const { keys } = options;
  const search = lazySearch({ log, definitions, tenant: identity.tenant, entropy }, keys?.source);
  const unfollowKeys = followKeys(keys?.source, fields, { states, writer, search });
  const catchUp = () => void log.catchUp().catch(() => undefined); // read again at the next append
  storage.onForeignCommit(catchUp);
  catchUp(); // what was committed between the history and the listener
  return {
    ...{ storage, definitions, log, states, pending, software, clock, scheduler, upkeep, writer, findings, succession },
    ...{ keeping, damaged, rebuilding, isTypeStale, turns: turnsOf(options.name) },
    forgetAll: forgetterOf(fields, states),
    ...{ keySheet: keys?.sheet, search: search.open, unfollowKeys: inTurn(unfollowKeys, search.close) },
    basis: basis.rule,
    get identity() {
      return succession.identity();
    },
    actor: actorOf(options),
    ...{ receiptCame, mark, setMark: set },
    changed$: merge(states.changed$, acknowledged$, damaged.changed$),
    snapshot: snapshots(states, pending, damaged),
  };
};

/** Opens the database and everything over it. @throws StoreError; then nothing stays open */
export const openSession = async (options: StoreOptions): Promise<Session> => {
  const definitions = definitionsOf([...options.aggregates, Replica]);
  checkKeys(options, definitions);
  const adapter = options.storage ?? dexieStorage({ onUpgrade: options.onUpgrade });
  const opening = adapter.open(options.name, { databaseKey: options.keys?.databaseKey });
  const ahead = workAhead(definitions, options);
  ahead.catch(() => undefined); // told below, where there is a database to close
  const storage = pastDamage(await opening);
  try {
    const session = await connect(storage, options, await ahead);
    // The first time it takes the platform some 20 ms to tell: not at the opening, and not at the first append.
    void breathe().then(() => session.clock.zone(session.clock.nowMs()));
    return session;
  } catch (error) {
    await storage.close();
    throw error;
  }
};
