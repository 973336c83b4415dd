/**
 * Which keys of a stream are in conflict, told from first principles: a key has as many heads as there are events touching it
 * that no other event touching it has seen. What touches everything touches every key, and is a key of its own besides.
 *
 * Who knows of a conflict goes beyond it by naming all of its heads, or is refused: so whoever has seen a head stands in its place.
 * Slow and plain. Where a policy settles a conflict, its heads are shown as settled, the ones that do not count too: `policyOracle.ts`
 * says which one does.
 */
import { EVERYTHING, openPayload } from '../../core/schema.ts';
import type { Logged } from './logs.ts';
import type { WorldModel } from './model.ts';
import { hasSeen, type Told } from './policyOracle.ts';

type Heads = ReadonlySet<string>;

const headsAmong = (events: readonly Logged[]): Heads =>
  new Set(events.filter((event) => !events.some((other) => hasSeen(other, event))).map(({ body }): string => body.id));

/** The events with what they touch, as the application's newest version reads them. */
export const toldBy = ({ aggregate }: WorldModel, events: readonly Logged[]): readonly Told[] =>
  events.map((event) => {
    const { type, schema, payload } = event.body;
    const definition = aggregate.events.get(type);
    const opened = definition && openPayload(definition, { schema, payload, trusted: false });
    const read = opened?.kind === 'opened' ? opened.payload : undefined;
    const keys = definition === undefined || read === undefined ? [EVERYTHING] : definition.touches(read);
    return { event, keys, definition, payload: read };
  });

/** Ids of the heads of each key that has several. */
export const conflictsBy = (touched: readonly Told[]): ReadonlyMap<string, Heads> => {
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
