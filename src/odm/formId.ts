/**
 * The id of a form's aggregate: `subject/event[repeat]/form[repeat]`, readable and one to one.
 *
 * Invariants: two different keys never share an id, and an id has one spelling (laws: “gives back every key from its id”,
 * “refuses every other spelling”). The format may never change: it is part of stored stream ids.
 */
import type { FormKey } from './clinicalModel.ts';
import { optional } from './optional.ts';

/** Separators, the escape itself, and control characters, which an aggregate id may not hold. */
const isEscaped = (unit: number): boolean =>
  unit < 0x20 || (unit >= 0x7f && unit < 0xa0) || unit === 0x25 || unit === 0x2f || unit === 0x5b || unit === 0x5d;

const escapeUnit = (unit: number): string => `%${unit.toString(16).toUpperCase().padStart(2, '0')}`;

const escapePart = (part: string): string => {
  let escaped = '';
  for (let at = 0; at < part.length; at++) {
    const unit = part.charCodeAt(at);
    escaped += isEscaped(unit) ? escapeUnit(unit) : part.charAt(at);
  }
  return escaped;
};

const unescapePart = (escaped: string): string =>
  escaped.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

const withRepeat = (oid: string, repeatKey: string | undefined): string =>
  repeatKey === undefined ? escapePart(oid) : `${escapePart(oid)}[${escapePart(repeatKey)}]`;

/** The id of the form that `key` names. Its length is not checked. */
export const formId = (key: FormKey): string => {
  const event = withRepeat(key.studyEventOid, key.studyEventRepeatKey);
  return `${escapePart(key.subjectKey)}/${event}/${withRepeat(key.formOid, key.formRepeatKey)}`;
};

const ID_PATTERN = /^([^/[\]]*)\/([^/[\]]*)(?:\[([^/[\]]*)\])?\/([^/[\]]*)(?:\[([^/[\]]*)\])?$/;

/** The key that an id names, or null when `formId` makes no such id. */
export const parseFormId = (id: string): FormKey | null => {
  const match = ID_PATTERN.exec(id);
  if (match === null) return null;
  const [, subject = '', event = '', eventRepeat, form = '', formRepeat] = match;
  const plain = (part: string | undefined): string | undefined => (part === undefined ? undefined : unescapePart(part));
  const key: FormKey = {
    subjectKey: unescapePart(subject),
    studyEventOid: unescapePart(event),
    ...optional('studyEventRepeatKey', plain(eventRepeat)),
    formOid: unescapePart(form),
    ...optional('formRepeatKey', plain(formRepeat)),
  };
  return formId(key) === id ? key : null;
};
