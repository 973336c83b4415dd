/** The study's key when nobody has it: recovery keys, their custodians, and what this user can do about them. */
import { useState } from 'react';
import type { AccessAct } from '../model/access.ts';
import type { Device } from '../model/device.ts';
import { type RecoveryShown, readRecovery, recover } from '../model/recovery.ts';
import { spelled } from '../model/studyKey.ts';
import { FailurePanel } from './FailurePanel.tsx';
import type { RecoveryStep } from './RecoveryForms.tsx';
import { useAccess } from './useAccess.ts';

type Props = {
  readonly device: Device;
  readonly onAct: (act: AccessAct) => void;
  readonly onStep: (step: RecoveryStep) => void;
};

const Shares = ({ shown }: { readonly shown: RecoveryShown }) => (
  <p>
    <code>{spelled(shown.recovery)}</code>
    <br />
    Any {shown.threshold} of its custodians can recover: {shown.custodians.join(', ')}.
    {shown.released === 0 ? '' : ` Released to this device: ${shown.released}.`}
  </p>
);

export const RecoveryPanel = ({ device, onAct, onStep }: Props) => {
  const { found, failure, run } = useAccess(device, readRecovery);
  const [told, setTold] = useState('');
  if (found === undefined) return failure === undefined ? null : <FailurePanel title="Not read" failure={failure} />;
  const { keys, mayMake, mayRecover } = found;
  return (
    <section className="study-key" aria-label="Recovery">
      <h4>Recovery</h4>
      {keys.length > 0 ? null : (
        <p>No recovery key is there: if every device with the study’s key is lost, so is it.</p>
      )}
      <ul className="people" aria-label="Recovery keys">
        {keys.map((shown) => (
          <li key={shown.recovery} className="signature person">
            <Shares shown={shown} />
            <p className="actions">
              {shown.isCustodian ? (
                <button type="button" onClick={() => onStep({ kind: 'release', recovery: shown.recovery })}>
                  Release my share …
                </button>
              ) : null}
              {mayRecover ? (
                <button
                  type="button"
                  onClick={() => void run(async () => setTold((await recover(device, shown.recovery)).text))}
                >
                  Recover the study’s key
                </button>
              ) : null}
              {mayMake ? (
                <button
                  type="button"
                  aria-label={`Revoke the recovery key ${spelled(shown.recovery)}`}
                  onClick={() => onAct({ kind: 'revoke', holder: shown.recovery, user: '', device: 'recovery key' })}
                >
                  Revoke …
                </button>
              ) : null}
            </p>
          </li>
        ))}
      </ul>
      {mayMake ? (
        <button type="button" className="fit" onClick={() => onStep({ kind: 'make' })}>
          Make a recovery key …
        </button>
      ) : null}
      <p role="status">{told}</p>
      {failure === undefined ? null : <FailurePanel title="Not done" failure={failure} />}
    </section>
  );
};
