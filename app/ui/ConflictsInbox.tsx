/** Every form in conflict on this device: which fields, who recorded what, and the way to the form. */
import { useMemo } from 'react';
import { Form } from '../../src/clinical.ts';
import type { Conflict, ConflictedAggregate } from '../../src/index.ts';
import type { Catalog } from '../model/catalog.ts';
import { isWide } from '../model/conflicts.ts';
import type { Device } from '../model/device.ts';
import { placeOfKey } from '../model/fields.ts';
import { formNames } from '../model/formNames.ts';
import { useObservable } from './hooks.ts';

const NOTHING: readonly ConflictedAggregate[] = [];

const waitingSince = ({ conflicts }: ConflictedAggregate): string =>
  conflicts.flatMap(({ heads }) => heads.map(({ context }) => context.recordedAt.utc)).sort()[0] ?? '';

/** The forms that wait for a person, those that wait longest first. */
const useWaiting = (device: Device): readonly ConflictedAggregate[] => {
  const all = useObservable(device.store.conflicts$, () => NOTHING);
  return useMemo(
    () =>
      all
        .filter(({ type, conflicts }) => type === Form.type && conflicts.length > 0)
        .sort((a, b) => (waitingSince(a) < waitingSince(b) ? -1 : 1)),
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

export const ConflictsInbox = (props: {
  readonly device: Device;
  readonly catalog: Catalog;
  readonly onOpen: (form: string) => void;
}) => {
  const waiting = useWaiting(props.device);
  if (waiting.length === 0) return null;
  return (
    <section className="panel conflict-banner inbox" aria-label="Conflicts" role="alert">
      <p>
        <strong>
          {waiting.length} {waiting.length === 1 ? 'form is' : 'forms are'} in conflict.
        </strong>{' '}
        Open it to see both values and to decide.
      </p>
      <ul className="heads">
        {waiting.map(({ stream, id, conflicts }) => {
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
      </ul>
    </section>
  );
};
