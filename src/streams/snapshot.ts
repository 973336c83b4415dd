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
import type { EventId, ReplicaId, StreamId } from '../core/ids.ts';
import { type Sequence, type Size, size } from '../core/position.ts';
import { EMPTY_VECTOR } from '../core/versionVector.ts';
import { fromHex32, fromUtf8, sameBytes } from '../crypto/bytes.ts';
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

export const FORMAT = 2;
const DIGEST_BYTES = 32;
/** Under this name the storage keeps it. */
export const SNAPSHOT_NAME = 'states';
/** Under this name, how far states of other rules were folded anew. */
export const REBUILD_NAME = 'rebuild';

/**
 * What a snapshot is of. `place`: whose database it is, and which of its replicas were copied; heads and counts depend on nothing else.
 * `rules`: everything that folding depends on besides.
 */
export type SnapshotNames = { readonly place: string; readonly rules: string };

/** A snapshot as it was read. `isStale`: its states were folded by other rules. */
export type Decoded = Snapshot & { readonly isStale: boolean };

export const READ_ONLY = 1;
export const CYCLIC = 2;

/** One stream as it is kept; `frontier` names replicas by their place among the heads. */
export type KeptLine = readonly [
  stream: StreamId,
  value: StateValue,
  context: unknown,
  version: number,
  frontier: readonly (readonly [replica: number, upTo: Sequence])[],
  flags: number,
  inapplicable: readonly EventId[],
  unreadable: readonly EventId[],
];

/** What the bytes hold behind their digest. */
export type Kept = {
  readonly head: {
    readonly format: number;
    readonly place: string;
    readonly rules: string;
    readonly size: number;
    readonly heads: readonly (readonly [replica: ReplicaId, sequence: number, link: string])[];
    readonly pending: Omit<PendingCounts, 'streams'> & { readonly streams: readonly (readonly [StreamId, number])[] };
    readonly unfolded: readonly StreamId[];
  };
  readonly states: readonly KeptLine[];
};

const stateOf = (line: KeptLine, replicas: readonly ReplicaId[]): StreamState => {
  const [, value, context, version, seen, flags, inapplicable, unreadable] = line;
  const frontier: Record<string, Sequence> = {};
  for (const [at, upTo] of seen) {
    const replica = replicas[at];
    if (replica === undefined) throw new RangeError('a replica without a head');
    frontier[replica] = upTo;
  }
  const cyclic = (flags & CYCLIC) !== 0;
  const state: MachineState = { value, context };
  const fold: Fold<MachineState> = {
    ...{ state, version, frontier, ahead: EMPTY_VECTOR, cyclic, conflicts: [], settled: [], inapplicable },
  };
  return { fold, readOnly: (flags & READ_ONLY) !== 0, unreadable };
};

/** Every identifier in it was checked before it was written: the digest, the format and the place vouch for that. */
const parse = (bytes: Uint8Array, { place, rules }: SnapshotNames): Decoded | undefined => {
  const { head, states }: Kept = JSON.parse(fromUtf8(bytes));
  if (head.format !== FORMAT || head.place !== place) return undefined;
  const heads = new Map(
    head.heads.map(([replica, upTo, link]) => [replica, { sequence: upTo, link: fromHex32(link) }] as const),
  );
  const replicas = [...heads.keys()];
  return {
    isStale: head.rules !== rules,
    size: size(head.size),
    heads,
    pending: { ...head.pending, oldest: head.pending.oldest, streams: new Map(head.pending.streams) },
    states: new Map(states.map((line) => [line[0], stateOf(line, replicas)])),
    unfolded: head.unfolded,
  };
};

/** The digest that a snapshot begins with. */
export const snapshotDigest = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, DIGEST_BYTES);

/** Reads a snapshot; undefined if the bytes are not one, are not whole, or are of another place. */
export const decodeSnapshot = async (
  bytes: Uint8Array | undefined,
  names: SnapshotNames,
): Promise<Decoded | undefined> => {
  if (bytes === undefined || bytes.length < DIGEST_BYTES) return undefined;
  const body = Uint8Array.from(bytes.subarray(DIGEST_BYTES));
  if (!sameBytes(await digestOf(body), snapshotDigest(bytes))) return undefined;
  try {
    return parse(body, names);
  } catch {
    return undefined; // written by other code: folded from the log instead
  }
};
