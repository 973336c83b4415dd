/**
 * From the set of a stream's events to its state: order, concurrency, conflicts.
 *
 * Convention, not fact: an application may fold otherwise. Invariants: the result depends on the set of events alone,
 * not on the order of arrival; a known event is never dropped, only marked inapplicable. Laws: `fold.laws` (any
 * arrival order gives the same fold; advancing equals folding anew).
 *
 * Order: causal depth, then replica, then sequence. Two events that touch a common key and of which neither author had
 * seen the other are a conflict, until an event that has seen both names both in `resolves`.
 */
import type { RecordedEvent } from './commit.ts';
import type { EventId } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { Dot } from './position.ts';
import { EVERYTHING } from './schema.ts';
import { EMPTY_VECTOR, includesDot, seen, type VersionVector, withDot } from './versionVector.ts';

/** An event with its payload at the newest version. */
export type OpenedEvent = RecordedEvent & { readonly payload: JsonObject };

export type Reducer<S> = {
  readonly initial: S;
  /** The state after a legal event; undefined if the event is not legal in this state. */
  readonly next: (state: S, event: OpenedEvent) => S | undefined;
  readonly touches: (event: OpenedEvent) => readonly string[];
};

/** One key with two or more heads of which none has seen the others. */
export type Conflict = { readonly key: string; readonly heads: readonly OpenedEvent[] };

export type Fold<S> = {
  readonly state: S;
  /** Number of events folded. */
  readonly version: number;
  /** Highest sequence of each replica in this stream. */
  readonly frontier: VersionVector;
  readonly conflicts: readonly Conflict[];
  /** Events that are not legal in the merged order: kept, without effect on the state. */
  readonly inapplicable: readonly EventId[];
};

export const dotOf = (event: RecordedEvent): Dot => ({ replica: event.context.replica, sequence: event.body.sequence });

/** The fold of no events. */
export const emptyFold = <S>(reducer: Reducer<S>): Fold<S> => ({
  state: reducer.initial,
  version: 0,
  frontier: EMPTY_VECTOR,
  conflicts: [],
  inapplicable: [],
});

/** True if the author of `event` had seen everything in `frontier`. A replica has always seen its own events. */
const hasSeenAll = (event: RecordedEvent, frontier: VersionVector): boolean => {
  for (const replica in frontier) {
    if (replica !== event.context.replica && seen(event.body.basis, replica) < seen(frontier, replica)) return false;
  }
  return true;
};

/** The heads of one key after `event`, which touches it. */
const supersede = (heads: readonly OpenedEvent[], event: OpenedEvent): readonly OpenedEvent[] => {
  const known = heads.filter(
    (head) => includesDot(event.body.basis, dotOf(head)) || head.context.replica === event.context.replica,
  );
  const resolves = event.body.resolves ?? [];
  const settles = known.length < 2 || known.every((head) => resolves.includes(head.body.id));
  return settles ? [...heads.filter((head) => !known.includes(head)), event] : [...heads, event];
};

/**
 * The fold after one more event, if the event has seen everything folded so far; otherwise undefined, and the stream has
 * to be folded anew from all its events. A conflict over everything always needs that.
 */
export const advanceFold = <S>(fold: Fold<S>, event: OpenedEvent, reducer: Reducer<S>): Fold<S> | undefined => {
  if (!hasSeenAll(event, fold.frontier)) return undefined;
  if (includesDot(fold.frontier, dotOf(event))) return fold;
  if (fold.conflicts.length === 0) return applied(fold, event, reducer);
  const keys = reducer.touches(event);
  if (keys.includes(EVERYTHING) || fold.conflicts.some(({ key }) => key === EVERYTHING)) return undefined;
  const conflicts = fold.conflicts
    .map(({ key, heads }) => ({ key, heads: keys.includes(key) ? supersede(heads, event) : heads }))
    .filter(({ heads }) => heads.length > 1);
  return { ...applied(fold, event, reducer), conflicts };
};

