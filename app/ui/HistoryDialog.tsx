/** Every entry of a field, oldest first: old and new value, who, when, where, why. */
import { Fragment } from 'react';
import type { Originator } from '../../src/index.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Device } from '../model/device.ts';
import type { Field } from '../model/fields.ts';
import { Form } from '../model/form.ts';
import { type Chosen, type FormTrail, type HistoryLine, historyLines, recordedValue } from '../model/history.ts';
import { recordedText } from '../model/times.ts';
import { eventText } from '../model/wording.ts';
import { Dialog } from './Dialog.tsx';
import { FailurePanel } from './FailurePanel.tsx';
import { useReplicaName } from './replicas.ts';
import { useTrail } from './useTrail.ts';
import { Value } from './Value.tsx';

const Origin = ({ originator, catalog }: { readonly originator: Originator; readonly catalog: Catalog }) => {
  const { id, location, at } = originator;
  const named = (kind: 'person' | 'place', oid: string) => {
    const name = catalog.nameOf(kind, oid);
    return name === oid ? oid : `${name} (${oid})`;
  };
  return (
    <span className="origin">
      as in the file: {id === undefined ? 'person not given' : named('person', id)}
      {location === undefined ? '' : `, at ${named('place', location)}`}
      {at === undefined ? '' : `, ${at}`}
    </span>
  );
};

const NewValue = ({ line, field }: { readonly line: HistoryLine; readonly field: Field }) => {
  if (!line.isValue) return <em>{eventText(Form.type, line.entry.type).toLowerCase()}</em>;
  return <Value field={field} value={line.after} />;
};

/** An entry as one side of a conflict: whose it is, and what it says. */
const Side = ({ entry, field }: { readonly entry: FormTrail; readonly field: Field }) => (
  <>
    {entry.actor.user}’s{' '}
    {entry.type === 'ItemRecorded' ? (
      <Value field={field} value={recordedValue(entry)} />
    ) : (
      <em>{eventText(Form.type, entry.type).toLowerCase()}</em>
    )}
  </>
);

const TOOK: Readonly<Record<Chosen['took'], string>> = { head: 'kept', before: 'back to', new: 'a new value' };

const ChosenText = ({ chosen: { took, kept, over }, field }: { readonly chosen: Chosen; readonly field: Field }) => (
  <span className="chosen">
    {TOOK[took]} {kept === undefined ? null : <Side entry={kept} field={field} />}
    {took === 'before' && kept === undefined ? 'what was before' : null}
    {over.map((entry, at) => (
      <Fragment key={entry.eventId}>
        {at === 0 ? ' over ' : ' and '}
        <Side entry={entry} field={field} />
      </Fragment>
    ))}
  </span>
);

const Line = (props: { readonly line: HistoryLine; readonly field: Field; readonly catalog: Catalog }) => {
  const { line, field, catalog } = props;
  const { actor, originator, recordedAt, replica, reason, applied, resolves } = line.entry;
  const device = useReplicaName()(replica);
  return (
    <tr className={applied ? undefined : 'without-effect'}>
      <td data-label="Old value">{line.isValue ? <Value field={field} value={line.before} /> : null}</td>
      <td data-label="New value">
        <NewValue line={line} field={field} />
        {applied ? null : <span className="tag warn">without effect</span>}
        {resolves.length > 0 ? <span className="tag resolved">resolved a conflict</span> : null}
        {line.chosen === undefined ? null : <ChosenText chosen={line.chosen} field={field} />}
        {line.cameAs === 'imported' ? <span className="tag">imported</span> : null}
      </td>
      <td data-label="Who">
        <strong>{actor.user}</strong>, {actor.role}
        {originator === undefined ? null : (
          <>
            <br />
            <Origin originator={originator} catalog={catalog} />
          </>
        )}
      </td>
      <td data-label="When">{recordedText(recordedAt)}</td>
      <td data-label="Where">{device}</td>
      <td data-label="Why">
        {reason ?? <span className="muted">{line.isValue && line.before === undefined ? 'first value' : 'none'}</span>}
      </td>
    </tr>
  );
};

export const HistoryDialog = (props: {
  readonly device: Device;
  readonly form: string;
  readonly field: Field;
  readonly version: number;
  readonly catalog: Catalog;
  readonly onClose: () => void;
}) => {
  const { device, form, field, version, catalog, onClose } = props;
  const { trail, failure } = useTrail(device, form, version);
  const lines = trail === undefined ? undefined : historyLines(trail, field.key);
  return (
    <Dialog title={`History of “${field.question}”`} onClose={onClose} wide>
      {failure === undefined ? null : <FailurePanel title="The history cannot be read" failure={failure} />}
      {lines === undefined ? (
        <p>Reading …</p>
      ) : (
        <div className="scroll">
          <table className="history stacked">
            <thead>
              <tr>
                <th scope="col">Old value</th>
                <th scope="col">New value</th>
                <th scope="col">Who</th>
                <th scope="col">When (device time)</th>
                <th scope="col">Where</th>
                <th scope="col">Why</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <Line key={line.id} line={line} field={field} catalog={catalog} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div className="actions">
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
};
