/**
 * Which keys of a stream are in conflict, told from first principles: a key has as many heads as there are events touching it
 * that no other event touching it has seen. Slow and plain, for streams without resolutions and without events that touch
 * everything: there nothing has to be decided.
 */
import { EVERYTHING } from '../../core/schema.ts';
import type { Logged } from './logs.ts';
import type { WorldModel } from './model.ts';

/** True if the author of `later` had seen `earlier`. */
const hasSeen = (later: Logged, earlier: Logged): boolean =>
  later.replica === earlier.replica
    ? later.body.sequence > earlier.body.sequence
    : (later.body.basis[earlier.replica] ?? 0) >= earlier.body.sequence;

/** Ids of the heads of each key that has several; undefined where more than that would have to be known. */
export const conflictsBy = (
  { aggregate }: WorldModel,
  events: readonly Logged[],
): ReadonlyMap<string, ReadonlySet<string>> | undefined => {
  const touching = new Map<string, Logged[]>();
  for (const event of events) {
    const { body } = event;
    const keys = aggregate.events.get(body.type)?.touches(body.payload) ?? [EVERYTHING];
    if (body.resolves !== undefined || keys.includes(EVERYTHING)) return undefined;
    for (const key of keys) touching.set(key, [...(touching.get(key) ?? []), event]);
  }
  const conflicts = new Map<string, ReadonlySet<string>>();
  for (const [key, all] of touching) {
    const heads = all.filter((event) => !all.some((other) => hasSeen(other, event)));
    if (heads.length > 1) conflicts.set(key, new Set(heads.map(({ body }) => body.id)));
  }
  return conflicts;
};
