/** Starts sync for a session: which transport, which timing, which network. */
import { Subject } from 'rxjs';
import { leftoverEvents } from '../sync/closings.ts';
import type { ExchangeParts } from '../sync/exchange.ts';
import { httpTransport } from '../sync/httpTransport.ts';
import { readSyncMark } from '../sync/marks.ts';
import { type Sync, startSync } from '../sync/runner.ts';
import type { Transport } from '../sync/transport.ts';
import { exclusively } from './exclusive.ts';
import { isJudgedByOwn, judgeCommits } from './judging.ts';
import { closingOfReceipt, closingOfRefused } from './loss.ts';
import { followNetwork, systemJitter } from './platform.ts';
import type { Session } from './session.ts';
import type { SyncOptions } from './types.ts';

const INTERVAL_MS = 5_000;
const BACKOFF_MS = 1_000;
const BACKOFF_MS_MAX = 300_000;
const REQUEST_MS = 30_000;

const transportOf = ({ identity }: Session, options: SyncOptions): Transport =>
  options.transport ??
  httpTransport({
    url: options.url,
    tenant: identity.tenant,
    timeoutMs: REQUEST_MS,
    ...(options.token === undefined ? {} : { token: options.token }),
  });

const hereOf = ({ identity, log, clock, mark }: Session) => ({
  identity,
  size: log.size(),
  held: log.head(identity.replica).sequence,
  acknowledged: mark().acknowledged,
  nowMs: clock.nowMs(),
});

/** What the exchanges need of a session. `turn`: rejects in a tab whose turn has passed to another. */
const partsOf = (
  session: Session,
  transport: Transport,
  own: { readonly turn: () => Promise<void>; readonly marked: (saved: boolean) => void },
): ExchangeParts => {
  const { storage, log, writer, succession, findings } = session;
  const writeMarks: typeof storage.writeMarks = async (marks) => {
    await own.turn(); // a tab that slept knows older marks than those that another one has written since
    await storage.writeMarks(marks);
  };
  return {
    storage: { ...storage, writeMarks },
    ...{ log, writer, transport, identity: succession.identity, mark: session.mark },
    setMark: async (mark, saved) => {
      await session.setMark(mark);
      own.marked(saved);
    },
    keepFinding: findings.keep,
    judge: (commits, before) => judgeCommits(session, commits, before),
    isJudgedByOwn: (placed) => isJudgedByOwn(session, placed),
    succeed: async (contradiction) => {
      if (succession.count() > 0) return false;
      await succession.close(closingOfReceipt(contradiction, hereOf(session)));
      return true;
    },
    goOnWithout: async (refusedFrom) => {
      if (succession.count() > 0) return false;
      const { identity } = session;
      const here = {
        ...hereOf(session),
        head: log.head(identity.replica),
        receipt: session.mark().receipt?.note ?? null,
      };
      await succession.close(closingOfRefused(refusedFrom, here));
      return true;
    },
    closings: () => succession.closings$.value,
    keepClosing: succession.keepClosing,
    keys: session.keySheet,
  };
};

/** Starts on what other tabs have left: their commits, their succession, their mark. */
const catchUp = async (session: Session, isSaved: boolean): Promise<void> => {
  const { storage, log, succession } = session;
  await log.catchUp();
  if (succession.isDue()) await succession.settle();
  await succession.reread();
  const stored = await readSyncMark(storage, session.identity.replica);
  // what there was no room to keep is known here only; another tab may have come further all the same
  if (isSaved || stored.acknowledged > session.mark().acknowledged) await session.setMark(stored);
};

/** Starts syncing; the caller stops it. */
export const startSyncing = (session: Session, name: string, options: SyncOptions): Sync => {
  const { log, pending, scheduler, succession } = session;
  const changed = new Subject<void>();
  let isSaved = true;
  let checkTurn = () => Promise.resolve();
  const parts = partsOf(session, transportOf(session, options), {
    turn: () => checkTurn(),
    marked: (saved) => {
      isSaved = saved;
      changed.next();
    },
  });
  const alone = exclusively(`indelible:sync:${name}`);
  const sync = startSync({
    ...parts,
    timing: {
      intervalMs: options.intervalMs ?? INTERVAL_MS,
      backoffMs: options.backoffMs ?? BACKOFF_MS,
      backoffMsMax: options.backoffMsMax ?? BACKOFF_MS_MAX,
    },
    scheduler,
    jitter: systemJitter,
    pending: () => {
      const { events, oldest } = pending.total();
      return { events: events + leftoverEvents(log, succession.closings$.value), oldest };
    },
    /** One tab at a time, each on what the last one left. */
    alone: (work, signal) =>
      alone(async (turn) => {
        checkTurn = turn.check;
        await catchUp(session, isSaved);
        return work();
      }, signal),
    onChange: (show, recorded) => {
      const own = log.committed$.subscribe(({ events }) => {
        show();
        if (events.some(({ context }) => context.replica === session.identity.replica)) recorded();
      });
      const marked = changed.subscribe(show);
      const unfollowKeys = session.keySheet?.onUnsent(recorded);
      return () => {
        unfollowKeys?.();
        own.unsubscribe();
        marked.unsubscribe();
      };
    },
  });
  const unfollow = follow(sync, options.network ?? 'automatic');
  return {
    ...sync,
    stop: () => {
      unfollow();
      sync.stop();
    },
  };
};

const follow = (sync: Sync, network: 'automatic' | 'online' | 'offline'): (() => void) => {
  if (network === 'automatic') return followNetwork(sync.setOnline);
  sync.setOnline(network === 'online');
  return () => undefined;
};
