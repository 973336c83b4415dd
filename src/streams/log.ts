/**
 * The local log as a stream: history first, then every commit once, in order, after it is durable.
 *
 * Invariants: an event is published after its transaction has completed, never before; each position once, without
 * gaps, whether this connection or another wrote it. Held by `store/tabs` (each tab sees all, in one order).
 */
import { type Observable, Subject } from 'rxjs';
import { type Commit, type Head, headAfter, type RecordedEvent } from '../core/commit.ts';
import type { DirectoryKey, EventId, ReplicaId, TenantId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { type Position, position, type Size, size } from '../core/position.ts';
import { emptyHead } from '../crypto/chain.ts';
import { readStoredCommit, type StoredCommit } from '../crypto/readCommit.ts';
import type { EventStorage, StoredRecord } from '../storage/port.ts';
import type { EventOpener } from './opener.ts';
import { isUnreadable } from './pastDamage.ts';
import type { Steps } from './streamState.ts';

/** Events that became durable together, and the log's size after them. */
export type CommittedBatch = {
  readonly events: readonly RecordedEvent[];
  /** Where the record that held them started when they were read; packing may merge it with others. */
  readonly record: Position;
  readonly size: Size;
  /** Where the events were decided here: what is known of them since. */
  readonly steps?: Steps;
};

/** `pieceBytes`: what is read at once, and one record more. `isSealed`: protected values stay as they were recorded. */
export type Reread = { readonly pieceBytes?: number; readonly isSealed?: boolean };

export type Log = {
  /** Every batch after the history, in order. */
  readonly committed$: Observable<CommittedBatch>;
  readonly size: () => Size;
  /** Where a replica's chain stands in this log. */
  readonly head: (replica: ReplicaId) => Head;
  readonly heads: () => ReadonlyMap<ReplicaId, Head>;
  /** Publishes what other connections have committed since; resolves when caught up. */
  readonly catchUp: () => Promise<void>;
  /** Publishes commits that this connection has just made durable in the records that start at `records`. */
  readonly publish: (records: readonly Position[], commits: readonly Commit[], steps?: Steps) => void;
  /** Reads the records that hold the given positions, each once, oldest first. */
  readonly readRecords: (positions: readonly Position[]) => Promise<readonly CommittedBatch[]>;
  /** Where packed records with events under a key start, before the place at which this log began to be read. */
  readonly findEarlier: (key: DirectoryKey) => Promise<readonly Position[]>;
  /** Reads everything held from `from` on, a bounded piece at a time. */
  readonly readAgain: (from: Position, how?: Reread) => AsyncIterable<CommittedBatch>;
  readonly close: () => void;
};

/** Bytes of one piece: the database reads the next one while this one is parsed, and the page can breathe between them. */
const READ_BYTES = 2_097_152;

type Heads = Map<ReplicaId, () => Head>;

const endOf =
  (commit: StoredCommit): (() => Head) =>
  () => ({
    sequence: commit.first + commit.events.length - 1,
    link: commit.link(),
  });

/** Where a record ends. */
export const endOfRecord = ({ commits, position: start }: StoredRecord): number =>
  commits.reduce<number>((end, { events }) => end + events, start);

/**
 * The events of a record from `from` on: packing may have merged a record with others that are known already. Commits
 * before that place are not parsed.
 */
const eventsOf = (record: StoredRecord, heads: Heads | undefined, from = 0): CommittedBatch => {
  const events: RecordedEvent[] = [];
  let at: number = record.position;
  for (const stored of record.commits) {
    if (at + stored.events <= from) {
      at += stored.events;
      continue;
    }
    if (isUnreadable(stored)) {
      at += stored.events;
      continue;
    }
    const commit = readStoredCommit(stored.bytes);
    heads?.set(commit.replica, endOf(commit));
    for (const body of commit.events) events.push({ body, context: commit.context, position: position(at++) });
  }
  return { events, record: record.position, size: size(at) };
};

/** The batch with what was opened of its events. */
const withOpened = (batch: CommittedBatch, openedOf: (event: EventId) => JsonObject | undefined): CommittedBatch => ({
  ...batch,
  events: batch.events.map((event) => {
    const opened = openedOf(event.body.id);
    return opened === undefined ? event : { ...event, opened };
  }),
});

/** Opens what is sealed in a batch, where anything can be. `use` takes it at once: a key may be gone a moment later. */
const opener =
  (fields: EventOpener | undefined) =>
  async (batch: CommittedBatch, use: (opened: CommittedBatch) => void = () => undefined): Promise<CommittedBatch> => {
    let found = batch;
    if (fields !== undefined) {
      let [changes, opened] = [fields.changes(), await fields.open(batch.events)];
      while (changes !== fields.changes()) [changes, opened] = [fields.changes(), await fields.open(batch.events)];
      if (opened.size > 0) found = withOpened(batch, (event) => opened.get(event));
    }
    use(found);
    return found;
  };

/** Own commits as the batches that reading their records would give. */
const inRecords = (
  records: readonly Position[],
  commits: readonly Commit[],
  steps: Steps | undefined,
): readonly CommittedBatch[] => {
  const events: RecordedEvent[] = [];
  let at: number = records[0] ?? 0;
  for (const { context, events: bodies } of commits) {
    for (const body of bodies) events.push({ body, context, position: position(at++) });
  }
  return records.map((record, index) => {
    const end = records[index + 1] ?? position(at);
    const own = events.slice(record - (records[0] ?? 0), end - (records[0] ?? 0));
    return { record, size: size(end), events: own, ...(steps === undefined ? {} : { steps }) };
  });
};

type Reading = { readonly from: Size; readonly records: Promise<readonly StoredRecord[]> };

/** Reads a piece of the log, whether or not anybody will wait for it. */
export const startReading = (storage: EventStorage, from: Size): Reading => {
  const records = storage.read(position(from), READ_BYTES);
  records.catch(() => undefined); // told to whoever awaits it
  return { from, records };
};

/** Where the log goes on after a piece; undefined if the piece was its end. */
const followedBy = (records: readonly StoredRecord[]): Size | undefined => {
  let bytes = 0;
  for (const { commits } of records) for (const commit of commits) bytes += commit.bytes.length;
  const last = records.at(-1);
  if (last === undefined || bytes < READ_BYTES) return undefined;
  return size(endOfRecord(last));
};

/** Reads from `known` to the end, one piece ahead; `take` moves `known` past each record. @param begun  the first piece */
const readEnd = async (
  storage: EventStorage,
  known: () => Size,
  take: (record: StoredRecord) => Promise<void> | undefined,
  begun?: Reading,
): Promise<void> => {
  for (let reading = begun ?? startReading(storage, known()); ; ) {
    const records = await reading.records;
    const next = followedBy(records);
    const ahead = next === undefined ? undefined : startReading(storage, next);
    const fresh = records.filter((record) => endOfRecord(record) > known());
    for (const record of fresh) {
      const taken = take(record);
      if (taken !== undefined) await taken;
    }
    if (fresh.length === 0 || ahead === undefined) return;
    reading = ahead.from === known() ? ahead : startReading(storage, known());
  }
};

async function* readUpTo(
  storage: EventStorage,
  start: Position,
  parts: { readonly end: () => Size; readonly open: ReturnType<typeof opener>; readonly pieceBytes: number },
): AsyncGenerator<CommittedBatch> {
  const { end, open, pieceBytes } = parts;
  for (let from = size(start); from < end(); ) {
    const records = await storage.read(position(from), pieceBytes);
    if (records.length === 0) return;
    for (const record of records) {
      const batch = eventsOf(record, undefined, from);
      from = batch.size;
      yield await open(batch);
    }
  }
}

/** Runs `work` one at a time; each call resolves after a run that began after it. */
export const atLeastOnceMore = (work: () => Promise<void>): (() => Promise<void>) => {
  let wanted = false;
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    try {
      while (wanted) {
        wanted = false;
        await work();
      }
    } finally {
      running = undefined; // at once: who asks from here on starts anew
    }
  };
  return () => {
    wanted = true;
    running ??= run();
    return running;
  };
};

