/** The two steps before somebody's first signature: enrolment as a signer, and the accountability statement. */
import { type FormEvent, useId, useState } from 'react';
import type { SignerKeyShown } from '../../src/clinical.ts';
import type { SendOutcome } from '../../src/index.ts';
import type { Device } from '../model/device.ts';
import { keyOutcomeText, proposeKey } from '../model/signerKeys.ts';
import { ACCOUNTABILITY, confirmAccountable, enrolAsSigner } from '../model/signing.ts';
import { DialogFoot } from './DialogFoot.tsx';
import { PassphraseField } from './PassphraseField.tsx';
import { ReasonField } from './ReasonField.tsx';
import { TextField } from './TextField.tsx';
import { useAttempt } from './useAttempt.ts';
import { useSecondsUntil, Waiting } from './Waiting.tsx';

type Props = { readonly device: Device; readonly onClose: () => void };

/** The next step shows by itself once this one is recorded. */
const useStep = (onTaken: () => void = () => {}) => {
  const [refusal, setRefusal] = useState('');
  const attempt = useAttempt();
  const take = (step: () => Promise<SendOutcome>) =>
    attempt.run(async () => {
      const { text, isGood } = keyOutcomeText(await step());
      setRefusal(isGood ? '' : text);
      if (isGood) onTaken();
    });
  return { take, refusal, attempt };
};

/**
 * Enrols whoever acts, or, where they are a signer by a key of another device (`known`), proposes the key of this one.
 */
export const BecomeSigner = (
  props: Props & { readonly known?: SignerKeyShown | undefined; readonly onTaken?: () => void },
) => {
  const { device, onClose, known } = props;
  const [printedName, setPrintedName] = useState(known?.printedName ?? '');
  const [reference, setReference] = useState(known?.identity?.reference ?? '');
  const [certifiedOn, setCertifiedOn] = useState(known?.identity?.certifiedOn ?? '');
  const [reason, setReason] = useState('');
  const [passphrase, setPassphrase] = useState('');
  const { take, refusal, attempt } = useStep(props.onTaken);
  const seconds = useSecondsUntil(attempt.waitUntilMs);
  const given = [printedName, reference, certifiedOn].map((text) => text.trim());
  const isReasoned = known === undefined || reason.trim() !== '';
  const isGiven = given.every((text) => text !== '') && passphrase !== '' && isReasoned;
  const isReady = isGiven && seconds === 0 && !attempt.isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    const [name = '', proof = '', date = ''] = given;
    setPassphrase('');
    const facts = { printedName: name, reference: proof, certifiedOn: date, passphrase };
    void take(() =>
      known === undefined ? enrolAsSigner(device, facts) : proposeKey(device, { ...facts, reason: reason.trim() }),
    );
  };
  return (
    <form onSubmit={submit}>
      {known === undefined ? (
        <p>
          <strong>{device.keys.user}</strong> has not signed before. A signer is enrolled once, and the id is never
          given to anybody else.
        </p>
      ) : (
        <p>
          Your signing key on this device is new. It has to be endorsed: by you, on a device that still has the key
          before it, or by two others who sign, one of whom administers the study. Until then you can sign, and what you
          sign is marked.
        </p>
      )}
      <TextField
        label="Printed name"
        value={printedName}
        onChange={setPrintedName}
        hint="As it is to stand beside each signature."
      />
      <TextField
        label="Proof of identity"
        value={reference}
        onChange={setReference}
        hint="Where it is filed, for instance the delegation log."
      />
      <TextField label="Certified to the authority on" type="date" value={certifiedOn} onChange={setCertifiedOn} />
      {known === undefined ? null : (
        <ReasonField
          label="Reason"
          reason={reason}
          onChange={setReason}
          standard={['Device lost', 'Passphrase forgotten', 'Another device']}
        />
      )}
      <PassphraseField label="Passphrase" use="current" user="" value={passphrase} onChange={setPassphrase} />
      <Waiting untilMs={attempt.waitUntilMs} seconds={seconds} />
      <DialogFoot
        refusal={refusal}
        failure={attempt.failure}
        submit={attempt.isBusy ? 'Sending …' : known === undefined ? 'Enrol as signer' : 'Propose this key'}
        leave="Cancel"
        isReady={isReady}
        onLeave={onClose}
      />
    </form>
  );
};

export const ConfirmAccountable = ({ device, printedName, onClose }: Props & { readonly printedName: string }) => {
  const id = useId();
  const [isConfirmed, setConfirmed] = useState(false);
  const { take, refusal, attempt } = useStep();
  const isReady = isConfirmed && !attempt.isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) void take(() => confirmAccountable(device));
  };
  return (
    <form onSubmit={submit}>
      <p>Before the first signature of {printedName}:</p>
      <blockquote className="statement">{ACCOUNTABILITY}</blockquote>
      <label className="choice" htmlFor={id}>
        <input
          id={id}
          type="checkbox"
          // biome-ignore lint/a11y/noAutofocus: the step before has ended, and the keyboard goes on here
          autoFocus
          checked={isConfirmed}
          onChange={({ target }) => setConfirmed(target.checked)}
        />
        <span>I have read this, and it is so.</span>
      </label>
      <DialogFoot
        refusal={refusal}
        failure={attempt.failure}
        submit="Confirm and go on"
        leave="Cancel"
        isReady={isReady}
        onLeave={onClose}
      />
    </form>
  );
};
