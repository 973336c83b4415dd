/** Every stream in conflict, as a list that follows the log; and the events that end conflicts together. */
import { Observable } from 'rxjs';
import { sharesKey } from '../core/conflict.ts';
import type { Choice } from '../core/envelope.ts';
import { StoreError } from '../core/errors.ts';
import type { Conflict } from '../core/fold.ts';
import { type EventId, type StreamId, streamParts } from '../core/ids.ts';
import { EVERYTHING } from '../core/schema.ts';
import type { Draft } from '../streams/writer.ts';
import type { Session } from './session.ts';
import type { ConflictedAggregate } from './types.ts';

const textOf = ({ conflicts, settled }: ConflictedAggregate): string =>
  JSON.stringify(
    [conflicts, settled].map((list) => list.map(({ key, heads }) => [key, heads.map(({ body }) => body.id)])),
  );

const byStream = (a: ConflictedAggregate, b: ConflictedAggregate): number => (a.stream < b.stream ? -1 : 1);

/** The aggregates in conflict, sorted by stream: now, and again when a conflict comes, changes or ends. */
export const conflictsIn = ({ states, changed$, log }: Session): Observable<readonly ConflictedAggregate[]> =>
  new Observable((subscriber) => {
    const found = new Map<StreamId, ConflictedAggregate>();
    const look = (stream: StreamId): boolean => {
      const { conflicts = [], settled = [] } = states.get(stream)?.fold ?? {};
      const before = found.get(stream);
      if (conflicts.length + settled.length === 0) return found.delete(stream);
      const now = { stream, ...streamParts(stream), conflicts, settled };
      if (before !== undefined && textOf(before) === textOf(now)) return false;
      found.set(stream, now);
      return true;
    };
    const show = () => subscriber.next([...found.values()].sort(byStream));
    for (const stream of states.streams()) look(stream);
    show();
    const following = changed$.subscribe((changed) => {
      if ([...changed].map(look).includes(true)) show();
    });
    following.add(log.committed$.subscribe({ complete: () => subscriber.complete() }));
    return following;
  });

/** @throws StoreError `conflict.unknown-choice` */
const checkChoices = (stated: readonly Choice[], conflicts: readonly Conflict[]): void => {
  for (const choice of stated) {
    const conflict = conflicts.find(({ key }) => key === choice.key);
    const isSide = choice.took !== 'head' || conflict?.heads.some(({ body }) => body.id === choice.event) === true;
    if (conflict === undefined || !isSide) throw new StoreError('conflict.unknown-choice', { took: choice.took });
  }
};

/**
 * Drafts that end conflicts together: each names the heads of those that it touches and that none before it has ended, and what was
 * said to be chosen for their keys.
 * @param touches  the keys of a draft   @throws StoreError `conflict.unknown-choice`
 */
export const resolving = (
  drafts: readonly Draft[],
  conflicts: readonly Conflict[],
  touches: (draft: Draft) => readonly string[],
  stated: readonly Choice[],
): readonly Draft[] => {
  checkChoices(stated, conflicts);
  let open = conflicts;
  return drafts.map((draft) => {
    const keys = touches(draft);
    const met = open.filter(({ key }) => sharesKey(keys, [key]));
    open = open.filter(({ key }) => !keys.includes(key) && !keys.includes(EVERYTHING));
    const resolves = new Set(met.flatMap(({ heads }) => heads.map(({ body }): EventId => body.id)));
    if (resolves.size === 0) return draft;
    const choices = stated.filter(({ key }) => met.some((conflict) => conflict.key === key));
    return { ...draft, resolves: [...resolves], choices };
  });
};
