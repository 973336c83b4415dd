/**
 * What each side of a conflict over a form had on its screen: the value of each field in the events that the author of a
 * head had seen. Pure.
 */
import type { FormContext } from '../../src/clinical.ts';
import type { AggregateSnapshot, OpenedEvent } from '../../src/index.ts';
import { type ItemPlace, placeOfKey } from './fields.ts';
import { type FormTrail, keyOfEntry, recordedValue } from './history.ts';

type Snapshot = AggregateSnapshot<FormContext>;
export type Trail = readonly FormTrail[];

/** True if the author of `head` had seen the entry, or it is the head itself. */
const isSeenBy = (head: OpenedEvent, { replica, sequence }: FormTrail): boolean => {
  const own = head.context.replica === replica ? head.body.sequence : 0;
  return sequence <= Math.max(own, head.body.basis[replica] ?? 0);
};

/** The newest entry of a field on one side. */
const newestOn = (trail: Trail, head: OpenedEvent, key: string): FormTrail | undefined =>
  trail.findLast((entry) => entry.type === 'ItemRecorded' && keyOfEntry(entry) === key && isSeenBy(head, entry));

/** The value of a field on one side; undefined where it had none. */
export const valueOnSide = (trail: Trail, head: OpenedEvent, key: string): string | null | undefined => {
  const entry = newestOn(trail, head, key);
  return entry === undefined ? undefined : recordedValue(entry);
};

/** Newest entries of the sides that no other side had seen and gone beyond. */
const rivals = (trail: Trail, heads: readonly OpenedEvent[], key: string): readonly FormTrail[] => {
  const newest = heads.map((head) => ({ head, entry: newestOn(trail, head, key) }));
  const found = newest.flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
  const isPassed = (entry: FormTrail) =>
    newest.some((side) => side.entry !== undefined && side.entry !== entry && isSeenBy(side.head, entry));
  return [...new Set(found)].filter((entry) => !isPassed(entry));
};

export type Contested = {
  readonly key: string;
  readonly place: ItemPlace;
  /** What every side had seen of it; undefined where it is new. */
  readonly before: string | null | undefined;
  readonly values: readonly (string | null)[];
};

/** The value of a field before the sides parted. */
const valueBefore = (trail: Trail, heads: readonly OpenedEvent[], key: string): string | null | undefined => {
  const entry = trail.findLast(
    (each) => each.type === 'ItemRecorded' && keyOfEntry(each) === key && heads.every((head) => isSeenBy(head, each)),
  );
  return entry === undefined ? undefined : recordedValue(entry);
};

const distinct = (values: readonly (string | null | undefined)[]): readonly (string | null)[] => [
  ...new Set(values.filter((value) => value !== undefined)),
];

/** Fields that a person has to decide: those in conflict, and those that the sides left with different values. */
export const contestedFields = (snapshot: Snapshot, trail: Trail): readonly Contested[] => {
  const heads = snapshot.conflicts.flatMap((conflict) => conflict.heads);
  const inConflict = new Set(snapshot.conflicts.map(({ key }) => key).filter((key) => key !== '*'));
  const recorded = trail.filter(({ type }) => type === 'ItemRecorded').map(keyOfEntry);
  return [...new Set([...inConflict, ...recorded])].flatMap((key) => {
    const now = key in snapshot.context.items ? snapshot.context.items[key] : undefined;
    const sides = inConflict.has(key)
      ? heads.map((head) => valueOnSide(trail, head, key))
      : rivals(trail, heads, key).map(recordedValue);
    if (distinct([...sides, now]).length < 2 && !inConflict.has(key)) return [];
    const before = valueBefore(trail, heads, key);
    return [{ key, place: placeOfKey(key), before, values: distinct([...sides, now, before]) }];
  });
};
