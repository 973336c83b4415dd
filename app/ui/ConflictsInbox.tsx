/**
 * All that is in conflict on this device, what waits longest first: what it is, who recorded what, and the way to where it is decided. A
 * record without a page of its own shows here what its sides say differently, and what can be done.
 */
import { useMemo } from 'react';
import { DiaryEntry, parseFormId, Query, Subject, Visit } from '../../src/clinical.ts';
import type { Conflict, ConflictedAggregate } from '../../src/index.ts';
import { useConflicts, useView } from '../../src/react/index.ts';
import type { Catalog } from '../model/catalog.ts';
import { allHeads, isWide } from '../model/conflicts.ts';
import { differencesOf, spoken } from '../model/differences.ts';
import { placeOfKey } from '../model/fields.ts';
import { Form } from '../model/form.ts';
import { formNames } from '../model/formNames.ts';
import { queries } from '../model/queryView.ts';
import { subjectOfVisit } from '../model/subjectViews.ts';
import { eventText, wordingOf } from '../model/wording.ts';
import { HeadInfo } from './HeadInfo.tsx';

type Ways = {
  readonly catalog: Catalog;
  readonly onForm: (form: string) => void;
  readonly onSubject: (subject: string) => void;
};

const waitingSince = ({ conflicts }: ConflictedAggregate): string =>
  conflicts.flatMap(({ heads }) => heads.map(({ context }) => context.recordedAt.utc)).sort()[0] ?? '';

/** What waits for a person. */
const useWaiting = (): readonly ConflictedAggregate[] => {
  const all = useConflicts();
  return useMemo(
    () =>
      all.filter(({ conflicts }) => conflicts.length > 0).sort((a, b) => (waitingSince(a) < waitingSince(b) ? -1 : 1)),
    [all],
  );
};

const people = (heads: Conflict['heads']): string =>
  [...new Set(heads.map(({ context }) => context.actor.user))].join(' and ');

const fieldText = (conflict: Conflict, catalog: Catalog): string => {
  const { item } = placeOfKey(conflict.key);
  const what = isWide([conflict]) ? 'the form as a whole' : (catalog.find('item', item)?.question ?? item);
  return `${what}, by ${people(conflict.heads)}`;
};

const sidesText = ({ type, conflicts }: ConflictedAggregate): string =>
  allHeads({ conflicts })
    .map(({ body, context }) => `${eventText(type, body.type)} by ${context.actor.user}`)
    .join('; ');

/** Whose page shows it; empty for what has none. */
const subjectOf = ({ type, id }: ConflictedAggregate): string => {
  if (type === Subject.type) return id;
  if (type === Visit.type) return subjectOfVisit(id);
  return type === DiaryEntry.type ? (parseFormId(id)?.subjectKey ?? '') : '';
};

/** Where a record of this device is decided, and what its line says. */
const placeOf = (each: ConflictedAggregate, formOfQuery: (id: string) => string | undefined, ways: Ways) => {
  const form = each.type === Form.type ? each.id : each.type === Query.type ? formOfQuery(each.id) : undefined;
  if (form !== undefined) {
    const { name, place } = formNames(form, ways.catalog);
    const where = place === '' ? name : `${place}, ${name}`;
    const isForm = each.type === Form.type;
    const told = isForm ? each.conflicts.map((one) => fieldText(one, ways.catalog)).join('; ') : sidesText(each);
    return { where: isForm ? where : `${where}: ${wordingOf(each.type).noun}`, told, open: () => ways.onForm(form) };
  }
  const subject = subjectOf(each);
  if (subject === '') return undefined;
  const where = `Subject ${subject}: ${wordingOf(each.type).noun}`;
  return { where, told: sidesText(each), open: () => ways.onSubject(subject) };
};

/** What has no page of its own: what it is, and what a person does about it. */
const ELSEWHERE: Readonly<Record<string, readonly [what: string, toDo: string]>> = {
  person: ['the name of subject', 'Open one of the subject’s forms to see both names and to decide.'],
  access: ['who may do what in', 'Look at Access: set anew what shall hold; the newest then counts.'],
  erasure: ['the erasure', 'Look at Erasures: refuse it, or ask for it again.'],
  study: ['the definitions of study', 'Import the metadata file again whose definitions shall hold.'],
  electronicSignature: [
    'the signature',
    'Both acts stay to be seen with it; sign the form again if neither shall count.',
  ],
  signer: ['the signer', 'Whoever administers the study deactivates it, and enrols the person under another name.'],
};

/** A subject's name is protected, and is compared on the form. */
const isCompared = ({ type }: ConflictedAggregate): boolean => type !== 'person';

const Sides = ({ conflicts }: Pick<ConflictedAggregate, 'conflicts'>) => {
  const heads = allHeads({ conflicts });
  const differences = differencesOf(heads);
  return (
    <details>
      <summary>What differs</summary>
      <ul className="sides">
        {heads.map((head) => (
          <li key={head.body.id}>
            <strong>{spoken(head.body.type)}</strong>{' '}
            {(differences.get(head.body.id) ?? []).map(([name, text]) => `${name}: ${text}`).join('; ')}
            <HeadInfo head={head} />
          </li>
        ))}
      </ul>
    </details>
  );
};

const Elsewhere = (each: ConflictedAggregate) => {
  const { type, id, conflicts } = each;
  const [what, toDo] = ELSEWHERE[type] ?? [type, ''];
  return (
    <li>
      In conflict: {what} {id}, by {people(allHeads({ conflicts }))}.<span className="head-info">{toDo}</span>
      {isCompared(each) ? <Sides conflicts={conflicts} /> : null}
    </li>
  );
};

const count = (n: number, one: string, many: string): string => (n === 0 ? '' : `${n} ${n === 1 ? one : many}`);

export const ConflictsInbox = (ways: Ways) => {
  const waiting = useWaiting();
  const asked = useView(queries, { where: { conflicts: { gt: 0 } } });
  if (waiting.length === 0) return null;
  const forms = waiting.filter(({ type }) => type === Form.type).length;
  const others = waiting.length - forms;
  return (
    <section className="panel conflict-banner inbox" aria-label="Conflicts" role="alert">
      <p>
        <strong>
          {count(forms, 'form is in conflict.', 'forms are in conflict.')}{' '}
          {count(others, 'other record is in conflict.', 'other records are in conflict.')}
        </strong>{' '}
        Both sides are kept. Open it to see them and to decide.
      </p>
      <ul className="heads">
        {waiting.map((each) => {
          const place = placeOf(each, (id) => asked.find((row) => row.id === id)?.form, ways);
          return place === undefined ? (
            <Elsewhere key={each.stream} {...each} />
          ) : (
            <li key={each.stream}>
              <button type="button" className="link" onClick={place.open}>
                {place.where}
              </button>
              <span className="head-info">{place.told}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
};