const applied = <S>(fold: Fold<S>, event: OpenedEvent, reducer: Reducer<S>): Fold<S> => {
  const next = reducer.next(fold.state, event);
  return {
    state: next ?? fold.state,
    version: fold.version + 1,
    frontier: withDot(fold.frontier, dotOf(event)),
    conflicts: fold.conflicts,
    inapplicable: next === undefined ? [...fold.inapplicable, event.body.id] : fold.inapplicable,
  };
};

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const basisSum = (vector: VersionVector): number => {
  let total = 0;
  for (const replica in vector) total += seen(vector, replica);
  return total;
};

const compareDots = (a: RecordedEvent, b: RecordedEvent): number =>
  compareText(a.context.replica, b.context.replica) || a.body.sequence - b.body.sequence;

/** Deepest event of `replica` up to `sequence` in an array sorted by sequence. */
type Depths = { readonly sequences: number[]; readonly depths: number[] };
const depthUpTo = (line: Depths | undefined, sequence: number): number => {
  if (line === undefined) return 0;
  let low = 0;
  let high = line.sequences.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((line.sequences[middle] ?? 0) <= sequence) low = middle + 1;
    else high = middle;
  }
  return line.depths[low - 1] ?? 0;
};

/**
 * The events in fold order, each once. An event has seen strictly more than any event in its basis had, so the sum of
 * its basis orders causes before effects, and depths can be computed in one pass.
 */
export const inFoldOrder = (events: readonly OpenedEvent[]): readonly OpenedEvent[] => {
  const sums = new Map(events.map((event) => [event.body.id, basisSum(event.body.basis)]));
  const unique = [...new Map(events.map((event) => [event.body.id, event])).values()];
  const causal = unique.sort((a, b) => (sums.get(a.body.id) ?? 0) - (sums.get(b.body.id) ?? 0) || compareDots(a, b));
  const lines = new Map<string, Depths>();
  const depths = new Map<EventId, number>();
  for (const event of causal) {
    const { replica, sequence } = dotOf(event);
    let depth = depthUpTo(lines.get(replica), sequence - 1);
    for (const other in event.body.basis) {
      depth = Math.max(depth, depthUpTo(lines.get(other), seen(event.body.basis, other)));
    }
    depths.set(event.body.id, depth + 1);
    const line = lines.get(replica) ?? { sequences: [], depths: [] };
    line.sequences.push(sequence);
    line.depths.push(depth + 1);
    lines.set(replica, line);
  }
  return causal.sort((a, b) => (depths.get(a.body.id) ?? 0) - (depths.get(b.body.id) ?? 0) || compareDots(a, b));
};

type Heads = Map<string, readonly OpenedEvent[]>;

const touch = (heads: Heads, event: OpenedEvent, keys: readonly string[]): void => {
  const everything = heads.get(EVERYTHING) ?? [];
  const touched = keys.includes(EVERYTHING)
    ? [EVERYTHING, ...[...heads.keys()].filter((key) => key !== EVERYTHING)]
    : keys;
  for (const key of touched) heads.set(key, supersede(heads.get(key) ?? everything, event));
};

/** A conflict over everything stands for the same heads under single keys. */
const conflictsOf = (heads: Heads): readonly Conflict[] => {
  const conflicts = [...heads].filter(([, found]) => found.length > 1).map(([key, found]) => ({ key, heads: found }));
  const whole = new Set(conflicts.find(({ key }) => key === EVERYTHING)?.heads);
  return conflicts
    .filter(({ key, heads: found }) => key === EVERYTHING || !found.every((head) => whole.has(head)))
    .sort((a, b) => compareText(a.key, b.key));
};

/** Folds all known events of a stream, in whatever order they are given. */
export const foldStream = <S>(events: readonly OpenedEvent[], reducer: Reducer<S>): Fold<S> => {
  const heads: Heads = new Map();
  let fold = emptyFold(reducer);
  for (const event of inFoldOrder(events)) {
    touch(heads, event, reducer.touches(event));
    fold = applied(fold, event, reducer);
  }
  return { ...fold, conflicts: conflictsOf(heads) };
};
