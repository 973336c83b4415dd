/**
 * A rehearsal of an update on an export: everything in it is read and folded with the schemas and machines of the next
 * application, and, where they are given, with those of the present one; what differs is counted.
 *
 * Invariants: nothing is written; the report holds names, places and counts, never a value; a stream is folded as a device
 * folds it, in passing or from all its events. Memory: one state for each stream, and the events of streams that cannot be
 * folded in passing, `LIMITS.rehearsedEventsMax` at a time. Laws: `rehearse.test`.
 */
import type { AggregateDefinition } from '../core/aggregate.ts';
import type { Commit, RecordedEvent } from '../core/commit.ts';
import type { EventBody } from '../core/envelope.ts';
import { type ReplicaId, replicaId, type StreamId, streamParts } from '../core/ids.ts';
import { isJson, isRecord, type JsonObject, sameJson } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import { position } from '../core/position.ts';
import { replaced, sealedFor } from '../core/protect.ts';
import { openPayload } from '../core/schema.ts';
import { readCanonical } from '../crypto/canonical.ts';
import { checkCommit } from '../crypto/checkCommit.ts';
import { type PlacedSeal, sealedIn } from '../crypto/sealedValues.ts';
import { PLAIN_BASIS } from '../streams/basis.ts';
import {
  advanceState,
  emptyState,
  readerOf,
  rebuildState,
  type StreamReader,
  type StreamState,
} from '../streams/streamState.ts';
import { paceProgress } from '../verify/commits.ts';
import { readManifest } from '../verify/format.ts';
import { readLines } from '../verify/lines.ts';
import { type Progress, VERIFY_LIMITS } from '../verify/report.ts';
import { readCommitLine } from '../verify/salvage.ts';

/** Events of one type and version that are read alike; `first` is where the first of them stands. */
export type RehearsedEvents = {
  readonly aggregate: string;
  readonly event: string;
  readonly version: number;
  readonly events: number;
  readonly first: { readonly replica: ReplicaId; readonly sequence: number };
};

/** Streams of one aggregate type, counted. */
export type RehearsedStreams = { readonly aggregate: string; readonly streams: number };

export type Rehearsal = {
  /** True if nothing would fail, and nothing would change. */
  readonly ok: boolean;
  readonly events: number;
  readonly streams: number;
  /** Lines that hold no sound commit, and 1 for an export without its end: run the verifier. */
  readonly faulty: number;
  /** Read through upcasters. */
  readonly upcast: readonly RehearsedEvents[];
  /** Do not satisfy the schema, or cannot be upcast. */
  readonly unreadable: readonly RehearsedEvents[];
  /** Of a version or type that the next application does not know. */
  readonly newer: readonly RehearsedEvents[];
  /** Events of aggregates that the next application does not register. */
  readonly unregistered: readonly RehearsedEvents[];
  /** Streams that would be read-only. */
  readonly readOnly: readonly RehearsedStreams[];
  /** Events without effect: refused by their machine in the merged order, or unreadable. `before` is absent where nothing is compared. */
  readonly inapplicable: { readonly before?: number; readonly after: number };
  /** Streams that would show another state than now; empty where nothing is compared. */
  readonly changed: readonly RehearsedStreams[];
  /** Streams whose states cannot be compared: their contexts are not JSON. */
  readonly incomparable: number;
};

