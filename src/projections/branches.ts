/**
 * The sides of a stream in conflict: what each author had before them, what all had in common, and what it is about. Derived
 * from the events when somebody asks. Law: `branches.laws`.
 */
import { type Conflict, foldStream, judgedConflicts, type OpenedEvent, type Reducer } from '../core/fold.ts';
import { hasSeen, inFoldOrder } from '../core/foldOrder.ts';

/** One side of a conflict. */
export type Branch<S> = {
  /** Who, on which device, when and why: `head.context`, `head.body.reason`. */
  readonly head: OpenedEvent;
  /** The state that its author made with it: of all that the author had seen. */
  readonly state: S;
  /** Keys that this side has touched since what all sides have in common. */
  readonly changed: readonly string[];
};

/** One key in conflict, for a comparison of three: what it was, and what each side made of it. */
export type ContestedKey = Conflict & {
  /** The newest events of the key that every side had seen: none if it is new, several if those were in conflict already. */
  readonly ancestors: readonly OpenedEvent[];
};

export type Branches<S> = {
  /** In fold order of their heads. */
  readonly branches: readonly Branch<S>[];
  /** The state of everything that all sides had seen. */
  readonly ancestor: S;
  readonly keys: readonly ContestedKey[];
};

/** The sides of a stream; undefined if nothing in it is in conflict. */
export const branchesOf = <S>(events: readonly OpenedEvent[], reducer: Reducer<S>): Branches<S> | undefined => {
  const ordered = inFoldOrder(events);
  const { conflicts, counting } = judgedConflicts(ordered, reducer);
  if (conflicts.length === 0) return undefined;
  const all = new Set(conflicts.flatMap(({ heads }) => heads));
  const heads = ordered.filter((event) => all.has(event));
  const knownTo = (sides: readonly OpenedEvent[]) =>
    ordered.filter((event) => sides.every((head) => hasSeen(head, event)));
  const common = new Set(knownTo(heads));
  const counted = new Set(counting);
  const branches = heads.map((head): Branch<S> => {
    const own = [...knownTo([head]), head];
    const changed = own
      .filter((event) => counted.has(event) && !common.has(event))
      .flatMap((event) => reducer.touches(event));
    return { head, state: foldStream(own, reducer).state, changed: [...new Set(changed)].sort() };
  });
  const keys = conflicts.map(({ key, heads: sides }): ContestedKey => {
    const touching = knownTo(sides).filter((event) => counted.has(event) && reducer.touches(event).includes(key));
    const ancestors = touching.filter((event) => !touching.some((later) => hasSeen(later, event)));
    return { key, heads: sides, ancestors };
  });
  return { branches, ancestor: foldStream([...common], reducer).state, keys };
};
