/**
 * What is derived from the log, as of one size, kept so that opening does not read all of it: heads, states, counts of
 * pending events.
 *
 * Invariants: opening with the snapshot of any size gives what opening without one gives; one that is lost, stale, cut
 * or altered is not used, and costs time only. Nothing here is relied on by the verifier. Law: `snapshot.laws`.
 */

import type { MachineState, StateValue } from '../core/aggregate.ts';
import type { Head } from '../core/commit.ts';
import type { Fold } from '../core/fold.ts';
import { type EventId, eventId, type ReplicaId, readStreamId, replicaId, type StreamId } from '../core/ids.ts';
import { isJson, isRecord, type JsonValue } from '../core/json.ts';
import { type Size, sequence, size } from '../core/position.ts';
import { readVersionVector, type VersionVector } from '../core/versionVector.ts';
import { fromHex32, fromUtf8, sameBytes, toHex32, utf8 } from '../crypto/bytes.ts';
import { digestOf } from '../crypto/digest.ts';
import type { PendingCounts } from './pending.ts';
import type { StreamState } from './streamState.ts';

/** Derived state as of `size`. */
export type Snapshot = {
  readonly size: Size;
  readonly heads: ReadonlyMap<ReplicaId, Head>;
  readonly pending: PendingCounts;
  readonly states: ReadonlyMap<StreamId, StreamState>;
  /** Streams that are to be folded from the log: in conflict, or with a context that JSON does not hold. */
  readonly unfolded: readonly StreamId[];
};

const FORMAT = 1;
const DIGEST_BYTES = 32;
/** Streams written out at a time, between two of which the page may breathe. */
const CHUNK = 256;

type Line = readonly [
  stream: string,
  value: JsonValue,
  context: JsonValue,
  version: number,
  frontier: readonly (readonly [replica: number, sequence: number])[],
  flags: number,
  inapplicable: readonly string[],
  unreadable: readonly string[],
];

const READ_ONLY = 1;
const CYCLIC = 2;

/** True if the state of the stream can be kept as it is. */
const isPlain = ({ fold }: StreamState): boolean =>
  fold.conflicts.length === 0 &&
  Object.keys(fold.ahead).length === 0 &&
  isJson(fold.state.context) &&
  isJson(fold.state.value);

const lineOf = (stream: StreamId, state: StreamState, replicas: ReadonlyMap<string, number>): Line => {
  const { fold, readOnly, unreadable } = state;
  const { value, context } = fold.state;
  return [
    stream,
    isJson(value) ? value : null,
    isJson(context) ? context : null,
    fold.version,
    Object.entries(fold.frontier).map(([replica, upTo]) => [replicas.get(replica) ?? -1, upTo]),
    (readOnly ? READ_ONLY : 0) + (fold.cyclic ? CYCLIC : 0),
    fold.inapplicable,
    unreadable,
  ];
};

const concat = (first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
};

/**
 * The bytes of a snapshot.
 * @param fingerprint  of everything that folding depends on  @param breathe  awaited between pieces of the work
 */
export const encodeSnapshot = async (
  snapshot: Snapshot,
  fingerprint: string,
  breathe: () => Promise<void>,
): Promise<Uint8Array<ArrayBuffer>> => {
  const { heads, pending, states } = snapshot;
  const replicas = new Map([...heads.keys()].map((replica, at) => [replica, at]));
  const unfolded: StreamId[] = [...snapshot.unfolded];
  const pieces: string[] = [];
  let chunk: Line[] = [];
  const flush = () => {
    if (chunk.length > 0) pieces.push(JSON.stringify(chunk).slice(1, -1));
    chunk = [];
  };
  for (const [stream, state] of states) {
    if (isPlain(state)) chunk.push(lineOf(stream, state, replicas));
    else unfolded.push(stream);
    if (chunk.length < CHUNK) continue;
    flush();
    await breathe();
  }
  flush();
  const head = {
    format: FORMAT,
    fingerprint,
    size: snapshot.size,
    heads: [...heads].map(([replica, end]) => [replica, end.sequence, toHex32(end.link)]),
    pending: { ...pending, streams: [...pending.streams] },
    unfolded,
  };
  const text = utf8(`{"head":${JSON.stringify(head)},"states":[${pieces.join()}]}`);
  return concat(await digestOf(text), text);
};