export type RehearsalInput = {
  /** The export from its first byte, each time it is asked for. */
  readonly source: () => AsyncIterable<Uint8Array>;
  /** What the next application registers. */
  readonly aggregates: readonly AggregateDefinition[];
  /** What the present application registers: without it no states are compared. */
  readonly before?: readonly AggregateDefinition[] | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Writes nothing, so it trusts nothing as its own. */
const NOBODY = replicaId('0'.repeat(32));

const isObject = (value: unknown): value is JsonObject => isRecord(value);

/** The payload as a device without any key has it; undefined if nothing in it is sealed. */
const withheld = (payload: JsonObject): JsonObject | undefined => {
  const found: PlacedSeal[] = [];
  sealedIn(payload, [], found);
  if (found.length === 0) return undefined;
  const shown = replaced(
    payload,
    found.map(({ way }) => ({ way, instead: sealedFor('not-held') })),
  );
  return isObject(shown) ? shown : undefined;
};

const recorded = (body: EventBody, { context }: Commit, at: number): RecordedEvent => {
  const opened = withheld(body.payload);
  return { body, context, position: position(at), ...(opened === undefined ? {} : { opened }) };
};

/** The events of an export in its order, of commits that are sound each by itself. */
async function* eventsOf(
  { source, signal, onProgress }: RehearsalInput,
  onFaulty: () => void,
): AsyncGenerator<RecordedEvent> {
  const progress = paceProgress(onProgress);
  let [bytes, events, line, last] = [0, 0, 0, ''];
  for await (const { bytes: read, fits } of readLines(source(), VERIFY_LIMITS.lineBytesMax)) {
    signal?.throwIfAborted();
    bytes += read.length + 1;
    line += 1;
    if (line === 1) readManifest(readCanonical(read));
    const found = fits ? readCommitLine(read) : undefined;
    last = found === undefined ? new TextDecoder().decode(read.subarray(0, 4_096)) : '';
    if (found === undefined) continue;
    const checked = await checkCommit(found);
    if (checked.kind === 'faulty') onFaulty();
    else for (const body of checked.commit.events) yield recorded(body, checked.commit, events++);
    progress({ bytes, events });
  }
  if (!last.includes('"kind":"seal"')) onFaulty();
  onProgress?.({ bytes, events });
}

/** Counts by aggregate, event and version, in that order. */
const tally = () => {
  const rows = new Map<string, RehearsedEvents>();
  return {
    add: ({ body, context }: RecordedEvent): void => {
      const { type: aggregate } = streamParts(body.stream);
      const key = [aggregate, body.type, String(body.schema).padStart(16, '0')].join('\n');
      const known = rows.get(key);
      const first = known?.first ?? { replica: context.replica, sequence: body.sequence };
      rows.set(key, { aggregate, event: body.type, version: body.schema, events: (known?.events ?? 0) + 1, first });
    },
    list: (): readonly RehearsedEvents[] => [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row),
  };
};

/** Streams of a set, counted by aggregate. */
const byAggregate = (streams: Iterable<StreamId>): readonly RehearsedStreams[] => {
  const counts = new Map<string, number>();
  for (const stream of streams) {
    const { type } = streamParts(stream);
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([aggregate, count]) => ({ aggregate, streams: count }));
};

/** One application's states: folded in passing as far as that goes. */
const folder = (aggregates: readonly AggregateDefinition[]) => {
  const readers = new Map(aggregates.map((each) => [each.type, readerOf(each, NOBODY, PLAIN_BASIS)]));
  const states = new Map<StreamId, StreamState>();
  const stale = new Set<StreamId>();
  const readerFor = (stream: StreamId): StreamReader | undefined => readers.get(streamParts(stream).type);
  return {
    states,
    stale,
    readerFor,
    take: (event: RecordedEvent): void => {
      const { stream } = event.body;
      const reader = readerFor(stream);
      if (reader === undefined || stale.has(stream)) return;
      const advanced = advanceState(states.get(stream) ?? emptyState(reader), event, reader);
      if (advanced === undefined) stale.add(stream);
      else states.set(stream, advanced);
    },
    rebuild: (stream: StreamId, events: readonly RecordedEvent[]): void => {
      const reader = readerFor(stream);
      if (reader !== undefined && stale.has(stream)) states.set(stream, rebuildState(events, reader));
    },
  };
};
type Folder = ReturnType<typeof folder>;

/** The streams in groups of so many events at most; one that has more is a group of its own. */
const grouped = (streams: Iterable<StreamId>, sizes: ReadonlyMap<StreamId, number>): readonly Set<StreamId>[] => {
  const groups: Set<StreamId>[] = [];
  let room = 0;
  for (const stream of streams) {
    const events = sizes.get(stream) ?? 0;
    if (events > room || groups.length === 0) {
      groups.push(new Set());
      room = LIMITS.rehearsedEventsMax;
    }
    groups.at(-1)?.add(stream);
    room -= events;
  }
  return groups;
};

/** Folds from all their events the streams that could not be folded in passing. */
const rebuildStale = async (
  input: RehearsalInput,
  folders: readonly Folder[],
  sizes: ReadonlyMap<StreamId, number>,
): Promise<void> => {
  const stale = new Set(folders.flatMap((each) => [...each.stale]));
  for (const group of grouped(stale, sizes)) {
    const held = new Map<StreamId, RecordedEvent[]>([...group].map((stream) => [stream, []]));
    for await (const event of eventsOf(input, () => undefined)) held.get(event.body.stream)?.push(event);
    for (const [stream, events] of held) for (const each of folders) each.rebuild(stream, events);
  }
};

const ineffective = (state: StreamState): number => state.fold.inapplicable.length + state.unreadable.length;

const comparison = (
  one: StreamState | undefined,
  other: StreamState | undefined,
): 'same' | 'changed' | 'incomparable' => {
  if (one === undefined || other === undefined) return one === other ? 'same' : 'changed';
  const [a, b] = [one.fold.state, other.fold.state];
  if (!isJson(a.context) || !isJson(b.context)) return 'incomparable';
  const isSame = sameJson(a.value, b.value) && sameJson(a.context, b.context);
  return isSame && one.readOnly === other.readOnly && ineffective(one) === ineffective(other) ? 'same' : 'changed';
};

const compared = (before: Folder | undefined, after: Folder): Pick<Rehearsal, 'changed' | 'incomparable'> => {
  if (before === undefined) return { changed: [], incomparable: 0 };
  const streams = [...new Set([...before.states.keys(), ...after.states.keys()])];
  const found = streams.map((stream) => comparison(before.states.get(stream), after.states.get(stream)));
  return {
    changed: byAggregate(streams.filter((_, at) => found[at] === 'changed')),
    incomparable: found.filter((each) => each === 'incomparable').length,
  };
};

/** How the next application reads an event: the tally that it belongs to, if any. */
const readAs = (after: Folder, { body, opened }: RecordedEvent) => {
  const definition = after.readerFor(body.stream)?.definition;
  if (definition === undefined) return 'unregistered';
  const known = definition.events.get(body.type);
  if (known === undefined) return 'newer';
  const { schema } = body;
  const { kind } = openPayload(known, { schema, payload: opened ?? body.payload, trusted: false });
  return kind === 'opened' ? (schema < known.version ? 'upcast' : undefined) : kind;
};

const totalOf = ({ states }: Folder): number =>
  [...states.values()].reduce((sum, state) => sum + ineffective(state), 0);

/**
 * Reads and folds an export with the next application's aggregates, and says what would fail or change.
 * Protected values are as they are without keys: what a guard makes of them is not rehearsed.
 * @throws StoreError `bundle.malformed`, `bundle.unsupported-format` if the bytes are no export; the reason of `signal` when aborted
 */
export const rehearse = async (input: RehearsalInput): Promise<Rehearsal> => {
  const after = folder(input.aggregates);
  const before = input.before === undefined ? undefined : folder(input.before);
  const folders = before === undefined ? [after] : [after, before];
  const tallies = { upcast: tally(), unreadable: tally(), newer: tally(), unregistered: tally() };
  const sizes = new Map<StreamId, number>();
  let [events, faulty] = [0, 0];
  const onFaulty = (): void => {
    faulty += 1;
  };
  for await (const event of eventsOf(input, onFaulty)) {
    const { stream } = event.body;
    events += 1;
    sizes.set(stream, (sizes.get(stream) ?? 0) + 1);
    const kind = readAs(after, event);
    if (kind !== undefined) tallies[kind].add(event);
    for (const each of folders) each.take(event);
  }
  await rebuildStale(input, folders, sizes);
  const [unreadable, newer, unregistered] = [
    tallies.unreadable.list(),
    tallies.newer.list(),
    tallies.unregistered.list(),
  ];
  const readOnly = byAggregate([...after.states].filter(([, state]) => state.readOnly).map(([stream]) => stream));
  const { changed, incomparable } = compared(before, after);
  const counted = before === undefined ? {} : { before: totalOf(before) };
  return {
    ok: [unreadable, newer, unregistered, readOnly, changed].every(({ length }) => length === 0) && faulty === 0,
    ...{
      events,
      streams: sizes.size,
      faulty,
      upcast: tallies.upcast.list(),
      unreadable,
      newer,
      unregistered,
      readOnly,
    },
    inapplicable: { ...counted, after: totalOf(after) },
    ...{ changed, incomparable },
  };
};
