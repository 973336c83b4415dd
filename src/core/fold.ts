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
import {
  dominates,
  EMPTY_VECTOR,
  includesDot,
  mergeVectors,
  seen,
  type VersionVector,
  withDot,
} from './versionVector.ts';

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
  /** What authors say that they had seen, where it is not here: what is missing has to be folded before them. */
  readonly ahead: VersionVector;
  /** True if events say that they have seen each other, which no honest author writes: then nothing is folded in passing. */
  readonly cyclic: boolean;
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
  ahead: EMPTY_VECTOR,
  cyclic: false,
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

/** True if the event comes after everything folded, whatever its author and the others claim. */
const comesLast = (fold: Fold<unknown>, event: RecordedEvent): boolean => {
  const dot = dotOf(event);
  const isNew = !includesDot(fold.frontier, dot) && !includesDot(fold.ahead, dot);
  return isNew && !fold.cyclic && hasSeenAll(event, fold.frontier);
};

/**
 * The fold after one more event, if the event has seen everything folded so far; otherwise undefined, and the stream has
 * to be folded anew from all its events. A conflict over everything always needs that.
 */
export const advanceFold = <S>(fold: Fold<S>, event: OpenedEvent, reducer: Reducer<S>): Fold<S> | undefined => {
  if (!comesLast(fold, event)) return undefined;
  if (fold.conflicts.length === 0) return applied(fold, event, reducer);
  const keys = reducer.touches(event);
  if (keys.includes(EVERYTHING) || fold.conflicts.some(({ key }) => key === EVERYTHING)) return undefined;
  const conflicts = fold.conflicts
    .map(({ key, heads }) => ({ key, heads: keys.includes(key) ? supersede(heads, event) : heads }))
    .filter(({ heads }) => heads.length > 1);
  return { ...applied(fold, event, reducer), conflicts };
};

/** What of `vector` the frontier has not reached. */
const beyond = (frontier: VersionVector, vector: VersionVector): VersionVector =>
  vector === EMPTY_VECTOR || dominates(frontier, vector)
    ? EMPTY_VECTOR
    : Object.fromEntries(Object.entries(vector).filter(([replica, upTo]) => seen(frontier, replica) < upTo));

const applied = <S>(fold: Fold<S>, event: OpenedEvent, reducer: Reducer<S>): Fold<S> => {
  const next = reducer.next(fold.state, event);
  const frontier = withDot(fold.frontier, dotOf(event));
  const { basis } = event.body;
  return {
    state: next ?? fold.state,
    version: fold.version + 1,
    frontier,
    ahead: beyond(frontier, dominates(frontier, basis) ? fold.ahead : mergeVectors(fold.ahead, basis)),
    cyclic: fold.cyclic,
    conflicts: fold.conflicts,
    inapplicable: next === undefined ? [...fold.inapplicable, event.body.id] : fold.inapplicable,
  };
};

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const compareDots = (a: RecordedEvent, b: RecordedEvent): number =>
  compareText(a.context.replica, b.context.replica) || a.body.sequence - b.body.sequence;

/** An event on its replica's line. `depth`: 0 while unknown, -1 while its causes are looked at. */
type Node = { readonly event: OpenedEvent; readonly at: number; depth: number };
type Lines = ReadonlyMap<string, readonly Node[]>;

/** One node for each dot, by replica, in the order of sequences. */
const linesOf = (events: readonly OpenedEvent[]): Lines => {
  const lines = new Map<string, Node[]>();
  let last: OpenedEvent | undefined;
  for (const event of [...events].sort(compareDots)) {
    if (last !== undefined && compareDots(last, event) === 0) continue;
    const line = lines.get(event.context.replica) ?? [];
    if (line.length === 0) lines.set(event.context.replica, line);
    line.push({ event, at: line.length, depth: 0 });
    last = event;
  }
  return lines;
};

/** The last node of a line up to `sequence`. */
const lastUpTo = (line: readonly Node[], sequence: number): Node | undefined => {
  let low = 0;
  let high = line.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((line[middle]?.event.body.sequence ?? 0) <= sequence) low = middle + 1;
    else high = middle;
  }
  return line[low - 1];
};

/** What the author had seen last of each replica, own events included. */
const causesOf = ({ event, at }: Node, lines: Lines): readonly Node[] => {
  const { replica } = event.context;
  const causes: Node[] = [];
  const before = lines.get(replica)?.[at - 1];
  if (before !== undefined) causes.push(before);
  for (const other of Object.keys(event.body.basis).sort()) {
    const cause = other === replica ? undefined : lastUpTo(lines.get(other) ?? [], seen(event.body.basis, other));
    if (cause !== undefined) causes.push(cause);
  }
  return causes;
};

/** Finds the depth of `start` and of everything it rests on; true if it rests on itself. */
const findDepth = (start: Node, lines: Lines): boolean => {
  let cyclic = false;
  const path = [start];
  for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
    const causes = node.depth > 0 ? [] : causesOf(node, lines);
    if (node.depth === 0) {
      node.depth = -1;
      cyclic ||= causes.some(({ depth }) => depth < 0);
      path.push(...causes.filter(({ depth }) => depth === 0));
      continue;
    }
    path.pop();
    if (node.depth < 0) node.depth = 1 + causes.reduce((deepest, { depth }) => Math.max(deepest, depth), 0);
  }
  return cyclic;
};

/**
 * The events in fold order, each dot once: by causal depth, then replica, then sequence. Whatever is claimed, the order
 * depends on the set alone; `cyclic` says that authors claim to have seen each other's events, so that causes cannot
 * all come first.
 */
const orderOf = (events: readonly OpenedEvent[]): { readonly nodes: readonly Node[]; readonly cyclic: boolean } => {
  const lines = linesOf(events);
  const nodes = [...lines.values()].flat();
  let cyclic = false;
  for (const node of nodes) cyclic = findDepth(node, lines) || cyclic;
  nodes.sort((a, b) => a.depth - b.depth || compareDots(a.event, b.event));
  return { nodes, cyclic };
};

/** The events in fold order, each once. */
export const inFoldOrder = (events: readonly OpenedEvent[]): readonly OpenedEvent[] =>
  orderOf(events).nodes.map(({ event }) => event);

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
  const { nodes, cyclic } = orderOf(events);
  let fold = emptyFold(reducer);
  for (const { event } of nodes) {
    touch(heads, event, reducer.touches(event));
    fold = applied(fold, event, reducer);
  }
  return { ...fold, cyclic, conflicts: conflictsOf(heads) };
};
