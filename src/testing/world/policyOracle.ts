/**
 * What a policy has to make of a conflict, told from first principles: which head counts, and which events have no effect for it. Slow and
 * plain; of the product it asks a rule of the application, and nothing else.
 *
 * Fold order here: an event is as deep as the longest line of events, each of which the next one's author had seen, that ends in it.
 */
import type { ConflictPolicy, ConflictRule } from '../../core/conflict.ts';
import { type JsonObject, sameJson } from '../../core/json.ts';
import { EVERYTHING, type EventDefinition } from '../../core/schema.ts';
import type { Logged } from './logs.ts';

/** True if the author of `later` had seen `earlier`. */
export const hasSeen = (later: Logged, earlier: Logged): boolean =>
  later.replica === earlier.replica
    ? later.body.sequence > earlier.body.sequence
    : (later.body.basis[earlier.replica] ?? 0) >= earlier.body.sequence;

/** An event of a stream with the keys that it touches; without a payload where it cannot be opened. */
export type Told = {
  readonly event: Logged;
  readonly keys: readonly string[];
  readonly definition: EventDefinition | undefined;
  readonly payload: JsonObject | undefined;
};

/** The head that counts, and those that have no effect for it; undefined if a person decides. */
export type Verdict = { readonly winner: string; readonly overruled: readonly string[] } | undefined;

type Compare = (one: Told, other: Told) => number;

/** Compares events of one stream by their place in the order in which everybody folds them. */
const foldOrderOf = (all: readonly Told[]): Compare => {
  const depths = new Map<Logged, number>();
  const depthOf = (event: Logged): number => {
    const known = depths.get(event);
    if (known !== undefined) return known;
    depths.set(event, 0); // a name that stands for two chains can make a ring
    const depth = all.reduce(
      (most, other) => (hasSeen(event, other.event) ? Math.max(most, depthOf(other.event)) : most),
      0,
    );
    depths.set(event, depth + 1);
    return depth + 1;
  };
  return ({ event: one }, { event: other }) => {
    const byDepth = depthOf(one) - depthOf(other);
    if (byDepth !== 0 || one.replica === other.replica) return byDepth || one.body.sequence - other.body.sequence;
    return one.replica < other.replica ? -1 : 1;
  };
};

/** What an event says of a key; a type that names its keys says it in all of its payload. */
const saidOf = (key: string, { event, definition, payload }: Told): JsonObject | undefined => {
  if (definition === undefined || payload === undefined || definition.protects.length > 0) return undefined;
  const isWhole = definition.isKeyed || key === EVERYTHING;
  return { type: event.body.type, value: isWhole ? payload : (payload[key] ?? null) };
};

const agreed = (key: string, heads: readonly Told[]): boolean => {
  const [first, ...others] = heads.map((head) => saidOf(key, head));
  return first !== undefined && others.every((other) => other !== undefined && sameJson(first, other));
};

const idOf = ({ event }: Told): string => event.body.id;

/** The id of the head that the policy is for. @param heads  in fold order  @param ask  what a rule of the application says of them */
const wanted = (
  policy: ConflictPolicy,
  { key, heads }: { readonly key: string; readonly heads: readonly Told[] },
  ask: (rule: ConflictRule, ids: readonly string[]) => string | undefined,
): string | undefined => {
  if (policy === 'manual') return undefined;
  const ids = heads.map(idOf);
  if (policy === 'lastWriterWins') return ids.at(-1);
  if (policy === 'fieldwise') return agreed(key, heads) ? ids.at(-1) : undefined;
  return ask(policy, ids);
};

/** How a policy settles conflicts of one stream, all of whose events are given. */
export const verdictsOf =
  (
    policy: ConflictPolicy,
    all: readonly Told[],
    ask: (rule: ConflictRule, key: string, ids: readonly string[]) => string | undefined,
  ) =>
  (key: string, ids: ReadonlySet<string>): Verdict => {
    if (policy === 'manual') return undefined;
    const order = foldOrderOf(all);
    const heads = all.filter((each) => ids.has(idOf(each))).sort(order);
    const id = wanted(policy, { key, heads }, (rule, inOrder) => ask(rule, key, inOrder));
    const winner = heads.find((head) => idOf(head) === id);
    if (winner === undefined) return undefined;
    const isLoser = (each: Told) =>
      !hasSeen(each.event, winner.event) && heads.some((head) => head === each || hasSeen(head.event, each.event));
    const isOfKey = ({ keys }: Told) => key === EVERYTHING || keys.includes(key) || keys.includes(EVERYTHING);
    // what comes before the winner is overwritten by it anyway
    const overruled = all.filter((each) => order(each, winner) > 0 && isLoser(each) && isOfKey(each));
    const isAlone = overruled.every(({ keys }) => keys.every((each) => each === key));
    return isAlone ? { winner: idOf(winner), overruled: overruled.map(idOf) } : undefined;
  };
