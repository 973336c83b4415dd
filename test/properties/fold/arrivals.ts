/** Events as they reach a device: in any order, some of them twice, and folded one after the other. */
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  advanceFold,
  emptyFold,
  type Fold,
  foldStream,
  type OpenedEvent,
  type Reducer,
} from '../../../src/core/fold.ts';
import { eventsOf, live, type Notes, REDUCER, traces } from './traces.ts';

export const shuffled = <T>(items: readonly T[]): fc.Arbitrary<T[]> =>
  fc.shuffledSubarray([...items], { minLength: items.length });

/** A history, and its events in another order with some of them twice. */
export const arrivals = (unnamed: boolean) =>
  traces({ unnamed }).chain((trace) => {
    const events = eventsOf(live(trace));
    return fc.record({
      trace: fc.constant(trace),
      arrived: fc.tuple(shuffled(events), fc.subarray([...events])).map(([all, again]) => [...all, ...again]),
    });
  });

const named = ({ key, heads, ...rest }: Fold<unknown>['conflicts'][number]) => ({
  ...{ key, ...rest },
  heads: heads.map(({ body }) => body.id),
});

/** A fold with its heads by their ids. */
export const comparable = <S>(fold: Fold<S>) => ({
  ...fold,
  conflicts: fold.conflicts.map(named),
  settled: fold.settled.map(named),
});

/** Folds event by event, advancing where that is allowed. */
export const folded = (
  events: readonly OpenedEvent[],
  reducer: Reducer<Notes> = REDUCER,
): { fold: Fold<Notes>; advanced: number } => {
  let fold = emptyFold(reducer);
  let advanced = 0;
  for (const [index, event] of events.entries()) {
    const next = advanceFold(fold, event, reducer);
    if (next !== undefined) advanced += 1;
    const anew = foldStream(events.slice(0, index + 1), reducer);
    if (next !== undefined) expect(comparable(next)).toEqual(comparable(anew));
    fold = next ?? anew;
  }
  return { fold, advanced };
};
