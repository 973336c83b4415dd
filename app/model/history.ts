/** The history of a form or of one of its fields, as it is shown. */
import { type FormContext, itemKey } from '../../src/clinical.ts';
import type { TrailEntry } from '../../src/index.ts';

/** One entry of a form's trail. */
export type FormTrail = TrailEntry<{ readonly value: unknown; readonly context: FormContext }>;

/** What a person chose for one key, and the entries that were not chosen. `kept`: the entry whose value holds, where it is of one. */
export type Chosen = {
  readonly took: FormTrail['choices'][number]['took'];
  readonly kept: FormTrail | undefined;
  readonly over: readonly FormTrail[];
};

export type HistoryLine = {
  readonly id: string;
  readonly isValue: boolean;
  readonly key: string;
  readonly before: string | null | undefined;
  readonly after: string | null | undefined;
  readonly entry: FormTrail;
  readonly cameAs: string;
  /** What was chosen where the entry ended a conflict of the field. */
  readonly chosen: Chosen | undefined;
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The key of the field that an entry records. */
export const keyOfEntry = ({ payload }: FormTrail): string =>
  itemKey({
    group: textOf(payload['group']),
    groupRepeat: textOf(payload['groupRepeat']),
    item: textOf(payload['item']),
  });

/** The value that an entry records. */
export const recordedValue = ({ payload }: FormTrail): string | null | undefined => {
  const { value } = payload;
  return typeof value === 'string' || value === null ? value : undefined;
};

/** Of the field, or of the form as a whole where no field is asked for. */
const chosenIn = (trail: readonly FormTrail[], entry: FormTrail, key: string | undefined): Chosen | undefined => {
  const choice = entry.choices.find((each) => key === undefined || each.key === key);
  if (choice === undefined) return undefined;
  const kept = 'event' in choice ? trail.find(({ eventId }) => eventId === choice.event) : undefined;
  return { took: choice.took, kept, over: trail.filter(({ eventId }) => choice.over.includes(eventId)) };
};

const lineOf = (entry: FormTrail, chosen: Chosen | undefined): HistoryLine => {
  const isValue = entry.type === 'ItemRecorded';
  const key = isValue ? keyOfEntry(entry) : '';
  return {
    id: entry.eventId,
    isValue,
    key,
    before: entry.before.context.items[key],
    after: isValue ? recordedValue(entry) : undefined,
    entry,
    cameAs: textOf(entry.payload['entry']),
    chosen,
  };
};

/** All lines of a form, oldest first; of one field only, with the stages that touch it, when `key` is given. */
export const historyLines = (trail: readonly FormTrail[], key: string | undefined): readonly HistoryLine[] =>
  trail
    .map((entry) => lineOf(entry, chosenIn(trail, entry, key)))
    .filter((line) => key === undefined || !line.isValue || line.key === key);
