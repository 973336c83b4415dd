/** Queries, subjects, visits and diary entries in conflict on this device, each with the way to where it is decided. */
import { DiaryEntry, parseFormId, Query, Subject, Visit } from '../../src/clinical.ts';
import type { ConflictedAggregate } from '../../src/index.ts';
import { useView } from '../../src/react/index.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Device } from '../model/device.ts';
import { formNames } from '../model/formNames.ts';
import { queries } from '../model/queryView.ts';
import { subjectOfVisit } from '../model/subjectViews.ts';
import { eventText, wordingOf } from '../model/wording.ts';
import { useObservable } from './hooks.ts';

const NOTHING: readonly ConflictedAggregate[] = [];

/** Whose page shows it; empty for what has none. */
const subjectOf = ({ type, id }: ConflictedAggregate): string => {
  if (type === Subject.type) return id;
  if (type === Visit.type) return subjectOfVisit(id);
  return type === DiaryEntry.type ? (parseFormId(id)?.subjectKey ?? '') : '';
};

const sidesText = ({ type, conflicts }: ConflictedAggregate): string =>
  conflicts
    .flatMap(({ heads }) => heads)
    .map(({ body, context }) => `${eventText(type, body.type)} by ${context.actor.user}`)
    .join('; ');

export const OtherConflicts = (props: {
  readonly device: Device;
  readonly catalog: Catalog;
  readonly onForm: (form: string) => void;
  readonly onSubject: (subject: string) => void;
}) => {
  const all = useObservable(props.device.store.conflicts$, () => NOTHING).filter(
    ({ conflicts }) => conflicts.length > 0,
  );
  const contested = useView(queries, { where: { conflicts: { gt: 0 } } });
  const ofSubjects = all.filter((each) => subjectOf(each) !== '');
  const ofForms = all.flatMap((each) => {
    const row = each.type === Query.type ? contested.find(({ id }) => id === each.id) : undefined;
    return row === undefined ? [] : [{ each, form: row.form }];
  });
  if (ofSubjects.length + ofForms.length === 0) return null;
  const line = (each: ConflictedAggregate, where: string, open: () => void) => (
    <li key={each.stream}>
      <button type="button" className="link" onClick={open}>
        {where}: {wordingOf(each.type).noun}
      </button>
      <span className="head-info">{sidesText(each)}</span>
    </li>
  );
  return (
    <section className="panel conflict-banner inbox" aria-label="Conflicts beside forms" role="alert">
      <p>
        <strong>In conflict beside the forms: {ofSubjects.length + ofForms.length}.</strong> Open it to see both sides.
        What is done next decides.
      </p>
      <ul className="heads">
        {ofForms.map(({ each, form }) => {
          const { name, place } = formNames(form, props.catalog);
          return line(each, place === '' ? name : `${place}, ${name}`, () => props.onForm(form));
        })}
        {ofSubjects.map((each) => line(each, `Subject ${subjectOf(each)}`, () => props.onSubject(subjectOf(each))))}
      </ul>
    </section>
  );
};
