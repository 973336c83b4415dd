/**
 * What is in conflict, as one line of the inbox each: what it is called, what its sides did, and where it is decided. No line shows an
 * id where the study has a name. Pure.
 */
import { DiaryEntry, parseFormId, Query, Subject, Visit } from '../../src/clinical.ts';
import type { Conflict, ConflictedAggregate, OpenedEvent } from '../../src/index.ts';
import type { Catalog } from './catalog.ts';
import { allHeads, isWide } from './conflicts.ts';
import { spoken } from './differences.ts';
import { payloadText, placeOfKey } from './fields.ts';
import { Form } from './form.ts';
import { formNames, withRepeat } from './formNames.ts';
import { Person } from './person.ts';
import { isDisagreement, Study } from './study.ts';
import { subjectOfVisit } from './subjectViews.ts';
import { eventText } from './wording.ts';

/** Where a person decides it. */
export type Way = { readonly kind: 'form' | 'subject'; readonly id: string } | { readonly kind: 'erasures' };

export type InboxLine = {
  readonly where: string;
  /** Who did what on each side. */
  readonly told: string;
  /** The way to where it is decided; undefined where `toDo` says what can be done. */
  readonly way?: Way;
  readonly toDo?: string;
  /** What is compared in the line itself, one conflict after the other. */
  readonly compared: readonly Conflict[];
};

/** What a device knows besides the conflict itself. */
export type InboxNames = {
  readonly catalog: Catalog;
  /** Id of the form that a query is about; undefined if it is not known yet. */
  readonly formOfQuery: (id: string) => string | undefined;
  /** What an erasure is of, without telling it. */
  readonly erasureText: (id: string) => string;
};

const people = (heads: Conflict['heads']): string =>
  [...new Set(heads.map(({ context }) => context.actor.user))].join(' and ');

const question = (item: string, catalog: Catalog): string => catalog.find('item', item)?.question || item;

/** What is open: two devices that imported the same at once have nothing to decide. */
const openOf = ({ type, conflicts }: ConflictedAggregate): readonly Conflict[] =>
  type === Study.type ? conflicts.filter(isDisagreement) : conflicts;

type Told = (head: OpenedEvent) => string;

const sidesText = (conflicts: readonly Conflict[], tell: Told): string =>
  allHeads({ conflicts })
    .map((head) => `${tell(head)} by ${head.context.actor.user}`)
    .join('; ');

const acted =
  (type: string, catalog: Catalog): Told =>
  ({ body, payload }) =>
    `${eventText(type, body.type)} ${payloadText(payload, catalog)}`.trim();

type Named = { readonly id: string; readonly conflicts: readonly Conflict[] };

const formLine = ({ id, conflicts }: Named, catalog: Catalog): InboxLine & Required<Pick<InboxLine, 'way'>> => {
  const { name, place } = formNames(id, catalog);
  const wide: Told = ({ body, payload }) =>
    body.type === 'ItemRecorded' ? question(String(payload['item']), catalog) : eventText(Form.type, body.type);
  const fields = conflicts.map(({ key, heads }) => `${question(placeOfKey(key).item, catalog)}, by ${people(heads)}`);
  return {
    where: place === '' ? name : `${place}, ${name}`,
    told: isWide(conflicts) ? sidesText(conflicts, wide) : fields.join('; '),
    way: { kind: 'form', id },
    compared: [],
  };
};

/** Of a subject: its name, its part in the study, a visit or a diary entry. */
const subjectLine = ({ type, id, conflicts }: ConflictedAggregate, catalog: Catalog): InboxLine | undefined => {
  const line = (subject: string, what: string, told = sidesText(conflicts, acted(type, catalog))): InboxLine => ({
    where: what === '' ? `Subject ${subject}` : `Subject ${subject}: ${what}`,
    ...{ told, way: { kind: 'subject', id: subject }, compared: [] },
  });
  if (type === Subject.type) return line(id, '');
  if (type === Person.type) return line(id, 'the name', `recorded by ${people(allHeads({ conflicts }))}`);
  const key = parseFormId(type === Visit.type ? `${id}/F` : id);
  if (type === DiaryEntry.type && key !== null) return line(key.subjectKey, catalog.nameOf('form', key.formOid));
  if (type !== Visit.type || key === null) return undefined;
  const visit = withRepeat(catalog.nameOf('visit', key.studyEventOid), key.studyEventRepeatKey);
  return line(subjectOfVisit(id), visit);
};

/** The forms that an act of signing covers. */
const signedForms = (conflicts: readonly Conflict[], catalog: Catalog): string => {
  const records = allHeads({ conflicts }).flatMap(({ payload: { records } }) =>
    Array.isArray(records) ? records : [],
  );
  const streams = records.flatMap(({ stream }) => (typeof stream === 'string' ? [stream] : []));
  const texts = streams.map((stream) => {
    const { place, name } = formNames(stream.slice(stream.indexOf('/') + 1), catalog);
    return `${place}, ${name}`;
  });
  return [...new Set(texts)].join('; ');
};

/** What has no page of its own: what it is, and what a person does about it. */
const elsewhere = (
  each: ConflictedAggregate,
  { catalog, erasureText }: InboxNames,
): readonly [string, string, Way?] => {
  const { type, id, conflicts } = each;
  if (type === 'erasure') return [`Erasure: ${erasureText(id)}`, '', { kind: 'erasures' }];
  if (type === 'access')
    return ['Who may do what', 'Look at Access: set anew what shall hold; the newest then counts.'];
  if (type === Study.type)
    return [
      `Definitions of ${catalog.find('study', id)?.name || id}`,
      'Import the metadata file again whose definitions shall hold.',
    ];
  if (type === 'electronicSignature')
    return [
      `A signature of ${signedForms(conflicts, catalog)}`,
      'Both acts stay to be seen with it; sign the form again if neither shall count.',
    ];
  if (type === 'signer')
    return [
      `The signer ${id}`,
      'Whoever administers the study deactivates it, and enrols the person under another name.',
    ];
  if (type === Query.type) return ['A query', ''];
  return [`${spoken(type)} ${id}`, ''];
};

const acts: Told = ({ body }) => spoken(body.type);

/** What has no page: what differs is compared in the line. */
const comparedLine = (each: ConflictedAggregate, compared: readonly Conflict[], names: InboxNames): InboxLine => {
  const [where, toDo, way] = elsewhere(each, names);
  const isStudy = each.type === Study.type; // of the hundreds that a file brings, who imported it is enough
  const told = isStudy ? `imported by ${people(allHeads({ conflicts: compared }))}` : sidesText(compared, acts);
  return { where, told, toDo, compared, ...(way === undefined ? {} : { way }) };
};

/** The line of one aggregate; undefined where nothing is open. */
export const inboxLine = (each: ConflictedAggregate, names: InboxNames): InboxLine | undefined => {
  const open = openOf(each);
  const { type, id } = each;
  if (open.length === 0) return undefined;
  if (type === Form.type) return formLine(each, names.catalog);
  const form = type === Query.type ? names.formOfQuery(id) : undefined;
  if (form === undefined) return subjectLine(each, names.catalog) ?? comparedLine(each, open, names);
  const { where, way } = formLine({ id: form, conflicts: [] }, names.catalog);
  const told = sidesText(open, ({ body }) => eventText(type, body.type));
  return { where: `${where}: the query`, told, way, compared: [] };
};
