/**
 * The conflicts of a stream: the events of a key that nobody has gone beyond, those of them that a policy settles, and those
 * that are left to a person.
 *
 * Two events that touch a common key and of which neither author had seen the other are a conflict, until an event that has
 * seen both names both in `resolves`. Where the aggregate's policy says which of them counts, the conflict is settled: the
 * others stay named as its heads, and an event that has seen all of them ends it without naming them.
 * Laws: `fold.laws`, `policies.laws`.
 */

import { compareText, dotOf, hasSeen, type OpenedEvent } from './foldOrder.ts';
import type { EventId } from './ids.ts';
import { EVERYTHING } from './schema.ts';
import { includesDot } from './versionVector.ts';

/** One key with two or more heads of which none has seen the others, in fold order. */
export type Conflict = { readonly key: string; readonly heads: readonly OpenedEvent[] };

/** A conflict that the policy of its aggregate has settled: one head counts, and the others are here to be seen. */
export type SettledConflict = Conflict & { readonly winner: EventId };

/**
 * Says which head of a conflict counts; undefined leaves it to a person. Pure, and the same on every device: it rests on no
 * clock and on no protected value.
 */
export type ConflictRule = (conflict: Conflict) => EventId | undefined;

/**
 * - `manual`: a person decides every conflict.
 * - `fieldwise`: an event type that names no keys touches the members of its payload one by one, and events that give a key
 *   the same value agree. What differs is a person's to decide.
 * - `lastWriterWins`: the last in fold order counts, which is not always the last by the clock. What it overwrites stays listed.
 * - a rule: the id of the head that counts, or undefined for a person to decide.
 */
export type ConflictPolicy = 'manual' | 'fieldwise' | 'lastWriterWins' | ConflictRule;

/** What of an aggregate decides where conflicts are. */
export type ConflictTerms = {
  readonly touches: (event: OpenedEvent) => readonly string[];
  /** Every conflict is left to a person if absent. */
  readonly settle?: ConflictRule;
};

/** True if an event that touches `keys` touches one of the others. */
export const sharesKey = (keys: readonly string[], others: readonly string[]): boolean =>
  others.length > 0 &&
  (keys.includes(EVERYTHING) || others.includes(EVERYTHING) || others.some((key) => keys.includes(key)));

/** True if the event ends the conflict of the heads that its author knew. */
export const namesAll = ({ body: { resolves } }: OpenedEvent, known: readonly OpenedEvent[]): boolean =>
  resolves !== undefined && known.every((head) => resolves.includes(head.body.id));

/** Heads that the author of `event` knew. In fold order, a replica's own event never comes before what it wrote earlier. */
const knownTo = (event: OpenedEvent, heads: readonly OpenedEvent[]): readonly OpenedEvent[] =>
  heads.filter((head) => includesDot(event.body.basis, dotOf(head)) || head.context.replica === event.context.replica);

/** The heads of one key after `event`, which touches it. `isSettled`: whether a policy has settled what is given. */
export const supersede = (
  heads: readonly OpenedEvent[],
  event: OpenedEvent,
  isSettled: (known: readonly OpenedEvent[]) => boolean = () => false,
): readonly OpenedEvent[] => {
  const known = knownTo(event, heads);
  const ends = known.length < 2 || isSettled(known) || namesAll(event, known);
  return ends ? [...heads.filter((head) => !known.includes(head)), event] : [...heads, event];
};

type Settlement = {
  readonly winner: EventId;
  /** What the policy takes the effect from: it would come after the winner and undo it. */
  readonly overruled: readonly OpenedEvent[];
};

const winnerOf = ({ settle }: ConflictTerms, conflict: Conflict): OpenedEvent | undefined => {
  try {
    const winner = settle?.(conflict);
    return conflict.heads.find(({ body }) => body.id === winner);
  } catch {
    return undefined; // a rule that stumbles leaves it to a person
  }
};

/**
 * How the policy settles a conflict. Not at all where the winner would have to take the effect from an event that changes
 * something else besides: that is a person's to decide.
 * @param before  the events folded so far, in fold order
 */
const settlementOf = (
  conflict: Conflict,
  terms: ConflictTerms,
  before: readonly OpenedEvent[],
): Settlement | undefined => {
  const winner = winnerOf(terms, conflict);
  if (winner === undefined) return undefined;
  const { key, heads } = conflict;
  const later = before.slice(before.indexOf(winner) + 1);
  const isLoser = (event: OpenedEvent) =>
    !hasSeen(event, winner) && heads.some((head) => head === event || hasSeen(head, event));
  const overruled = later.filter((event) => isLoser(event) && sharesKey(terms.touches(event), [key]));
  const isAlone = overruled.every((event) => terms.touches(event).every((each) => each === key));
  return isAlone ? { winner: winner.body.id, overruled } : undefined;
};

/** Takes the last head in fold order, which every device folds last anyway. */
export const lastWriterWins: ConflictRule = ({ heads }) => heads.at(-1)?.body.id;

type Found = {
  readonly conflicts: readonly Conflict[];
  readonly settled: readonly SettledConflict[];
  /** Events without effect, because a policy has chosen another. */
  readonly overruled: ReadonlySet<OpenedEvent>;
};

type Heads = Map<string, readonly OpenedEvent[]>;

/** A conflict over everything stands for the same heads under single keys. */
const severalOf = (heads: Heads): readonly Conflict[] => {
  const conflicts = [...heads].filter(([, found]) => found.length > 1).map(([key, found]) => ({ key, heads: found }));
  const whole = new Set(conflicts.find(({ key }) => key === EVERYTHING)?.heads);
  return conflicts
    .filter(({ key, heads: found }) => key === EVERYTHING || !found.every((head) => whole.has(head)))
    .sort((a, b) => compareText(a.key, b.key));
};

/** Finds the conflicts of events that are given in fold order, without those whose authors may not record them. */
export const findConflicts = (events: readonly OpenedEvent[], terms: ConflictTerms): Found => {
  const heads: Heads = new Map();
  const overruled = new Set<OpenedEvent>();
  const before: OpenedEvent[] = [];
  const settlement = (conflict: Conflict) => {
    const found = terms.settle === undefined ? undefined : settlementOf(conflict, terms, before);
    for (const event of found?.overruled ?? []) overruled.add(event);
    return found;
  };
  for (const event of events) {
    const everything = heads.get(EVERYTHING) ?? [];
    const keys = terms.touches(event);
    const touched = keys.includes(EVERYTHING) ? new Set([EVERYTHING, ...heads.keys()]) : keys;
    for (const key of touched) {
      const isSettled = (known: readonly OpenedEvent[]) => settlement({ key, heads: known }) !== undefined;
      heads.set(key, supersede(heads.get(key) ?? everything, event, isSettled));
    }
    before.push(event);
  }
  const conflicts: Conflict[] = [];
  const settled: SettledConflict[] = [];
  for (const conflict of severalOf(heads)) {
    const found = settlement(conflict);
    if (found === undefined) conflicts.push(conflict);
    else settled.push({ ...conflict, winner: found.winner });
  }
  return { conflicts, settled, overruled };
};