/** Where reading begins, and where each chain stood there or later. `begun`: the first piece, if it is being read already. */
export type LogStart = { readonly from: Size; readonly heads: ReadonlyMap<ReplicaId, Head>; readonly begun?: Reading };

export const FROM_THE_BEGINNING: LogStart = { from: size(0), heads: new Map() };

/**
 * Opens the log and hands its history from `start` on to `onHistory`, oldest first, before it resolves. Nothing is
 * published between the history and the first subscriber's chance to subscribe.
 */
export const openLog = async (
  storage: EventStorage,
  tenant: TenantId,
  start: LogStart,
  onHistory: (batch: CommittedBatch) => void,
  fields?: EventOpener,
): Promise<Log> => {
  const heads: Heads = new Map([...start.heads].map(([replica, end]) => [replica, () => end]));
  const batches = new Subject<CommittedBatch>();
  let known = start.from;
  const open = opener(fields);
  /** While values are opened, what this connection commits itself may be published. */
  const takeOpened = async (record: StoredRecord, deliver: (batch: CommittedBatch) => void): Promise<void> => {
    const found: Heads = new Map();
    await open(eventsOf(record, found, known), (batch) => {
      if (batch.size <= known) return;
      for (const [replica, end] of found) heads.set(replica, end);
      const events = batch.events.filter((event) => event.position >= known);
      known = batch.size;
      deliver({ ...batch, events });
    });
  };
  const readOn = (deliver: (batch: CommittedBatch) => void, begun?: Reading): Promise<void> => {
    const take = (record: StoredRecord): Promise<void> | undefined => {
      if (fields !== undefined) return takeOpened(record, deliver);
      const batch = eventsOf(record, heads, known);
      known = batch.size;
      deliver(batch);
      return undefined;
    };
    return readEnd(storage, () => known, take, begun);
  };
  await readOn(onHistory, start.begun);
  const catchUp = atLeastOnceMore(() => readOn((batch) => batches.next(batch)));
  return {
    committed$: batches.asObservable(),
    size: () => known,
    head: (replica) => heads.get(replica)?.() ?? emptyHead(replica, tenant),
    heads: () => new Map([...heads].map(([replica, end]) => [replica, end()])),
    catchUp,
    publish: (records, commits, steps) => {
      if (records[0] !== position(known)) return; // already read by a concurrent catchUp
      for (const commit of commits) {
        const end = headAfter(commit);
        heads.set(commit.replica, () => end);
      }
      for (const batch of inRecords(records, commits, steps)) {
        known = batch.size;
        batches.next(fields === undefined ? batch : withOpened(batch, fields.held));
      }
    },
    readRecords: async (positions) =>
      Promise.all((await storage.readAt(positions)).map((record) => open(eventsOf(record, undefined)))),
    findEarlier: async (key) => (start.from === 0 ? [] : (await storage.find(key)).filter((at) => at < start.from)),
    readAgain: (from, { pieceBytes = READ_BYTES, isSealed = false } = {}) =>
      readUpTo(storage, from, { end: () => known, open: isSealed ? opener(undefined) : open, pieceBytes }),
    close: () => batches.complete(),
  };
};
