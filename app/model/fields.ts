/** The fields of one form: what the study defines, joined with what is recorded. Pure. */
import { type FormContext, itemKey } from '../../src/clinical.ts';
import type { Catalog, CodeEntry } from './catalog.ts';
import type { DefinitionOf } from './study.ts';
import { detailText } from './wording.ts';

export type ItemPlace = { readonly group: string; readonly groupRepeat: string; readonly item: string };

export type Field = {
  readonly key: string;
  readonly place: ItemPlace;
  readonly question: string;
  readonly definition: DefinitionOf<'item'> | undefined;
  readonly codes: readonly CodeEntry[];
};

export type Section = { readonly key: string; readonly title: string; readonly fields: readonly Field[] };

/** The place that an item key names. */
export const placeOfKey = (key: string): ItemPlace => {
  const [group = '', groupRepeat = '', item = ''] = key.split('/').map(decodeURIComponent);
  return { group, groupRepeat, item };
};

const fieldOf = (catalog: Catalog, place: ItemPlace): Field => {
  const definition = catalog.find('item', place.item);
  return {
    key: itemKey(place),
    place,
    question: definition?.question || place.item,
    definition,
    codes: definition === undefined || definition.codeList === '' ? [] : catalog.codes(definition.codeList),
  };
};

/** Items of the definition first, in its order, then what is recorded besides. */
const sectionOf = (catalog: Catalog, group: string, groupRepeat: string, recorded: readonly ItemPlace[]): Section => {
  const defined = catalog.find('group', group)?.items ?? [];
  const besides = recorded.map(({ item }) => item).filter((item) => !defined.includes(item));
  const fields = [...defined, ...besides].map((item) => fieldOf(catalog, { group, groupRepeat, item }));
  const name = catalog.nameOf('group', group);
  return { key: `${group}[${groupRepeat}]`, title: groupRepeat === '' ? name : `${name} · ${groupRepeat}`, fields };
};

/** The sections of a form: its groups, each with its repeats, in the order of the definition. */
export const sectionsOf = (catalog: Catalog, form: string, items: FormContext['items']): readonly Section[] => {
  const places = Object.keys(items).map(placeOfKey);
  const defined = catalog.find('form', form)?.groups ?? [];
  const besides = places.map(({ group }) => group).filter((group) => !defined.includes(group));
  return [...new Set([...defined, ...besides])].flatMap((group) => {
    const recorded = places.filter((place) => place.group === group);
    const isRepeating = catalog.find('group', group)?.repeating ?? false;
    const found = [...new Set(recorded.map(({ groupRepeat }) => groupRepeat))].sort();
    const repeats = found.length > 0 ? found : [isRepeating ? '1' : ''];
    return repeats.map((repeat) => {
      const inRepeat = recorded.filter(({ groupRepeat }) => groupRepeat === repeat);
      return sectionOf(catalog, group, repeat, inRepeat);
    });
  });
};

/** A value as it is shown: its text, and the code where that differs. */
export const shownValue = (
  field: Field,
  value: string | null | undefined,
): { readonly text: string; readonly code: string; readonly unit: string } => {
  if (value === undefined) return { text: 'not entered', code: '', unit: '' };
  if (value === null) return { text: 'no value', code: '', unit: '' };
  const decoded = field.codes.find(({ code }) => code === value);
  if (decoded !== undefined && decoded.text !== value) return { text: decoded.text, code: value, unit: '' };
  return { text: value, code: '', unit: field.definition?.unit ?? '' };
};

/** What an event says, in words: a value with its question and its text, else as `detailText`. */
export const payloadText = (payload: Readonly<Record<string, unknown>>, catalog: Catalog): string => {
  const { item, value } = payload;
  if (typeof item !== 'string' || (value !== null && typeof value !== 'string')) return detailText(payload);
  const field = fieldOf(catalog, { group: '', groupRepeat: '', item });
  const { text, unit } = shownValue(field, value);
  return `${field.question}: ${text} ${unit}`.trim();
};

export type InputKind = 'codes' | 'integer' | 'decimal' | 'date' | 'time' | 'text';

export const inputKind = (field: Field): InputKind => {
  if (field.codes.length > 0) return 'codes';
  const type = field.definition?.dataType ?? 'text';
  if (type === 'integer') return 'integer';
  if (type === 'float' || type === 'double') return 'decimal';
  return type === 'date' || type === 'time' ? type : 'text';
};

const PATTERN: Readonly<Partial<Record<InputKind, readonly [RegExp, string]>>> = {
  integer: [/^[+-]?\d+$/, 'Enter a whole number.'],
  decimal: [/^[+-]?(\d+(\.\d*)?|\.\d+)$/, 'Enter a number, with a point before decimals.'],
  date: [/^\d{4}-\d\d-\d\d$/, 'Enter a date.'],
};

const isOutside = (comparator: string, value: number, bound: number): boolean =>
  (comparator === 'LT' && value >= bound) ||
  (comparator === 'LE' && value > bound) ||
  (comparator === 'GT' && value <= bound) ||
  (comparator === 'GE' && value < bound);

export type Check = { readonly error: string; readonly warning: string };

/** Whether an entry may be saved: an error stops it, a warning does not. */
export const checkEntry = (field: Field, entry: string): Check => {
  if (entry === '') return { error: 'Enter a value.', warning: '' };
  if (entry.length > 4_000) return { error: 'Enter at most 4,000 characters.', warning: '' };
  const kind = inputKind(field);
  const [pattern, message] = PATTERN[kind] ?? [/^/, ''];
  if (!pattern.test(entry)) return { error: message, warning: '' };
  if (kind !== 'integer' && kind !== 'decimal') return { error: '', warning: '' };
  const broken = field.definition?.ranges.find(({ comparator, value }) =>
    isOutside(comparator, Number(entry), Number(value)),
  );
  if (broken === undefined) return { error: '', warning: '' };
  const text = broken.text || 'Outside the expected range.';
  return broken.hard ? { error: text, warning: '' } : { error: '', warning: text };
};