/** Thrown inside this file only: the bytes are not a snapshot to be used. */
const UNUSABLE = Symbol('unusable snapshot');
const unusable = (): never => {
  throw UNUSABLE;
};

const fields = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : unusable());
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : unusable());
const text = (value: unknown): string => (typeof value === 'string' ? value : unusable());
const count = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : unusable();
const streamOf = (value: unknown): StreamId => readStreamId(text(value));
const ids = (value: unknown): readonly EventId[] => list(value).map((each) => eventId(text(each)));

const isStateValue = (value: unknown): value is StateValue =>
  typeof value === 'string' || (isRecord(value) && Object.values(value).every(isStateValue));

const headsOf = (value: unknown): ReadonlyMap<ReplicaId, Head> =>
  new Map(
    list(value).map((each) => {
      const [replica, upTo, link] = list(each);
      return [replicaId(text(replica)), { sequence: count(upTo), link: fromHex32(text(link)) }];
    }),
  );

const frontierOf = (value: unknown, replicas: readonly ReplicaId[]): VersionVector =>
  readVersionVector(
    Object.fromEntries(
      list(value).map((each) => {
        const [replica, upTo] = list(each);
        return [replicas[count(replica)] ?? unusable(), sequence(count(upTo))];
      }),
    ),
  );

const stateOf = (line: readonly unknown[], replicas: readonly ReplicaId[]): StreamState => {
  const [, value, context, version, frontier, flags, inapplicable, unreadable] = line;
  const state: MachineState = { value: isStateValue(value) ? value : unusable(), context };
  const fold: Fold<MachineState> = {
    state,
    version: count(version),
    frontier: frontierOf(frontier, replicas),
    ahead: {},
    cyclic: (count(flags) & CYCLIC) !== 0,
    conflicts: [],
    inapplicable: ids(inapplicable),
  };
  return { fold, readOnly: (count(flags) & READ_ONLY) !== 0, unreadable: ids(unreadable) };
};

const pendingOf = (value: unknown): PendingCounts => {
  const { acknowledged, oldest, streams } = fields(value);
  return {
    acknowledged: count(acknowledged),
    oldest: oldest === undefined ? undefined : text(oldest),
    streams: new Map(
      list(streams).map((each) => {
        const [stream, events] = list(each);
        return [streamOf(stream), count(events)];
      }),
    ),
  };
};

const parse = (bytes: Uint8Array, fingerprint: string): Snapshot => {
  const { head, states } = fields(JSON.parse(fromUtf8(bytes)));
  const { format, fingerprint: of, size: upTo, heads, pending, unfolded } = fields(head);
  if (format !== FORMAT || of !== fingerprint) return unusable();
  const ends = headsOf(heads);
  const replicas = [...ends.keys()];
  return {
    size: size(count(upTo)),
    heads: ends,
    pending: pendingOf(pending),
    states: new Map(
      list(states).map((each) => {
        const line = list(each);
        return [streamOf(line[0]), stateOf(line, replicas)];
      }),
    ),
    unfolded: list(unfolded).map(streamOf),
  };
};

/** Reads a snapshot; undefined if the bytes are not one, are not whole, or are of other schemas, reducers or replicas. */
export const decodeSnapshot = async (
  bytes: Uint8Array | undefined,
  fingerprint: string,
): Promise<Snapshot | undefined> => {
  if (bytes === undefined || bytes.length < DIGEST_BYTES) return undefined;
  const body = Uint8Array.from(bytes.subarray(DIGEST_BYTES));
  if (!sameBytes(await digestOf(body), bytes.subarray(0, DIGEST_BYTES))) return undefined;
  try {
    return parse(body, fingerprint);
  } catch {
    return undefined; // written by other code: folded from the log instead
  }
};
