/** Writes what `snapshot.ts` reads: a part of upkeep, never of opening. Law: `snapshot.laws` */
import type { StreamId } from '../core/ids.ts';
import { isJson, type JsonValue } from '../core/json.ts';
import { toHex32, utf8 } from '../crypto/bytes.ts';
import { digestOf } from '../crypto/digest.ts';
import { CYCLIC, FORMAT, READ_ONLY, type Snapshot, type SnapshotNames } from './snapshot.ts';
import type { StreamState } from './streamState.ts';

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

/** True if the state of the stream can be kept as it is. */
const isPlain = ({ fold }: StreamState): boolean =>
  fold.conflicts.length + fold.settled.length === 0 &&
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
 * @param names  what it is of  @param breathe  awaited between pieces of the work
 */
export const encodeSnapshot = async (
  snapshot: Snapshot,
  names: SnapshotNames,
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
    place: names.place,
    rules: names.rules,
    size: snapshot.size,
    heads: [...heads].map(([replica, end]) => [replica, end.sequence, toHex32(end.link)]),
    pending: { ...pending, streams: [...pending.streams] },
    unfolded,
  };
  const text = utf8(`{"head":${JSON.stringify(head)},"states":[${pieces.join()}]}`);
  return concat(await digestOf(text), text);
};
