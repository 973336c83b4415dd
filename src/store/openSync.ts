/**
 * Sync as a page holds it from the first moment on: its code is loaded when it starts, and until then it is what it would
 * be anyway, offline. A file that cannot be had is asked for again after a while, and told meanwhile.
 * Laws: `syncPart` (nothing that is asked before the code is here is lost, and nothing begins after `stop`).
 */
import { BehaviorSubject } from 'rxjs';
import { isStoreError } from '../core/errors.ts';
import { loadPart } from '../core/part.ts';
import { leftoverEvents } from '../sync/closings.ts';
import type { Sync, SyncStatus } from '../sync/runner.ts';
import type { Session } from './session.ts';
import type { startSyncing } from './syncing.ts';
import type { SyncOptions } from './types.ts';

const AGAIN_MS = 5_000;

type SyncingPart = { readonly startSyncing: typeof startSyncing };

const syncingPart = (): Promise<SyncingPart> => import('./syncing.ts');

/** What can be said without the code of sync. */
const statusBefore = ({ mark, pending, log, succession }: Session, failures: number): SyncStatus => {
  const { events, oldest } = pending.total();
  const { receipt } = mark();
  return {
    state: 'offline',
    pending: events + leftoverEvents(log, succession.closings$.value),
    oldestPending: oldest,
    receipt: receipt === null ? undefined : { time: receipt.time, sequence: receipt.sequence, size: receipt.size },
    lastError: failures === 0 ? undefined : 'store.part-missing',
    attempts: failures,
  };
};

/** Starts syncing as soon as its code is here. @param load  how that is loaded */
export const openSync = (
  session: Session,
  name: string,
  options: SyncOptions,
  load: () => Promise<SyncingPart> = syncingPart,
): Sync => {
  let sync: Sync | undefined;
  let online: boolean | undefined;
  let isStopped = false;
  let failures = 0;
  let loading: Promise<void> | undefined;
  let cancel: () => void = () => undefined;
  const statusNow = (): SyncStatus => sync?.status() ?? statusBefore(session, failures);
  const status = new BehaviorSubject(statusNow());

  const begin = async (): Promise<void> => {
    const { startSyncing: start } = await loadPart('sync', load);
    if (isStopped) return;
    sync = start(session, name, options);
    if (online !== undefined) sync.setOnline(online);
    sync.status$.subscribe(status);
  };
  const ready = (): Promise<void> => {
    cancel();
    loading ??= begin().catch((error: unknown) => {
      if (!isStoreError(error, 'store.part-missing')) return status.error(error);
      loading = undefined;
      failures += 1;
      if (isStopped) return;
      status.next(statusNow());
      cancel = session.scheduler.after(AGAIN_MS, () => void ready());
    });
    return loading;
  };
  void ready();
  return {
    status$: status.asObservable(),
    status: statusNow,
    now: async () => {
      await ready();
      return sync?.now() ?? statusNow();
    },
    setOnline: (next) => {
      online = next;
      sync?.setOnline(next);
    },
    stop: () => {
      isStopped = true;
      cancel();
      sync?.stop();
      status.complete();
    },
  };
};
