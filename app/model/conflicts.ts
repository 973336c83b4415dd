/**
 * Conflicts of a form as a person resolves them. One field with several values is resolved by one of the values or a new
 * one. Where locking or unlocking is one side, the whole form is in question, and it is resolved as a whole: first a lock
 * or unlock that names every head, then the values chosen, then the lock if it is to be locked. Nothing is chosen silently.
 */
import { Form, type FormContext } from '../../src/clinical.ts';
import type { AggregateSnapshot, Conflict, EventId, OpenedEvent, SendOutcome, Store } from '../../src/index.ts';
import { type ItemPlace, placeOfKey } from './fields.ts';

type Snapshot = AggregateSnapshot<FormContext>;

const isItem = (head: OpenedEvent): boolean => head.body.type === 'ItemRecorded';

export const headValue = ({ payload }: OpenedEvent): string | null => {
  const { value } = payload;
  return typeof value === 'string' ? value : null;
};

/** The conflict of one field, if it is one between values only. */
export const fieldConflict = ({ conflicts }: Snapshot, key: string): Conflict | undefined =>
  conflicts.find((conflict) => conflict.key === key);

export const isFormWide = ({ conflicts }: Snapshot): boolean =>
  conflicts.some(({ key, heads }) => key === '*' || !heads.every(isItem));

/** Every head of every conflict, each once. */
export const allHeads = ({ conflicts }: Snapshot): readonly OpenedEvent[] => [
  ...new Map(conflicts.flatMap(({ heads }) => heads).map((head) => [head.body.id, head])).values(),
];

export type Contested = {
  readonly key: string;
  readonly place: ItemPlace;
  readonly values: readonly (string | null)[];
};

/** Fields on which the sides differ: the value shown now, and each that a head gives. */
export const contestedFields = ({ conflicts, context }: Snapshot): readonly Contested[] =>
  conflicts
    .filter(({ key }) => key !== '*')
    .map(({ key, heads }) => {
      const now = key in context.items ? [context.items[key] ?? null] : [];
      return { key, place: placeOfKey(key), values: [...new Set([...now, ...heads.filter(isItem).map(headValue)])] };
    })
    .filter(({ values }) => values.length > 0);

export type FieldChoice = {
  readonly place: ItemPlace;
  readonly value: string | null;
  readonly resolves: readonly EventId[];
  readonly reason: string;
};

/** Resolves one field. */
export const resolveField = (store: Store, form: string, choice: FieldChoice): Promise<SendOutcome> => {
  const { place, value, resolves, reason } = choice;
  const event = { type: 'ItemRecorded', ...place, value, entry: 'keyed' } as const;
  return store.aggregate(Form, form).send(event, { resolves, reason });
};

export type FormChoice = {
  readonly values: ReadonlyMap<string, string | null>;
  readonly locked: boolean;
  readonly reason: string;
};

/** Resolves a whole form, step by step; ends at the first step that is not recorded. */
export const resolveForm = async (store: Store, form: string, choice: FormChoice): Promise<SendOutcome> => {
  const handle = store.aggregate(Form, form);
  const { reason } = choice;
  const before = handle.state();
  const resolves = allHeads(before).map(({ body }) => body.id);
  const first = before.value === 'locked' ? 'FormUnlocked' : 'FormLocked';
  let outcome = await handle.send({ type: first }, { resolves, reason });
  for (const [key, value] of choice.values) {
    if (outcome.kind !== 'committed') return outcome;
    if (handle.state().context.items[key] === value) continue;
    if (handle.state().value === 'locked') outcome = await handle.send({ type: 'FormUnlocked' }, { reason });
    outcome = await handle.send({ type: 'ItemRecorded', ...placeOfKey(key), value, entry: 'keyed' }, { reason });
  }
  const isLocked = handle.state().value === 'locked';
  if (outcome.kind !== 'committed' || isLocked === choice.locked) return outcome;
  return handle.send({ type: choice.locked ? 'FormLocked' : 'FormUnlocked' }, { reason });
};
