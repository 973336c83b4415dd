/** Signing keys that are new: what to do with one's own, and vouching for somebody else's. */
import { type FormEvent, useState } from 'react';
import type { SignerKeyShown } from '../../src/clinical.ts';
import type { Device } from '../model/device.ts';
import { endorseKey, type SignerKeys, vouchersText } from '../model/signerKeys.ts';
import { spelled } from '../model/studyKey.ts';
import { DialogFoot } from './DialogFoot.tsx';
import { FailurePanel } from './FailurePanel.tsx';
import { PassphraseField } from './PassphraseField.tsx';
import { ReasonField } from './ReasonField.tsx';
import { useAttempt } from './useAttempt.ts';
import { useSignerKeys } from './useSignerKeys.ts';
import { useSecondsUntil, Waiting } from './Waiting.tsx';

export type KeyStep = { readonly kind: 'endorse'; readonly of: SignerKeyShown } | { readonly kind: 'propose' };

type OnStep = (step: KeyStep) => void;

const Waits = ({ of, mayEndorse, onStep }: { of: SignerKeyShown; mayEndorse: boolean; onStep: OnStep }) => (
  <li className="signature person">
    <p>
      <strong>{of.signer}</strong>, {of.printedName}: {of.reason}
      <br />
      <code>{spelled(of.key)}</code>
      <br />
      {of.endorsedBy.length === 0 ? 'Nobody has vouched for it.' : `Vouched for by ${vouchersText(of.endorsedBy)}.`}
    </p>
    {mayEndorse ? (
      <button
        type="button"
        className="fit"
        aria-label={`Endorse the signing key of ${of.signer}`}
        onClick={() => onStep({ kind: 'endorse', of })}
      >
        Endorse …
      </button>
    ) : null}
  </li>
);

/** What whoever acts has to know of their own key. */
const Own = ({ found, onStep }: { readonly found: SignerKeys; readonly onStep: OnStep }) => {
  if (found.state === 'new')
    return (
      <div className="panel conflict-banner">
        <p>Your signing key on this device is new. It has to be endorsed: propose it to the others.</p>
        <button type="button" className="fit" onClick={() => onStep({ kind: 'propose' })}>
          Propose my signing key …
        </button>
      </div>
    );
  if (found.state !== 'unendorsed') return null;
  return (
    <p>
      Your signing key on this device is new; it has to be endorsed. You can sign, and what you sign is marked until
      then. Read its id to those who vouch: <code>{spelled(found.key)}</code>
    </p>
  );
};

export const SigningKeysPanel = ({ device, onStep }: { readonly device: Device; readonly onStep: OnStep }) => {
  const { found, failure } = useSignerKeys(device);
  if (failure !== undefined) return <FailurePanel title="The signing keys cannot be read" failure={failure} />;
  if (found === undefined || (found.state !== 'new' && found.due.length === 0)) return null;
  return (
    <section className="study-key" aria-label="New signing keys">
      <h4>New signing keys</h4>
      <Own {...{ found, onStep }} />
      <ul className="people" aria-label="Signing keys to endorse">
        {found.due.map((of) => (
          <Waits key={of.key} {...{ of, onStep }} mayEndorse={found.state === 'in-force'} />
        ))}
      </ul>
    </section>
  );
};

export const EndorseKey = (props: {
  readonly device: Device;
  readonly of: SignerKeyShown;
  readonly onDone: (text: string) => void;
  readonly onLeave: () => void;
}) => {
  const { device, of, onDone, onLeave } = props;
  const [reason, setReason] = useState('');
  const [passphrase, setPassphrase] = useState('');
  const [refusal, setRefusal] = useState('');
  const attempt = useAttempt();
  const seconds = useSecondsUntil(attempt.waitUntilMs);
  const isReady = reason.trim() !== '' && passphrase !== '' && seconds === 0 && !attempt.isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    setPassphrase('');
    void attempt.run(async () => {
      const word = { signer: of.signer, key: of.key, reason: reason.trim() };
      const { text, isGood } = await endorseKey(device, word, passphrase);
      setRefusal(isGood ? '' : text);
      if (isGood) onDone(`You have vouched for the signing key of ${of.signer}.`);
    });
  };
  return (
    <form onSubmit={submit}>
      <p>
        You say that this key is that of {of.printedName} ({of.signer}). See the person, and compare its id with the one
        on their screen:
      </p>
      <p>
        <code>{spelled(of.key)}</code>
      </p>
      <ReasonField
        label="Reason"
        reason={reason}
        onChange={setReason}
        standard={['Seen in person, ids compared', 'My own new device']}
      />
      <PassphraseField label="Passphrase" use="current" user="" value={passphrase} onChange={setPassphrase} />
      <Waiting untilMs={attempt.waitUntilMs} seconds={seconds} />
      <DialogFoot
        {...{ isReady, refusal, failure: attempt.failure, onLeave }}
        submit={attempt.isBusy ? 'Endorsing …' : 'Endorse this key'}
        leave="Back"
      />
    </form>
  );
};
