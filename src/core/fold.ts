/**
 * From the set of a stream's events to its state.
 *
 * Convention, not fact: an application may fold otherwise. Invariants: the result depends on the set of events alone,
 * not on the order of arrival; a known event is never dropped, only marked inapplicable. Laws: `fold.laws` (any
 * arrival order gives the same fold; advancing equals folding anew).
 *
 * Order: `foldOrder.ts`. What is in conflict: `conflict.ts`.
 */
import type { RecordedEvent } from './commit.ts';
import {
  type Conflict,
  type ConflictTerms,
  findConflicts,
  namesAll,
  type SettledConflict,
  sharesKey,
  supersede,
} from './conflict.ts';
import { dotOf, hasSeen, type OpenedEvent, orderOf } from './foldOrder.ts';
import type { EventId } from './ids.ts';
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

export type { Conflict, ConflictPolicy, ConflictRule, SettledConflict } from './conflict.ts';
export { dotOf, inFoldOrder, type OpenedEvent } from './foldOrder.ts';

export type Reducer<S> = ConflictTerms & {
  readonly initial: S;
  /** The state after a legal event; undefined if the event is not legal in this state. */
  readonly next: (state: S, event: OpenedEvent) => S | undefined;
  /** True if its author may not record the event in this state; nothing is refused if absent. */
  readonly refuses?: (state: S, event: OpenedEvent) => boolean;
  /** Whether the event is for its author to record, by their role, and to end conflicts by if it does; everything is if absent. */
  readonly permits?: (event: OpenedEvent) => boolean;
};

/**
 * True if the event is not its author's to record where it stands, or if it ends a conflict and its author may not: then it is kept
 * and marked, but has no effect, ends no conflict, and is no side of one.
 */
const isRefused = <S>({ refuses, permits }: Reducer<S>, state: S, event: OpenedEvent): boolean =>
  permits?.(event) === false || refuses?.(state, event) === true;

/** The state after an event that is legal and its author's to record; otherwise undefined. */
export const nextState = <S>(reducer: Reducer<S>, state: S, event: OpenedEvent): S | undefined =>
  isRefused(reducer, state, event) ? undefined : reducer.next(state, event);

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
  /** Conflicts that the policy of the aggregate has settled, and that no event has gone beyond. */
  readonly settled: readonly SettledConflict[];
  /** Events that are not legal in the merged order, not their author's to record, or overruled by a policy: kept, without effect. */
  readonly inapplicable: readonly EventId[];
};

/** The fold of no events. */
export const emptyFold = <S>(reducer: Reducer<S>): Fold<S> => ({
  state: reducer.initial,
  version: 0,
  frontier: EMPTY_VECTOR,
  ahead: EMPTY_VECTOR,
  cyclic: false,
  conflicts: [],
  settled: [],
  inapplicable: [],
});

/** True if the author of `event` had seen everything in `frontier`. A replica has always seen its own events. */
const hasSeenAll = (event: RecordedEvent, frontier: VersionVector): boolean => {
  for (const replica in frontier) {
    if (replica !== event.context.replica && seen(event.body.basis, replica) < seen(frontier, replica)) return false;
  }
  return true;
};

/** True if the event comes after everything folded, whatever its author and the others claim. */
const comesLast = (fold: Fold<unknown>, event: RecordedEvent): boolean => {
  const dot = dotOf(event);
  const isNew = !includesDot(fold.frontier, dot) && !includesDot(fold.ahead, dot);
  return isNew && !fold.cyclic && hasSeenAll(event, fold.frontier);
};

/** The open conflicts after an event that has seen all of the stream; undefined if the stream has to be folded anew. */
const conflictsAfter = <S>(
  { conflicts, settled }: Fold<S>,
  event: OpenedEvent,
  reducer: Reducer<S>,
): readonly Conflict[] | undefined => {
  const keys = reducer.touches(event);
  const namesThem = () => conflicts.every(({ heads }) => namesAll(event, heads));
  if (
    sharesKey(
      keys,
      settled.map(({ key }) => key),
    )
  )
    return undefined;
  if (conflicts.length === 0) return conflicts;
  if (keys.includes(EVERYTHING)) return namesThem() ? [] : undefined;
  if (conflicts.some(({ key }) => key === EVERYTHING)) return undefined;
  const touched = conflicts.map(({ key, heads }) => {
    const isTouched = keys.includes(key);
    return { isTouched, conflict: isTouched ? { key, heads: supersede(heads, event) } : { key, heads } };
  });
  const left = touched.filter(({ conflict }) => conflict.heads.length > 1);
  const isForPolicy = reducer.settle !== undefined && left.some(({ isTouched }) => isTouched);
  return isForPolicy ? undefined : left.map(({ conflict }) => conflict);
};

/**
 * The fold after one more event, if the event has seen everything folded so far; otherwise undefined, and the stream has
 * to be folded anew from all its events. An event of a key that a conflict over everything includes always needs that.
 */
export const advanceFold = <S>(fold: Fold<S>, event: OpenedEvent, reducer: Reducer<S>): Fold<S> | undefined => {
  if (!comesLast(fold, event)) return undefined;
  if (isRefused(reducer, fold.state, event))
    return reducer.settle === undefined ? applied(fold, event, undefined) : undefined;
  if (fold.conflicts.length + fold.settled.length === 0) return applied(fold, event, reducer.next(fold.state, event));
  const conflicts = conflictsAfter(fold, event, reducer);
  if (conflicts === undefined) return undefined;
  return { ...applied(fold, event, reducer.next(fold.state, event)), conflicts };
};

