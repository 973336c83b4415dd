/**
 * Runs a processor over the log: each event of its types at least once, in order, by one tab at a time.
 *
 * Invariants: the cursor moves past an event only after it was dealt with or parked, and is durable then; an event that fails again and
 * again is parked with a finding, and those behind it go on; nothing is lost by a crash between two steps, what was under way is done
 * again. Law: `processing.laws`.
 */
import { BehaviorSubject, type Observable } from 'rxjs';
import type { Fault, RecordedEvent } from '../core/commit.ts';
import { isStoreError, StoreError } from '../core/errors.ts';
import { type EventId, streamParts } from '../core/ids.ts';
import type { JsonValue } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import type { Scheduler } from '../core/ports.ts';
import { type Position, position } from '../core/position.ts';
import { utf8 } from '../crypto/bytes.ts';
import type { ProcessorDefinition, ProcessorEvent } from '../projections/processor.ts';
import type { EventStorage } from '../storage/port.ts';
import { atLeastOnceMore, type CommittedBatch, type Log } from './log.ts';
import { machineEventOf, openedEvents, type StreamReader } from './streamState.ts';

/** An event that was set aside. `failed`: `handle` threw each time. `unreadable`: this version of the application cannot read it. */
export type ParkedEvent = {
  readonly event: EventId;
  readonly position: Position;
  readonly why: 'failed' | 'unreadable';
};

export type ProcessorStatus = {
  readonly name: string;
  /** Events of the log before this place are dealt with or parked, as far as this tab knows. */
  readonly cursor: number;
  readonly parked: readonly ParkedEvent[];
  readonly state: 'idle' | 'working' | 'retrying' | 'stopped';
  /** Code of what keeps it from going on; tried again by itself. */
  readonly lastError: string | undefined;
};

export type Processor = {
  readonly status$: Observable<ProcessorStatus>;
  readonly status: () => ProcessorStatus;
  /** Tries every parked event once more. @throws StoreError `storage.*`, `store.turn-lost` */
  readonly retry: () => Promise<void>;
  /** Resolves when everything committed before the call is dealt with or parked. @throws StoreError as `retry`, `processor.full` */
  readonly caughtUp: () => Promise<void>;
};

type Turn = { readonly check: () => Promise<void> };

export type ProcessingParts = {
  readonly storage: Pick<EventStorage, 'readMarks' | 'writeMarks'>;
  readonly log: Log;
  readonly reader: StreamReader;
  readonly scheduler: Scheduler;
  /** Runs work while no other tab does any under this name. */
  readonly alone: <T>(work: (turn: Turn) => Promise<T>, signal: AbortSignal) => Promise<T>;
  readonly keepFinding: (fault: Fault, evidence: Uint8Array) => Promise<unknown>;
};

type Mark = { readonly cursor: number; readonly parked: readonly ParkedEvent[] };

/** How long after a failure of the storage it begins again. */
const AGAIN_MS = 5_000;
/** So many events of other kinds are passed before that is written down; after a restart they are looked at again. */
const PASSED_EVENTS = 1_024;

const isParked = (value: unknown): value is ParkedEvent =>
  typeof value === 'object' && value !== null && 'event' in value && 'position' in value && 'why' in value;

/** The mark as it was last written; undefined if there is none, or it is not one. */
const readMark = (mark: JsonValue | undefined): Mark | undefined => {
  if (typeof mark !== 'object' || mark === null || !('cursor' in mark) || !('parked' in mark)) return undefined;
  const { cursor, parked } = mark;
  if (typeof cursor !== 'number' || !Number.isSafeInteger(cursor) || cursor < 0 || !Array.isArray(parked))
    return undefined;
  const known: unknown[] = parked;
  return { cursor, parked: known.filter(isParked) };
};

/** Resolves after a while; rejects with the signal's reason when that is first. */
const pause = (scheduler: Scheduler, delayMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = (): void => {
      cancel();
      reject(signal.reason);
    };
    const cancel = scheduler.after(delayMs, () => {
      signal.removeEventListener('abort', end);
      resolve();
    });
    signal.addEventListener('abort', end, { once: true });
  });

