/**
 * `openStore`: composes storage, log, states, views and sync into what an application uses.
 *
 * Nothing is shown as recorded before it is durable; nothing recorded is ever changed or deleted. Each statement of the
 * public types (`store/types.ts`) is held by a test of the suite.
 */
import { BehaviorSubject, merge, of, switchMap } from 'rxjs';
import { StoreError } from './core/errors.ts';
import { loadPart } from './core/part.ts';
import type { ProcessorDefinition } from './projections/processor.ts';
import type { Row } from './projections/query.ts';
import type { RollupDefinition } from './projections/rollup.ts';
import type { ViewDefinition } from './projections/view.ts';
import { aggregateHandle, watchStreams } from './store/aggregates.ts';
import { appendAll } from './store/bulk.ts';
import { conflictsIn } from './store/conflicts.ts';
import { openHealth } from './store/openHealth.ts';
import { openSync } from './store/openSync.ts';
import { knownReplicas } from './store/replica.ts';
import { sealedEvents } from './store/sealedEvents.ts';
import { sealedPlaces, subjectOf } from './store/sealedPlaces.ts';
import { findIn } from './store/searching.ts';
import { openSession, type Session } from './store/session.ts';
import { systemStorageFacts } from './store/storageFacts.ts';
import type { Store, StoreOptions } from './store/types.ts';
import type { LiveQuery } from './streams/liveQuery.ts';
import { openViews } from './streams/liveView.ts';
import { aggregatesAsOf } from './streams/past.ts';
import { type Processor, startProcessor } from './streams/processing.ts';
import type { Sync } from './sync/runner.ts';

/** What a view throws is told globally and keeps no other from its rows, nor the store from opening. */
const startViews = (session: Session, definitions: NonNullable<StoreOptions['views']>) => {
  const { rebuilding } = session;
  const views = openViews(definitions, {
    snapshotOf: session.snapshot,
    isStale: () => rebuilding.status().state !== 'current',
    pastSnapshots: (at, types) => {
      const readerOf = (type: string) => (types.has(type) ? session.states.reader(type) : undefined);
      return aggregatesAsOf(at, { log: session.log, readerOf, isDamaged: session.damaged.has });
    },
  });
  const streams = new Set(session.states.streams());
  const following = merge(of(streams), session.changed$).subscribe(views.advance);
  const ended = rebuilding.status$.subscribe(({ state }) => state === 'current' && views.refresh());
  const clear = (): void => {
    following.unsubscribe();
    ended.unsubscribe();
    views.clear();
  };
  return { views, clear };
};

/** Each processor with the reader of its aggregates. @throws StoreError `aggregate.unknown-type` */
const readersOf = ({ states }: Session, definitions: readonly ProcessorDefinition[]) =>
  definitions.map((definition) => {
    const reader = states.reader(definition.type);
    if (reader === undefined) throw new StoreError('aggregate.unknown-type', { type: definition.type });
    return { definition, reader };
  });

/** Every processor over the log, each by itself. */
const startProcessors = (session: Session, known: ReturnType<typeof readersOf>) => {
  const { storage, log, scheduler, findings } = session;
  const started = new Map(
    known.map(({ definition, reader }) => {
      const alone = session.turns(`processor:${definition.name}`);
      const parts = { storage, log, reader, scheduler, alone, keepFinding: findings.keep };
      return [definition, startProcessor(definition, parts)] as const;
    }),
  );
  return {
    stop: async (): Promise<void> => {
      await Promise.all([...started.values()].map(({ stop }) => stop()));
    },
    of: (definition: ProcessorDefinition): Processor => {
      const found = started.get(definition);
      if (found === undefined) throw new StoreError('processor.unknown', { name: definition.name });
      return found;
    },
  };
};

/** Locking keys and closing the store may both ask for the same end. */
const onceOnly = (work: () => Promise<void>): (() => Promise<void>) => {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
};

