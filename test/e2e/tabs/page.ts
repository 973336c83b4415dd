/** What a tab of the tests does: holds a store, appends, and keeps everything that it sees. Called by the test by name. */

import { position } from '../../../src/core/position.ts';
import {
  defineProcessor,
  dexieStorage,
  isStoreError,
  openStore,
  type ProcessorDefinition,
  type Store,
  type Sync,
} from '../../../src/index.ts';
import type { Transport } from '../../../src/sync/transport.ts';
import { item, Visit } from '../../unit/store/trial.ts';
import { vaultCalls } from './vaultCalls.ts';

/** Visits that the events are spread over: each stays small, however long the log is. */
const VISITS = 500;

type Seen = { readonly position: number; readonly id: string };

type Tab = {
  readonly name: string;
  readonly store: Store;
  readonly processor: ProcessorDefinition | undefined;
  readonly seen: Seen[];
  lastSeenAtMs: number;
};

let tab: Tab | undefined;
const here = (): Tab => {
  if (tab === undefined) throw new Error('no store is open');
  return tab;
};

/** Hands each event to the server of the page, which knows a repetition by its id, and fails when the server does. */
const effectsOf = (tabId: string) =>
  defineProcessor({
    name: 'effects',
    of: Visit,
    on: ['ItemRecorded'],
    from: 'beginning',
    retry: { tries: 2, backoffMs: 50 },
    handle: async ({ id, event }, signal) => {
      const body = JSON.stringify({ id, tabId, item: event.item });
      const answer = await fetch('/effects', { method: 'POST', signal, body });
      if (!answer.ok) throw new Error('not taken');
    },
  });

/** `tabId`: runs a processor, under which it says who it is. */
const open = async ({ name, tabId }: { readonly name: string; readonly tabId?: string }): Promise<number> => {
  const processor = tabId === undefined ? undefined : effectsOf(tabId);
  const store = await openStore({
    name,
    tenant: 'acme-042',
    aggregates: [Visit],
    processors: processor === undefined ? [] : [processor],
    actor: () => ({ userId: 'nurse-1', role: 'site' }),
    storage: dexieStorage(),
  });
  const seen: Seen[] = [];
  const opened: Tab = { name, store, processor, seen, lastSeenAtMs: 0 };
  store.committed$.subscribe(({ events }) => {
    for (const { position, body } of events) seen.push({ position, id: body.id });
    opened.lastSeenAtMs = performance.timeOrigin + performance.now();
  });
  tab = opened;
  return store.size();
};

const itemOf = (tag: string, at: number) => ({ id: `v${at % VISITS}`, event: item(`${tag}.${at}`, at) });

export type Sent = {
  /** Ids of the events that were reported as committed. */
  readonly ids: readonly string[];
  /** Longest time that one append took, in milliseconds. */
  readonly longestMs: number;
  /** Codes of appends that failed. */
  readonly codes: readonly string[];
};

let running: { stopped: boolean; readonly done: Promise<Sent> } | undefined;

