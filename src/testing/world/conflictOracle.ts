/**
 * Which keys of a stream are in conflict, told from first principles: a key has as many heads as there are events touching it
 * that no other event touching it has seen. What touches everything touches every key, and is a key of its own besides.
 *
 * Who knows of a conflict goes beyond it by naming all of its heads, or is refused: so whoever has seen a head stands in its place.
 * Slow and plain. Where a policy settles a conflict, its heads are shown as settled, the ones that do not count too.
 */
import { EVERYTHING, openPayload } from '../../core/schema.ts';
import type { Logged } from './logs.ts';
import type { WorldModel } from './model.ts';

/** True if the author of `later` had seen `earlier`. */
const hasSeen = (later: Logged, earlier: Logged): boolean =>
  later.replica === earlier.replica
    ? later.body.sequence > earlier.body.sequence
    : (later.body.basis[earlier.replica] ?? 0) >= earlier.body.sequence;

type Heads = ReadonlySet<string>;

const headsAmong = (events: readonly Logged[]): Heads =>
  new Set(events.filter((event) => !events.some((other) => hasSeen(other, event))).map(({ body }): string => body.id));

/** Ids of the heads of each key that has several. */
export const conflictsBy = ({ aggregate }: WorldModel, events: readonly Logged[]): ReadonlyMap<string, Heads> => {
  const touched = events.map((event) => {
    const { type, schema, payload } = event.body;
    const known = aggregate.events.get(type);
    const opened = known && openPayload(known, { schema, payload, trusted: false });
    return { event, keys: known && opened?.kind === 'opened' ? known.touches(opened.payload) : [EVERYTHING] };
  });
  const touching = (key: string): readonly Logged[] =>
    touched.filter(({ keys }) => keys.includes(key) || keys.includes(EVERYTHING)).map(({ event }) => event);
  const whole = headsAmong(touching(EVERYTHING));
  const conflicts = new Map<string, Heads>();
  if (whole.size > 1) conflicts.set(EVERYTHING, whole);
  for (const key of new Set(touched.flatMap(({ keys }) => keys))) {
    const heads = headsAmong(touching(key));
    const isTold = whole.size > 1 && [...heads].every((id) => whole.has(id));
    if (key !== EVERYTHING && heads.size > 1 && !isTold) conflicts.set(key, heads);
  }
  return conflicts;
};