/** What the work comes to, or the signal's reason: work that does not hear the signal keeps nobody from closing. */
const untilAborted = (work: Promise<void>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = (): void => reject(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });

const asProcessorEvent = (event: ReturnType<typeof openedEvents>[number]): ProcessorEvent => {
  const { body, context, payload } = event;
  return {
    id: body.id,
    aggregate: streamParts(body.stream).id,
    event: machineEventOf(body.type, payload),
    actor: context.actor,
    originator: body.originator,
    reason: body.reason,
    recordedAt: context.recordedAt,
  };
};

/** Tries an event as often as is allowed. `onRetry`: it is about to wait. */
const attempt = async (
  event: RecordedEvent,
  { definition, reader, scheduler, signal, tries, onRetry }: ProcessingParts & Trying,
): Promise<'done' | ParkedEvent['why']> => {
  const [opened] = openedEvents([event], reader);
  if (opened === undefined) return 'unreadable';
  const { backoffMs, backoffMsMax } = definition.retry;
  for (let tried = 1; ; tried += 1) {
    try {
      await untilAborted(definition.handle(asProcessorEvent(opened), signal), signal);
      return 'done';
    } catch {
      signal.throwIfAborted();
      if (tried >= tries) return 'failed';
    }
    onRetry();
    await pause(scheduler, Math.min(backoffMsMax, backoffMs * 2 ** (tried - 1)), signal);
  }
};
type Trying = {
  readonly definition: ProcessorDefinition;
  readonly signal: AbortSignal;
  readonly tries: number;
  readonly onRetry: () => void;
};

/** Where the processor stands, read and written under its name. */
const openMark = (definition: ProcessorDefinition, { storage, log }: ProcessingParts) => {
  const name = `processor:${definition.name}`;
  return {
    read: async (): Promise<Mark> => {
      const known = readMark((await storage.readMarks())[name]);
      if (known !== undefined) return { ...known, cursor: Math.min(known.cursor, log.size()) };
      const first = { cursor: definition.from === 'now' ? log.size() : 0, parked: [] };
      await storage.writeMarks({ [name]: first });
      return first;
    },
    write: ({ cursor, parked }: Mark): Promise<void> =>
      storage.writeMarks({ [name]: { cursor, parked: parked.map((each) => ({ ...each })) } }),
  };
};

const isOf =
  ({ on, type }: ProcessorDefinition) =>
  ({ body }: RecordedEvent): boolean =>
    on.has(body.type) && streamParts(body.stream).type === type;

/** Deals with events under a turn: after each one, where it stands is durable. */
const dealing = (definition: ProcessorDefinition, parts: ProcessingParts, mark: ReturnType<typeof openMark>) => {
  const isMine = isOf(definition);
  const park = async (parked: Mark['parked'], event: RecordedEvent, why: ParkedEvent['why']) => {
    const { id, sequence } = event.body;
    const { replica } = event.context;
    await parts.keepFinding(
      { code: 'processor.parked', sequence, replica, what: definition.name },
      utf8(`${definition.name} ${id}`),
    );
    return [...parked, { event: id, position: event.position, why }];
  };
  const keep = async (next: Mark, turn: Turn): Promise<Mark> => {
    await turn.check();
    await mark.write(next);
    return next;
  };
  return {
    /** Goes on with one batch. */
    batch: async (events: CommittedBatch, from: Mark, trying: Trying & { readonly turn: Turn }): Promise<Mark> => {
      let at = from;
      for (const event of events.events) {
        if (event.position < at.cursor || !isMine(event)) continue;
        if (at.parked.length >= LIMITS.parkedEventsMax)
          throw new StoreError('processor.full', { name: definition.name, parked: at.parked.length });
        const became = await attempt(event, { ...parts, ...trying });
        const parked = became === 'done' ? at.parked : await park(at.parked, event, became);
        at = await keep({ cursor: event.position + 1, parked }, trying.turn);
      }
      return at.cursor === events.size ? at : { ...at, cursor: Math.max(at.cursor, events.size) };
    },
    /** Tries what is parked once more. */
    parked: async (from: Mark, trying: Trying & { readonly turn: Turn }): Promise<Mark> => {
      let at = from;
      for (const each of from.parked) {
        const batches = await parts.log.readRecords([each.position]);
        const event = batches.flatMap(({ events }) => events).find(({ body }) => body.id === each.event);
        const became = event === undefined ? 'unreadable' : await attempt(event, { ...parts, ...trying });
        if (became !== 'done') continue;
        at = await keep({ ...at, parked: at.parked.filter(({ event: id }) => id !== each.event) }, trying.turn);
      }
      return at;
    },
  };
};