const sendUntil = async (tag: string, isOver: (at: number) => boolean, callers = 1): Promise<Sent> => {
  const { store } = here();
  const ids: string[] = [];
  const codes: string[] = [];
  let longestMs = 0;
  let next = 0;
  const caller = async (): Promise<void> => {
    while (!isOver(next)) {
      const { id, event } = itemOf(tag, next++);
      const startedAtMs = performance.now();
      try {
        const outcome = await store.aggregate(Visit, id).send(event);
        if (outcome.kind === 'committed') ids.push(outcome.eventId);
        else codes.push(outcome.kind);
      } catch (error) {
        codes.push(isStoreError(error) ? error.code : String(error));
      }
      longestMs = Math.max(longestMs, performance.now() - startedAtMs);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { ids, longestMs, codes };
};

/** Sends so many events, by callers who each send one after the other. */
const send = (task: { readonly tag: string; readonly count: number; readonly callers: number }): Promise<Sent> =>
  sendUntil(task.tag, (at) => at >= task.count, task.callers);

/** Sends one event after the other until `stop`. */
const start = ({ tag }: { readonly tag: string }): void => {
  const state = { stopped: false };
  const done = sendUntil(tag, () => state.stopped);
  running = Object.assign(state, { done });
};

const stop = (): Promise<Sent> => {
  if (running === undefined) throw new Error('nothing was started');
  running.stopped = true;
  return running.done;
};

/** Sends so many events at once. */
const burst = async ({ tag, count }: { readonly tag: string; readonly count: number }): Promise<Sent> => {
  const items = Array.from({ length: count }, (_, at) => itemOf(tag, at));
  const startedAtMs = performance.now();
  const outcomes = await here().store.appendAll(Visit, items);
  const longestMs = performance.now() - startedAtMs;
  const ids = outcomes.flatMap((outcome) => (outcome.kind === 'committed' ? [outcome.eventId] : []));
  return { ids, longestMs, codes: outcomes.flatMap(({ kind }) => (kind === 'committed' ? [] : [kind])) };
};

/** Everything seen, when there are so many events or when the time is over. */
const seen = async ({ count, withinMs }: { readonly count: number; readonly withinMs: number }) => {
  const tabNow = here();
  const until = performance.now() + withinMs;
  while (tabNow.seen.length < count && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 10));
  return { seen: tabNow.seen, lastSeenAtMs: tabNow.lastSeenAtMs };
};

/** Tells a listening tab of each event that this one sees, and answers what is asked without any. */
const echo = (): void => {
  const line = new BroadcastChannel('echo');
  here().store.committed$.subscribe(() => line.postMessage('seen'));
  line.onmessage = () => line.postMessage('heard');
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/**
 * Milliseconds from the moment at which an append is durable here until another tab has seen its event, median; and of
 * a message there, for comparison. The way back is taken off both.
 */
const latency = async ({
  tag,
  count,
}: {
  readonly tag: string;
  readonly count: number;
}): Promise<{ readonly eventMs: number; readonly hopMs: number }> => {
  const line = new BroadcastChannel('echo');
  const answer = () =>
    new Promise<number>((resolve) => {
      line.onmessage = () => resolve(performance.now());
    });
  const trips: number[] = [];
  const events: number[] = [];
  for (let at = 0; at < count; at++) {
    const askedMs = performance.now();
    const heard = answer();
    line.postMessage('there?');
    trips.push((await heard) - askedMs);
    const seenThere = answer();
    const { id, event } = itemOf(tag, at);
    await here().store.aggregate(Visit, id).send(event);
    const durableMs = performance.now();
    events.push((await seenThere) - durableMs);
  }
  line.close();
  const hopMs = median(trips) / 2;
  return { eventMs: median(events) - hopMs, hopMs };
};

/** The whole log recomputed: true if every hash, signature and chain holds. */
const verify = async (): Promise<{ readonly ok: boolean; readonly size: number }> => {
  const { ok } = await here().store.verify();
  return { ok, size: here().store.size() };
};

/** Takes a lock and never lets go of it. */
const holdLock = ({ lock }: { readonly lock: string }): Promise<void> =>
  new Promise((resolve) => {
    void navigator.locks.request(lock, () => {
      resolve();
      return new Promise(() => {});
    });
  });

/** Keeps the database busy with transactions of several steps, on a connection of its own, for as long as the page runs. */
const keepBusy = async (): Promise<void> => {
  const storage = await dexieStorage().open(here().name);
  const work = async (): Promise<never> => {
    for (let at = 0; ; at++) {
      const finding = {
        identity: `${at}`,
        foundAt: '2026-01-01T00:00:00.000Z',
        code: 'chain.gap',
        sequence: 1,
      } as const;
      await storage.keepFinding(finding, Uint8Array.of(1));
      await storage.read(position(0), 2_000_000);
      await storage.pack({ bytesMax: 1, keysOf: () => [] });
      await storage.append({ expectedSize: await storage.size(), commits: [], marks: { at } });
    }
  };
  void work();
};

/** When the processor has dealt with all that is held: every event of its type in the log, what was set aside, and what is said of it. */
const processed = async () => {
  const { store, processor } = here();
  if (processor === undefined) throw new Error('no processor was opened');
  await store.caughtUp();
  await store.processor(processor).caughtUp();
  const { parked, cursor } = store.processor(processor).status();
  const findings = (await store.findings()).map(({ code }) => code);
  const warned = (await store.health()).checks.flatMap(({ warnings }) => warnings.map(({ code }) => code));
  return { parked: parked.map(({ event }) => String(event)), cursor, findings, warned };
};

let sync: Sync | undefined;
let exchanges = 0;

/** A server that nobody reaches; it takes `answerMs` to say so. */
const unreachable = (answerMs: number): Transport => {
  const fail = async (): Promise<never> => {
    exchanges += 1;
    await new Promise((resolve) => setTimeout(resolve, answerMs));
    throw Object.assign(new Error('sync.offline'), { name: 'StoreError', code: 'sync.offline', details: {} });
  };
  return { hello: fail, push: fail, pull: fail };
};

/** Syncs with a server that takes so long to say nothing; resolves when the exchange is under way. */
const startSync = async ({ answerMs }: { readonly answerMs: number }): Promise<void> => {
  const before = exchanges;
  sync = here().store.sync({
    url: 'https://sync.invalid',
    transport: unreachable(answerMs),
    network: 'online',
    backoffMs: 60_000,
    backoffMsMax: 60_000,
  });
  while (exchanges === before) await new Promise((resolve) => setTimeout(resolve, 5));
};

/** Milliseconds until an exchange had its turn, from asking for it. */
const exchange = async (): Promise<number> => {
  const startedAtMs = performance.now();
  await startSync({ answerMs: 0 });
  return performance.now() - startedAtMs;
};

const syncState = (): string | undefined => sync?.status().state;

/** Keeps the processor busy, so that the process of this tab can be told from the others. */
const spin = ({ forMs }: { readonly forMs: number }): void => {
  const until = performance.now() + forMs;
  while (performance.now() < until);
};

const close = (): Promise<void> => here().store.close();

const calls = {
  open,
  send,
  start,
  stop,
  burst,
  seen,
  echo,
  latency,
  verify,
  holdLock,
  keepBusy,
  processed,
  startSync,
  exchange,
  syncState,
  spin,
  close,
  ...vaultCalls,
};
export type TabCalls = typeof calls;
Object.assign(globalThis, { tab: calls });
