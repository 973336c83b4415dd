/** What came into a signed form after it was signed, or was not known to the signer then. */
import type { SignatureManifest } from '../../src/clinical.ts';
import type { Device } from '../model/device.ts';
import type { Field } from '../model/fields.ts';
import { type HistoryLine, historyLines } from '../model/history.ts';
import { recordedText } from '../model/times.ts';
import { Dialog } from './Dialog.tsx';
import { FailurePanel } from './FailurePanel.tsx';
import { useTrail } from './useTrail.ts';
import { Value } from './Value.tsx';

type Props = {
  readonly device: Device;
  readonly form: string;
  readonly snapshot: { readonly version: number };
  readonly fieldOf: (key: string) => Field;
  readonly manifest: SignatureManifest;
  /** Undefined if whoever is here did not sign. */
  readonly onSign: (() => void) | undefined;
  readonly onClose: () => void;
};

const Line = ({ line, field }: { readonly line: HistoryLine; readonly field: Field }) => {
  const { actor, recordedAt, reason } = line.entry;
  return (
    <tr>
      <th scope="row">{field.question}</th>
      <td>
        <Value field={field} value={line.before} />
      </td>
      <td>
        <Value field={field} value={line.after} />
      </td>
      <td>
        <strong>{actor.user}</strong>, {actor.role}
        <br />
        {recordedText(recordedAt)}
      </td>
      <td>{reason ?? 'first value'}</td>
    </tr>
  );
};

export const SinceDialog = (props: Props) => {
  const { device, form, snapshot, fieldOf, manifest, onSign, onClose } = props;
  const { trail, failure } = useTrail(device, form, snapshot.version);
  const later = new Set<string>(manifest.later.map(({ eventId }) => eventId));
  const lines = trail === undefined ? undefined : historyLines(trail, undefined).filter(({ id }) => later.has(id));
  return (
    <Dialog title={`Changed since ${manifest.printedName} signed`} onClose={onClose} wide>
      <p>The signature of {manifest.atText} holds for what was signed then. It does not cover the following.</p>
      {failure === undefined ? null : <FailurePanel title="The history cannot be read" failure={failure} />}
      {lines === undefined ? (
        <p>Reading …</p>
      ) : (
        <div className="scroll">
          <table className="history">
            <thead>
              <tr>
                <th scope="col">Item</th>
                <th scope="col">Value before</th>
                <th scope="col">Value after</th>
                <th scope="col">Who and when (device time)</th>
                <th scope="col">Why</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <Line key={line.id} line={line} field={fieldOf(line.key)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div className="actions">
        {onSign === undefined ? null : (
          <button type="button" className="primary" onClick={onSign}>
            Sign again
          </button>
        )}
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
};
