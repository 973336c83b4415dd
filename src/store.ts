/**
 * `openStore`: composes storage, log, states, views and sync into what an application uses.
 *
 * Nothing is shown as recorded before it is durable; nothing recorded is ever changed or deleted. Each statement of the
 * public types (`store/types.ts`) is held by a test of the suite.
 */
import { BehaviorSubject, of, switchMap } from 'rxjs';
import { StoreError } from './core/errors.ts';
import { loadPart } from './core/part.ts';
import type { ProcessorDefinition } from './projections/processor.ts';
import type { Row } from './projections/query.ts';
import type { RollupDefinition } from './projections/rollup.ts';
import type { ViewDefinition } from './projections/view.ts';
import { aggregateHandle, watchStreams } from './store/aggregates.ts';
import { appendAll, commitTogether } from './store/bulk.ts';
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
import type { AnyView, LiveQuery, RawQuery } from './streams/liveQuery.ts';
import type { Processor } from './streams/processing.ts';
import type { Sync } from './sync/runner.ts';

/**
 * What a store derives from its log, where anything of it is registered: a page that has no views or processors loads none of their
 * code, and one that has loads it while its database opens.
 */
const loadDerived = ({ views = [], processors = [] }: StoreOptions) =>
  Promise.all([
    views.length === 0 ? undefined : loadPart('views', () => import('./store/views.ts')),
    processors.length === 0 ? undefined : loadPart('processors', () => import('./store/processors.ts')),
  ]);
type Derived = Awaited<ReturnType<typeof loadDerived>>;

/** Starts both. @throws StoreError for a definition that builds on none that is registered; then neither goes on */
const startDerived = (
  session: Session,
  { views = [], processors = [] }: StoreOptions,
  [ofViews, ofProcessors]: Derived,
) => {
  const readers = ofProcessors?.readersOf(session, processors) ?? [];
  const shown = ofViews?.startViews(session, views); // refuses before it begins; nothing after it does
  const running = ofProcessors?.startProcessors(session, readers);
  return {
    clear: () => shown?.clear(),
    stop: () => running?.stop() ?? Promise.resolve(),
    query: (definition: AnyView): RawQuery => {
      if (shown === undefined) throw new StoreError('query.unknown-view', { view: definition.name });
      return shown.views.query(definition);
    },
    processor: (definition: ProcessorDefinition): Processor => {
      if (running === undefined) throw new StoreError('processor.unknown', { name: definition.name });
      return running.of(definition);
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
const storeOver = (session: Session, options: StoreOptions, parts: Derived): Store => {
  const { storage, log } = session;
  const derived = startDerived(session, options, parts);
  const watch = watchStreams(session);
  const sync$ = new BehaviorSubject<Sync | undefined>(undefined);
  const health = openHealth(session, options.space ?? systemStorageFacts, sync$);
  const stop = (): Promise<void> => {
    unfollowLock?.();
    sync$.value?.stop();
    health.stop();
    return derived.stop();
  };
  const { close, lock } = closer(session, { stop, clear: derived.clear });
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
    commit: (entries) => commitTogether(session, entries),
    appendAll: (definition, items, bulk = {}) => appendAll(session, definition, items, bulk),
    sealedEvents: (stream) => sealedEvents(session, stream),
    sealedPlaces: (of) => sealedPlaces(session, of),
    find: (definition, wanted) => findIn(session, definition, wanted),
    subjectOf: (stream) => subjectOf(session, stream),
    replicas: () => knownReplicas(session),
    actor: session.actor,
    // the query found was opened from this very definition
    view: <R extends Row>(definition: ViewDefinition<R> | RollupDefinition<R>) =>
      derived.query(definition) as LiveQuery<R>,
    processor: derived.processor,
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
 * `aggregate.unknown-type`, `query.unknown-view`, `store.part-missing`
 */
export const openStore = async (options: StoreOptions): Promise<Store> => {
  const loading = loadDerived(options);
  loading.catch(() => undefined); // told below, where there is a session to end
  const session = await openSession(options);
  try {
    return storeOver(session, options, await loading);
  } catch (error) {
    await closer(session, NOTHING_BEGUN).close();
    throw error;
  }
};
