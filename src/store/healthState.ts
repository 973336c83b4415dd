/** What a store knows of its health without checking anything, and how it has everything checked. */
import { BehaviorSubject, distinctUntilChanged, EMPTY, filter, map, merge, type Observable, switchMap } from 'rxjs';
import type { ReplicaId } from '../core/ids.ts';
import type { StorageFacts } from '../core/ports.ts';
import type { SyncState } from '../machines/sync.ts';
import type { Durability } from '../storage/port.ts';
import { leftoverEvents } from '../sync/leftovers.ts';
import type { Sync } from '../sync/runner.ts';
import { checkHealth, type HealthOptions, type HealthReport } from './health.ts';
import { type Loss, lossOf } from './loss.ts';
import type { Session } from './session.ts';
import { openSpace, type Persistence, readSamples, type SpaceForecast } from './space.ts';

/** What is known of a store at this moment. Counts, codes, identifiers and times only. */
export type HealthState = {
  /** Who writes here. */
  readonly replica: ReplicaId;
  readonly durability: Durability;
  /** Whether the platform promises to keep the data: asked once in a session, after a person recorded something. */
  readonly persistence: Persistence;
  /** Room on the device and how long it will do; undefined until it was looked at, or if the platform does not say. */
  readonly forecast: SpaceForecast | undefined;
  /** What this database was found to have lost, oldest first. */
  readonly losses: readonly Loss[];
  /** Events that are only here and can never be sent. */
  readonly heldHereOnly: number;
  /** Anomalies kept with their evidence. */
  readonly findings: number;
  /** Own events that no receipt covers. */
  readonly pending: number;
  /** Undefined while nothing syncs. */
  readonly sync: { readonly state: SyncState; readonly lastError: string | undefined } | undefined;
};

export type Health = {
  readonly state$: Observable<HealthState>;
  readonly check: (options?: HealthOptions) => Promise<HealthReport>;
  readonly stop: () => void;
};

const sameState = (a: HealthState, b: HealthState): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Follows the health of an open store. */
export const openHealth = (session: Session, facts: StorageFacts, sync$: BehaviorSubject<Sync | undefined>): Health => {
  const { storage, log, clock, scheduler, succession, findings, pending, upkeep, keeping } = session;
  const clockOffsetMs = clock.nowMs() - clock.uptimeMs();
  const found$ = new BehaviorSubject(0);
  const pendingNow = () => pending.total().events + leftoverEvents(log, succession.closings$.value);
  const space = openSpace({
    ...{ facts, storage, clock, scheduler },
    counts: () => ({ events: log.size(), pending: pendingNow() }),
  });
  const losses = (): readonly Loss[] => succession.closings$.value.map((closing) => lossOf(closing, log.head));
  const state = (): HealthState => {
    const status = sync$.value?.status();
    const known = losses();
    return {
      replica: session.identity.replica,
      durability: storage.durability,
      persistence: space.room$.value.persistence,
      forecast: space.room$.value.forecast,
      losses: known,
      heldHereOnly: known.reduce((total, loss) => total + loss.heldHereOnly, 0),
      findings: found$.value,
      pending: pendingNow(),
      sync: status === undefined ? undefined : { state: status.state, lastError: status.lastError },
    };
  };
  const following = [
    findings.kept$.subscribe(() => {
      findings.all().then(
        (all) => found$.next(all.length),
        () => undefined, // a database that does not answer says so where something is asked of it
      );
    }),
    log.committed$.subscribe(({ events: [first] }) => {
      const isOwn = first !== undefined && first.context.replica === session.identity.replica;
      space.noteCommit(isOwn && first.context.actor.role !== 'store');
    }),
  ];
  space.noteCommit(false); // looks at the room a while after opening
  const changes$ = merge(
    space.room$,
    succession.closings$,
    found$,
    sync$.pipe(switchMap((sync) => sync?.status$ ?? EMPTY)),
    log.committed$.pipe(filter(() => succession.closings$.value.length > 0)), // what was lost comes back
  );
  return {
    state$: changes$.pipe(map(state), distinctUntilChanged(sameState)),
    check: async (options) => {
      await space.look().catch(() => undefined); // the check of the room says what is wrong
      return checkHealth(
        {
          ...{ storage, clock, scheduler, facts },
          identity: session.identity,
          mark: session.mark(),
          losses: losses(),
          samples: await readSamples(storage).catch(() => []),
          pending: { events: pendingNow(), oldest: pending.total().oldest },
          session: {
            ...{ clockOffsetMs, isMarked: keeping.isMarked(), upkeepError: upkeep.lastError() },
            sync: sync$.value?.status(),
            receiptCame: session.receiptCame(),
          },
        },
        options,
      );
    },
    stop: () => {
      for (const subscription of following) subscription.unsubscribe();
      space.stop();
    },
  };
};
