/** All that is in conflict on this device: of forms which fields, who recorded what, and the way to the form; of the rest what it is, and where it ends. */
import { useMemo } from 'react';
import type { Conflict, ConflictedAggregate } from '../../src/index.ts';
import type { Catalog } from '../model/catalog.ts';
import { isWide } from '../model/conflicts.ts';
import type { Device } from '../model/device.ts';
import { placeOfKey } from '../model/fields.ts';
import { Form } from '../model/form.ts';
import { formNames } from '../model/formNames.ts';
import { useObservable } from './hooks.ts';

const NOTHING: readonly ConflictedAggregate[] = [];

const waitingSince = ({ conflicts }: ConflictedAggregate): string =>
  conflicts.flatMap(({ heads }) => heads.map(({ context }) => context.recordedAt.utc)).sort()[0] ?? '';

/** What waits for a person, what waits longest first. */
const useWaiting = (device: Device): readonly ConflictedAggregate[] => {
  const all = useObservable(device.store.conflicts$, () => NOTHING);
  return useMemo(
    () =>
      all.filter(({ conflicts }) => conflicts.length > 0).sort((a, b) => (waitingSince(a) < waitingSince(b) ? -1 : 1)),
    [all],
  );
};

const people = ({ heads }: Conflict): string =>
  [...new Set(heads.map(({ context }) => context.actor.user))].join(' and ');

const textOf = (conflict: Conflict, catalog: Catalog): string => {
  const { item } = placeOfKey(conflict.key);
  const what = isWide([conflict]) ? 'the form as a whole' : (catalog.find('item', item)?.question ?? item);
  return `${what}, by ${people(conflict)}`;
};

/** What else may be in conflict, and where a person ends it. */
const ELSEWHERE: Readonly<Record<string, readonly [what: string, where: string]>> = {
  person: ['the name of subject', 'Open one of the subject’s forms to decide'],
  access: ['who may do what in', 'Look at People: what is shown there last counts until it is changed again'],
  erasure: ['the erasure', 'Look at Erasures to decide'],
  study: ['the definitions of study', 'Import the right metadata file again'],
};

const Elsewhere = ({ type, id, conflicts }: ConflictedAggregate) => {
  const [what, where] = ELSEWHERE[type] ?? [type, ''];
  return (
    <li>
      In conflict: {what} {id}, by {[...new Set(conflicts.map(people))].join('; ')}.
      <span className="head-info">{where}</span>
    </li>
  );
};

export const ConflictsInbox = (props: {
  readonly device: Device;
  readonly catalog: Catalog;
  readonly onOpen: (form: string) => void;
}) => {
  const waiting = useWaiting(props.device);
  if (waiting.length === 0) return null;
  const forms = waiting.filter(({ type }) => type === Form.type);
  return (
    <section className="panel conflict-banner inbox" aria-label="Conflicts" role="alert">
      {forms.length === 0 ? null : (
        <p>
          <strong>
            {forms.length} {forms.length === 1 ? 'form is' : 'forms are'} in conflict.
          </strong>{' '}
          Open it to see both values and to decide.
        </p>
      )}
      <ul className="heads">
        {forms.map(({ stream, id, conflicts }) => {
          const { name, place } = formNames(id, props.catalog);
          return (
            <li key={stream}>
              <button type="button" className="link" onClick={() => props.onOpen(id)}>
                {place === '' ? name : `${place}, ${name}`}
              </button>
              <span className="head-info">
                {conflicts.map((conflict) => textOf(conflict, props.catalog)).join('; ')}
              </span>
            </li>
          );
        })}
        {waiting
          .filter(({ type }) => type !== Form.type)
          .map((each) => (
            <Elsewhere key={each.stream} {...each} />
          ))}
      </ul>
    </section>
  );
};