type Running = {
  readonly signal: AbortSignal;
  readonly tell: (news: Partial<ProcessorStatus>) => void;
};

/** One processor's work under its turns: `run` goes on to the end of the log, `retry` tries what is parked. */
const runner = (definition: ProcessorDefinition, parts: ProcessingParts, { signal, tell }: Running) => {
  const { log, alone } = parts;
  const mark = openMark(definition, parts);
  const { batch, parked } = dealing(definition, parts, mark);
  const trying = { definition, signal, onRetry: () => tell({ state: 'retrying' }) };
  /** Everything before this place was looked at here, and what was to be done of it is done. */
  let passed = 0;

  const goOn = async (turn: Turn): Promise<void> => {
    const known = await mark.read();
    let at: Mark = { ...known, cursor: Math.max(known.cursor, passed) };
    tell({ ...at, state: 'working' });
    for await (const events of log.readAgain(position(at.cursor))) {
      signal.throwIfAborted();
      at = await batch(events, at, { ...trying, turn, tries: definition.retry.tries });
      tell({ ...at, state: 'working' });
    }
    passed = at.cursor;
    if (at.cursor - known.cursor < PASSED_EVENTS) return;
    await turn.check();
    await mark.write(at);
  };
  const run = async (): Promise<void> => {
    if (signal.aborted) return;
    const known = await mark.read();
    const cursor = Math.max(known.cursor, passed);
    tell({ cursor, parked: known.parked, lastError: undefined });
    if (cursor < log.size()) await alone(goOn, signal);
    tell({ state: 'idle' });
  };
  const retry = async (turn: Turn): Promise<void> => {
    const left = await parked(await mark.read(), { ...trying, turn, tries: 1 });
    tell({ parked: left.parked });
  };
  return { run, retry: () => alone(retry, signal) };
};

/** Starts a processor over an open log. `stop` resolves when nothing is under way. */
export const startProcessor = (
  definition: ProcessorDefinition,
  parts: ProcessingParts,
): Processor & { readonly stop: () => Promise<void> } => {
  const { log, scheduler } = parts;
  const ended = new AbortController();
  const { signal } = ended;
  const status = new BehaviorSubject<ProcessorStatus>({
    ...{ name: definition.name, cursor: 0, parked: [], state: 'idle', lastError: undefined },
  });
  const tell = (news: Partial<ProcessorStatus>): void => status.next({ ...status.value, ...news });
  const { run, retry } = runner(definition, parts, { signal, tell });
  const runOn = atLeastOnceMore(run);
  let cancelAgain: () => void = () => undefined;
  const follow = (): void => {
    cancelAgain();
    runOn().catch((error: unknown) => {
      if (signal.aborted) return;
      tell({ state: 'idle', lastError: isStoreError(error) ? error.code : 'storage.failed' });
      cancelAgain();
      cancelAgain = scheduler.after(AGAIN_MS, follow);
    });
  };
  const following = log.committed$.subscribe(({ events }) => {
    if (events.some(isOf(definition))) follow();
  });
  follow();
  return {
    status$: status.asObservable(),
    status: () => status.value,
    retry,
    caughtUp: runOn,
    stop: async () => {
      following.unsubscribe();
      cancelAgain();
      ended.abort(new StoreError('storage.closed'));
      await runOn().catch(() => undefined); // told to whoever asked
      tell({ state: 'stopped' });
      status.complete();
    },
  };
};
