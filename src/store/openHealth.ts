/** Follows what a store knows of its health without checking anything, and has everything checked when asked. */
import { BehaviorSubject, distinctUntilChanged, EMPTY, filter, map, merge, Observable, switchMap } from 'rxjs';
import { loadPart } from '../core/part.ts';
import type { Scheduler, StorageFacts } from '../core/ports.ts';
import { leftoverEvents } from '../sync/closings.ts';
import type { Sync } from '../sync/runner.ts';
import type { HealthOptions, HealthReport } from './health.ts';
import type { HealthParts } from './healthChecks.ts';
import type { HealthState } from './healthState.ts';
import { type Loss, lossOf } from './loss.ts';
import type { Session } from './session.ts';
import { openSpace, type Space } from './space.ts';

export type Health = {
  readonly state$: Observable<HealthState>;
  readonly check: (options?: HealthOptions) => Promise<HealthReport>;
  readonly stop: () => void;
};

type Followed = {
  readonly session: Session;
  readonly facts: StorageFacts;
  readonly space: Space;
  readonly found$: BehaviorSubject<number>;
  readonly sync$: BehaviorSubject<Sync | undefined>;
  /** When the newest event was recorded, of those that came since the store was opened. */
  readonly newestAt: () => string | undefined;
  /** Wall clock less monotonic clock when the store was opened. */
  readonly clockOffsetMs: number;
};

const sameState = (a: HealthState, b: HealthState): boolean => JSON.stringify(a) === JSON.stringify(b);

const pendingOf = ({ pending, log, succession }: Session): number =>
  pending.total().events + leftoverEvents(log, succession.closings$.value);

const lossesOf = ({ succession, log }: Session): readonly Loss[] =>
  succession.closings$.value.map((closing) => lossOf(closing, log.head));

const stateOf = ({ session, space, found$, sync$, newestAt }: Followed): HealthState => {
  const status = sync$.value?.status();
  const losses = lossesOf(session);
  const { persistence, forecast } = space.room$.value;
  return {
    ...{ persistence, forecast, losses },
    replica: session.identity.replica,
    durability: session.storage.durability,
    heldHereOnly: losses.reduce((total, loss) => total + loss.heldHereOnly, 0),
    findings: found$.value,
    pending: pendingOf(session),
    events: session.log.size(),
    newestAt: newestAt(),
    rebuild: session.rebuilding.status().state,
    sync: status === undefined ? undefined : { state: status.state, lastError: status.lastError },
  };
};

const checkedParts = ({ session, facts, space, sync$, clockOffsetMs }: Followed): HealthParts => {
  const { storage, clock, scheduler, pending, keeping, upkeep } = session;
  return {
    ...{ storage, clock, scheduler, facts },
    identity: session.identity,
    mark: session.mark(),
    losses: lossesOf(session),
    samples: async () => {
      await space.look().catch(() => undefined); // the check of the room says what is wrong
      return space.samples();
    },
    pending: { events: pendingOf(session), oldest: pending.total().oldest },
    session: {
      ...{ clockOffsetMs, isMarked: keeping.isMarked(), upkeepError: upkeep.lastError() },
      rebuild: session.rebuilding.status(),
      sync: sync$.value?.status(),
      receiptCame: session.receiptCame(),
    },
  };
};

/** How long after a commit it is told: all of that time together. */
const TELL_AFTER_MS = 250;

/** Tells once of all that came within a while; keeps no timer while nobody listens or nothing comes. */
const together = (source: Observable<unknown>, scheduler: Scheduler): Observable<void> =>
  new Observable((listener) => {
    let cancel: (() => void) | undefined;
    const following = source.subscribe(() => {
      cancel ??= scheduler.after(TELL_AFTER_MS, () => {
        cancel = undefined;
        listener.next();
      });
    });
    return () => {
      following.unsubscribe();
      cancel?.();
    };
  });

/** Follows the health of an open store. */
export const openHealth = (session: Session, facts: StorageFacts, sync$: BehaviorSubject<Sync | undefined>): Health => {
  const { storage, log, clock, scheduler, succession, findings } = session;
  const clockOffsetMs = clock.nowMs() - clock.uptimeMs();
  const found$ = new BehaviorSubject(0);
  const counts = () => ({ events: log.size(), pending: pendingOf(session) });
  const space = openSpace({ facts, storage, clock, scheduler, counts });
  let newestAt: string | undefined;
  const followed: Followed = { session, facts, space, found$, sync$, clockOffsetMs, newestAt: () => newestAt };
  const following = [
    findings.kept$.subscribe(() => {
      findings.all().then(
        (all) => found$.next(all.length),
        () => undefined, // a database that does not answer says so where something is asked of it
      );
    }),
    log.committed$.subscribe(({ events }) => {
      const first = events[0];
      newestAt = events.at(-1)?.context.recordedAt.utc ?? newestAt;
      const isOwn = first !== undefined && first.context.replica === session.identity.replica;
      space.noteCommit(isOwn && first.context.actor.role !== 'store');
    }),
  ];
  space.noteCommit(false); // looks at the room a while after opening
  const changes$ = merge(
    space.room$,
    succession.closings$,
    found$,
    session.rebuilding.status$,
    sync$.pipe(switchMap((sync) => sync?.status$ ?? EMPTY)),
    together(log.committed$, scheduler),
    log.committed$.pipe(filter(() => succession.closings$.value.length > 0)), // what was lost comes back
  );
  return {
    state$: changes$.pipe(
      map(() => stateOf(followed)),
      distinctUntilChanged(sameState),
    ),
    check: async (options) => {
      const { checkHealth } = await loadPart('health', () => import('./health.ts'));
      return checkHealth(checkedParts(followed), options);
    },
    stop: () => {
      for (const subscription of following) subscription.unsubscribe();
      space.stop();
    },
  };
};
