/** The two steps before somebody's first signature: enrolment as a signer, and the accountability statement. */
import { type FormEvent, useId, useState } from 'react';
import type { SendOutcome } from '../../src/index.ts';
import type { Device } from '../model/device.ts';
import { outcomeText } from '../model/outcome.ts';
import { ACCOUNTABILITY, confirmAccountable, enrolAsSigner } from '../model/signing.ts';
import { DialogFoot } from './DialogFoot.tsx';
import { PassphraseField } from './PassphraseField.tsx';
import { TextField } from './TextField.tsx';
import { useAttempt } from './useAttempt.ts';
import { useSecondsUntil, Waiting } from './Waiting.tsx';

type Props = { readonly device: Device; readonly onClose: () => void };

/** The next step shows by itself once this one is recorded. */
const useStep = () => {
  const [refusal, setRefusal] = useState('');
  const attempt = useAttempt();
  const take = (step: () => Promise<SendOutcome>) =>
    attempt.run(async () => {
      const { text, isGood } = outcomeText(await step());
      setRefusal(isGood ? '' : text);
    });
  return { take, refusal, attempt };
};

export const BecomeSigner = ({ device, onClose }: Props) => {
  const [printedName, setPrintedName] = useState('');
  const [reference, setReference] = useState('');
  const [certifiedOn, setCertifiedOn] = useState('');
  const [passphrase, setPassphrase] = useState('');
  const { take, refusal, attempt } = useStep();
  const seconds = useSecondsUntil(attempt.waitUntilMs);
  const given = [printedName, reference, certifiedOn].map((text) => text.trim());
  const isReady = given.every((text) => text !== '') && passphrase !== '' && seconds === 0 && !attempt.isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    const [name = '', proof = '', date = ''] = given;
    setPassphrase('');
    void take(() => enrolAsSigner(device, { printedName: name, reference: proof, certifiedOn: date, passphrase }));
  };
  return (
    <form onSubmit={submit}>
      <p>
        <strong>{device.keys.user}</strong> has not signed before. A signer is enrolled once, and the id is never given
        to anybody else.
      </p>
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
      <PassphraseField label="Passphrase" use="current" user="" value={passphrase} onChange={setPassphrase} />
      <Waiting untilMs={attempt.waitUntilMs} seconds={seconds} />
      <DialogFoot
        refusal={refusal}
        failure={attempt.failure}
        submit={attempt.isBusy ? 'Enrolling …' : 'Enrol as signer'}
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
