/**
 * Conflicts of a form as a person resolves them. One field with several values is resolved by one of the values or a new
 * one. Where locking or unlocking is one side, the whole form is in question, and it is resolved as a whole, in one commit: first a
 * lock or unlock that names every head, then the values chosen, then the lock if it is to be locked. Nothing is chosen silently.
 */
import type { FormContext, ItemRecordedPayload } from '../../src/clinical.ts';
import {
  type AggregateSnapshot,
  type Choice,
  type Conflict,
  EVERYTHING,
  type OpenedEvent,
  type SendOutcome,
  type Store,
} from '../../src/index.ts';
import { type ItemPlace, placeOfKey } from './fields.ts';
import { Form } from './form.ts';

type Snapshot = AggregateSnapshot<FormContext>;

const isItem = (head: OpenedEvent): boolean => head.body.type === 'ItemRecorded';

export const headValue = ({ payload }: OpenedEvent): string | null => {
  const { value } = payload;
  return typeof value === 'string' ? value : null;
};

/** The conflict of one field, if it is one between values only. */
export const fieldConflict = ({ conflicts }: Snapshot, key: string): Conflict | undefined =>
  conflicts.find((conflict) => conflict.key === key);

/** True if more is in question than values of single fields. */
export const isWide = (conflicts: readonly Conflict[]): boolean =>
  conflicts.some(({ key, heads }) => key === '*' || !heads.every(isItem));

export const isFormWide = ({ conflicts }: Snapshot): boolean => isWide(conflicts);

/** Every head of every conflict, each once. */
export const allHeads = ({ conflicts }: Pick<Snapshot, 'conflicts'>): readonly OpenedEvent[] => [
  ...new Map(conflicts.flatMap(({ heads }) => heads).map((head) => [head.body.id, head])).values(),
];

type Outcomes = readonly SendOutcome[];

export type FieldChoice = {
  readonly place: ItemPlace;
  readonly value: string | null;
  /** The event that the value is of, a side or what was before them; undefined for a new value. */
  readonly taken: OpenedEvent | undefined;
  /** As the person has seen it. */
  readonly conflict: Conflict;
  readonly reason: string;
};

/** What is recorded of a choice: the side that was taken, what was before the sides, or neither. */
export const choiceOf = ({ key, heads }: Conflict, taken: OpenedEvent | undefined): Choice => {
  if (taken === undefined) return { key, took: 'new' };
  return { key, took: heads.includes(taken) ? 'head' : 'before', event: taken.body.id };
};

/** Resolves one field. */
export const resolveField = (store: Store, form: string, choice: FieldChoice): Promise<Outcomes> => {
  const { place, value, taken, conflict, reason } = choice;
  const event = { type: 'ItemRecorded', ...place, value, entry: 'keyed' } as const;
  return store.aggregate(Form, form).resolve([conflict], [event], { reason, choices: [choiceOf(conflict, taken)] });
};

export type FormChoice = {
  readonly values: ReadonlyMap<string, string | null>;
  readonly locked: boolean;
  readonly reason: string;
};

type Step =
  | { readonly type: 'FormLocked' | 'FormUnlocked' }
  | ({ readonly type: 'ItemRecorded' } & ItemRecordedPayload);

/** The steps from what is shown to what was chosen. The first one touches everything, and so settles every conflict. */
const stepsOf = (before: Snapshot, { values, locked }: FormChoice): readonly Step[] => {
  const steps: Step[] = [];
  let isLocked = before.value === 'locked';
  const toggle = () => {
    steps.push({ type: isLocked ? 'FormUnlocked' : 'FormLocked' });
    isLocked = !isLocked;
  };
  toggle();
  for (const [key, value] of values) {
    if (before.context.items[key] === value) continue;
    if (isLocked) toggle();
    steps.push({ type: 'ItemRecorded', ...placeOfKey(key), value, entry: 'keyed' });
  }
  if (isLocked !== locked) toggle();
  return steps;
};

/** What a choice for the whole form means for one key in conflict: by the value of the field, or by whether the form is locked. */
const formChoice = (conflict: Conflict, before: Snapshot, { values, locked }: FormChoice): Choice => {
  const { key, heads } = conflict;
  const value = values.get(key);
  const isTaken = (head: OpenedEvent) =>
    isItem(head) ? headValue(head) === value : head.body.type === (locked ? 'FormLocked' : 'FormUnlocked');
  const side = heads.find((head) => isItem(head) === (key !== EVERYTHING) && isTaken(head));
  const isAsBefore = key in before.uncontested.context.items && before.uncontested.context.items[key] === value;
  return side === undefined && isAsBefore ? { key, took: 'before' } : choiceOf(conflict, side);
};

const choicesOf = (before: Snapshot, choice: FormChoice): readonly Choice[] =>
  before.conflicts.map((conflict) => formChoice(conflict, before, choice));

/**
 * Resolves a whole form in one commit, all of it or nothing.
 * @param before  the form as the person has seen it
 */
export const resolveForm = (
  store: Store,
  form: string,
  { before, ...choice }: FormChoice & { readonly before: Snapshot },
): Promise<Outcomes> =>
  store.aggregate(Form, form).resolve(before.conflicts, stepsOf(before, choice), {
    reason: choice.reason,
    choices: choicesOf(before, choice),
  });