/** What of `vector` the frontier has not reached. */
const beyond = (frontier: VersionVector, vector: VersionVector): VersionVector =>
  vector === EMPTY_VECTOR || dominates(frontier, vector)
    ? EMPTY_VECTOR
    : Object.fromEntries(Object.entries(vector).filter(([replica, upTo]) => seen(frontier, replica) < upTo));

/** The fold after an event that leads to `next`, or is without effect. */
const applied = <S>(fold: Fold<S>, event: OpenedEvent, next: S | undefined): Fold<S> => {
  const frontier = withDot(fold.frontier, dotOf(event));
  const { basis } = event.body;
  return {
    state: next ?? fold.state,
    version: fold.version + 1,
    frontier,
    ahead: beyond(frontier, dominates(frontier, basis) ? fold.ahead : mergeVectors(fold.ahead, basis)),
    cyclic: fold.cyclic,
    conflicts: fold.conflicts,
    settled: fold.settled,
    inapplicable: next === undefined ? [...fold.inapplicable, event.body.id] : fold.inapplicable,
  };
};

/** The events, given in fold order, that are their authors' to record: those that conflicts are found among. */
const permitted = <S>(ordered: readonly OpenedEvent[], reducer: Reducer<S>): readonly OpenedEvent[] => {
  const { refuses, permits } = reducer;
  const isPermitted = (event: OpenedEvent) => permits?.(event) !== false;
  if (refuses === undefined) return ordered.every(isPermitted) ? ordered : ordered.filter(isPermitted);
  let state = reducer.initial;
  return ordered.filter((event) => {
    if (isRefused(reducer, state, event)) return false;
    state = reducer.next(state, event) ?? state;
    return true;
  });
};

/** What is in conflict among the events, given in fold order, and which of them have no effect for it or for who recorded them. */
export const judgedConflicts = <S>(ordered: readonly OpenedEvent[], reducer: Reducer<S>) => {
  const counting = permitted(ordered, reducer);
  const { overruled, ...found } = findConflicts(counting, reducer);
  const isCounted = counting === ordered ? undefined : new Set(counting);
  const hasEffect = (event: OpenedEvent) => !overruled.has(event) && isCounted?.has(event) !== false;
  return { ...found, counting, hasEffect };
};

/** Folds all known events of a stream, in whatever order they are given. */
export const foldStream = <S>(events: readonly OpenedEvent[], reducer: Reducer<S>): Fold<S> => {
  const { nodes, cyclic } = orderOf(events);
  const ordered = nodes.map(({ event }) => event);
  const { conflicts, settled, hasEffect } = judgedConflicts(ordered, reducer);
  let fold = emptyFold(reducer);
  for (const event of ordered)
    fold = applied(fold, event, hasEffect(event) ? nextState(reducer, fold.state, event) : undefined);
  return { ...fold, cyclic, conflicts, settled };
};

/** One event of a fold with the state that it met. `next`: undefined if it is without effect. */
export type FoldStep<S> = { readonly event: OpenedEvent; readonly before: S; readonly next: S | undefined };

/** What each event of a stream does to its state, in fold order. Law: `trail.laws` (it ends in the state of the fold). */
export const foldSteps = <S>(events: readonly OpenedEvent[], reducer: Reducer<S>): readonly FoldStep<S>[] => {
  const ordered = orderOf(events).nodes.map(({ event }) => event);
  const { hasEffect } = judgedConflicts(ordered, reducer);
  let state = reducer.initial;
  return ordered.map((event) => {
    const before = state;
    const next = hasEffect(event) ? nextState(reducer, before, event) : undefined;
    state = next ?? before;
    return { event, before, next };
  });
};

/** A stream without what is contested in it. */
export type Uncontested<S> = {
  readonly state: S;
  /** Keys that were in conflict in it, or in what it rests on: an event that touches one of them needs a new look. */
  readonly keys: readonly string[];
};

/** True if the event is one side of the conflict, or leads to one alone: not every head's author had seen it. */
const isPartOf = ({ key, heads }: Conflict, event: OpenedEvent, reducer: ConflictTerms): boolean =>
  sharesKeyOf(key, reducer.touches(event)) && !heads.every((head) => hasSeen(head, event));

/** An event takes part in a conflict over everything if it touches everything. */
const sharesKeyOf = (key: string, keys: readonly string[]): boolean => keys.includes(key) || keys.includes(EVERYTHING);

/**
 * The state of a stream without the events that are in open conflict, and without those that led to them on one side only.
 * Where that leaves open a conflict which those had ended, it is left out too.
 */
export const uncontestedOf = <S>(events: readonly OpenedEvent[], reducer: Reducer<S>): Uncontested<S> => {
  const keys = new Set<string>();
  let rest = events;
  for (;;) {
    const { state, conflicts, settled } = foldStream(rest, reducer);
    for (const { key } of [...conflicts, ...settled]) keys.add(key);
    if (conflicts.length === 0) return { state, keys: [...keys] };
    rest = rest.filter((event) => !conflicts.some((conflict) => isPartOf(conflict, event, reducer)));
  }
};
