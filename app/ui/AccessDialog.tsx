/** Who may do what in the study, now and as of any time, and taking it away: each change is confirmed with a reason. */

import { useCallback, useState } from 'react';
import { type AccessAct, readAccess } from '../model/access.ts';
import type { Device } from '../model/device.ts';
import { instantOf } from '../model/times.ts';
import { AccessActForm, wordsOf } from './AccessActForm.tsx';
import { AccessList } from './AccessList.tsx';
import { Dialog } from './Dialog.tsx';
import { FailurePanel } from './FailurePanel.tsx';
import { MakeRecovery, type RecoveryStep, ReleaseShare } from './RecoveryForms.tsx';
import { RecoveryPanel } from './RecoveryPanel.tsx';
import { BecomeSigner } from './SignerForms.tsx';
import { EndorseKey, type KeyStep, SigningKeysPanel } from './SigningKeys.tsx';
import { TimeField } from './TimeField.tsx';
import { useAccess } from './useAccess.ts';
import { useSignerKeys } from './useSignerKeys.ts';

type Step = RecoveryStep | KeyStep;

type Props = {
  readonly device: Device;
  readonly onAct: (act: AccessAct) => void;
  readonly onStep: (step: Step) => void;
  readonly told: string;
};

const Overview = ({ device, onAct, onStep, told }: Props) => {
  const [asOf, setAsOf] = useState('');
  const instant = instantOf(asOf);
  const read = useCallback((from: Device) => readAccess(from, instant), [instant]);
  const { found: list, failure } = useAccess(device, read);
  return (
    <div className="access">
      <p role="status">{told}</p>
      {failure === undefined ? null : <FailurePanel title="The list cannot be read" failure={failure} />}
      {list === undefined ? null : (
        <>
          {list.mayChange || instant !== undefined ? null : (
            <p>You can look at this list. Who administers the study can change it.</p>
          )}
          {list.isDue ? (
            <p className="panel conflict-banner" role="alert">
              Somebody has the present key who may not have it any more: a newer one is due.
            </p>
          ) : null}
          <AccessList list={list} self={device.keys.user} onAct={onAct} />
          {list.mayChange && list.isHolder ? (
            <button type="button" className="fit" onClick={() => onAct({ kind: 'rotate' })}>
              Make a newer key …
            </button>
          ) : null}
        </>
      )}
      <TimeField
        label="As of"
        value={asOf}
        onChange={setAsOf}
        hint="The list as it was recorded by then. Empty: as it is now."
      />
      <RecoveryPanel {...{ device, onAct, onStep }} />
      <SigningKeysPanel {...{ device, onStep }} />
    </div>
  );
};

const STEP_TITLE = {
  ...{ make: 'Make a recovery key', release: 'Release my share' },
  ...{ endorse: 'Endorse a signing key', propose: 'Propose my signing key' },
} as const;

type StepProps = {
  readonly device: Device;
  readonly onDone: (text: string) => void;
  readonly onLeave: () => void;
};

const ProposeOwn = ({ device, onDone, onLeave }: StepProps) => {
  const { found } = useSignerKeys(device);
  return found === undefined ? null : (
    <BecomeSigner
      device={device}
      known={found.known}
      onTaken={() => onDone('Your signing key is proposed. Read its id to those who vouch for it.')}
      onClose={onLeave}
    />
  );
};

const StepForm = ({ step, ...props }: StepProps & { readonly step: Step }) => {
  switch (step.kind) {
    case 'make':
      return <MakeRecovery {...props} />;
    case 'release':
      return <ReleaseShare {...props} recovery={step.recovery} />;
    case 'endorse':
      return <EndorseKey {...props} of={step.of} />;
    case 'propose':
      return <ProposeOwn {...props} />;
  }
};

export const AccessDialog = ({ device, onClose }: { readonly device: Device; readonly onClose: () => void }) => {
  const [act, setAct] = useState<AccessAct>();
  const [step, setStep] = useState<Step>();
  const [told, setTold] = useState('');
  const back = (text: string) => {
    setTold(text);
    setAct(undefined);
    setStep(undefined);
  };
  const leave = () => back('');
  if (act !== undefined)
    return (
      <Dialog key="act" title={wordsOf(act).title} onClose={leave}>
        <AccessActForm {...{ device, act }} onDone={back} onLeave={leave} />
      </Dialog>
    );
  if (step !== undefined)
    return (
      <Dialog key="step" title={STEP_TITLE[step.kind]} onClose={leave}>
        <StepForm {...{ device, step }} onDone={back} onLeave={leave} />
      </Dialog>
    );
  return (
    <Dialog key="list" title="Access to the study" wide={true} onClose={onClose}>
      <Overview {...{ device, told }} onAct={setAct} onStep={setStep} />
    </Dialog>
  );
};