/** Ends a session in order, once; locking forgets besides what was opened. `clear`: forgets what views show. */
type Ends = { readonly stop: () => Promise<void>; readonly clear: () => void };
const NOTHING_BEGUN: Ends = { stop: async () => undefined, clear: () => undefined };
const closer = (session: Session, { stop, clear }: Ends) => {
  let isLocked = false;
  const close = onceOnly(async () => {
    session.unfollowKeys();
    await stop();
    await Promise.all([session.upkeep.stop(), session.rebuilding.stop()]);
    await session.writer.close();
    if (isLocked) session.forgetAll(); // not sooner: what waits to be written is decided on the states
    await session.keeping.stop();
    session.log.close();
    await session.storage.close();
  });
  const lock = (): Promise<void> => {
    isLocked = true;
    clear();
    return close();
  };
  return { close, lock };
};

/** What waits until all is folded. */
const settling = ({ log, states, rebuilding, upkeep }: Session): Pick<Store, 'caughtUp' | 'compact' | 'rebuild$'> => ({
  caughtUp: async () => {
    await log.catchUp();
    await rebuilding.done();
    await states.settled();
  },
  rebuild$: rebuilding.status$,
  compact: async (options) => {
    await rebuilding.done();
    return upkeep.now(options);
  },
});

const loadChecks = () => loadPart('checks', () => import('./store/checks.ts'));

/** The public calls over an open session. @throws StoreError for a definition that builds on none that is registered */
const storeOver = (session: Session, options: StoreOptions): Store => {
  const { storage, log } = session;
  const readers = readersOf(session, options.processors ?? []);
  const { views, clear } = startViews(session, options.views ?? []); // refuses before it begins; nothing after it does
  const processors = startProcessors(session, readers);
  const watch = watchStreams(session);
  const sync$ = new BehaviorSubject<Sync | undefined>(undefined);
  const health = openHealth(session, options.space ?? systemStorageFacts, sync$);
  const stop = (): Promise<void> => {
    unfollowLock?.();
    sync$.value?.stop();
    health.stop();
    return processors.stop();
  };
  const { close, lock } = closer(session, { stop, clear });
  const unfollowLock = options.keys?.onLock?.(lock);
  return {
    get replica() {
      return session.identity.replica;
    },
    tenant: session.identity.tenant,
    durability: storage.durability,
    size: log.size,
    committed$: log.committed$,
    aggregate: (definition, id) => aggregateHandle(session, watch, definition, id),
    appendAll: (definition, items, bulk = {}) => appendAll(session, definition, items, bulk),
    sealedEvents: (stream) => sealedEvents(session, stream),
    sealedPlaces: (of) => sealedPlaces(session, of),
    find: (definition, wanted) => findIn(session, definition, wanted),
    subjectOf: (stream) => subjectOf(session, stream),
    replicas: () => knownReplicas(session),
    actor: session.actor,
    // the query found was opened from this very definition
    view: <R extends Row>(definition: ViewDefinition<R> | RollupDefinition<R>) =>
      views.query(definition) as LiveQuery<R>,
    processor: processors.of,
    ...settling(session),
    conflicts$: conflictsIn(session),
    sync: (syncOptions) => {
      sync$.value?.stop();
      const sync = openSync(session, options.name, syncOptions);
      sync$.next(sync);
      return sync;
    },
    syncStatus$: sync$.pipe(switchMap((sync) => sync?.status$ ?? of(undefined))),
    verify: async (check = {}) => (await loadChecks()).verifySession(session, check),
    export: async (check = {}) => (await loadChecks()).exportSession(session, check),
    findings: session.findings.all,
    health$: health.state$,
    health: health.check,
    close,
  };
};

/**
 * Opens a store on this device. Everything recorded before is there when it resolves.
 * @throws StoreError `storage.unavailable`, `storage.blocked`, `storage.failed`, `store.wrong-tenant`, `key.unavailable`, `key.session-required`,
 * `aggregate.unknown-type`, `query.unknown-view`
 */
export const openStore = async (options: StoreOptions): Promise<Store> => {
  const session = await openSession(options);
  try {
    return storeOver(session, options);
  } catch (error) {
    await closer(session, NOTHING_BEGUN).close();
    throw error;
  }
};
