/**
 * Signing, counter-signing or withdrawing. Whoever is not a signer yet is enrolled first, and confirms that they are accountable.
 * The first signing since the device was unlocked asks for user and passphrase, later ones for the passphrase.
 */
import { type FormEvent, useId, useState } from 'react';
import { type FormContext, MEANINGS, Signer } from '../../src/clinical.ts';
import type { AggregateSnapshot } from '../../src/index.ts';
import type { Device } from '../model/device.ts';
import { type Act, actRefusal, type Meaning, performAct, STATEMENTS, WITHDRAWAL } from '../model/signing.ts';
import { useAnnounce } from './announce.tsx';
import { Dialog } from './Dialog.tsx';
import { DialogFoot } from './DialogFoot.tsx';
import { useObservable } from './hooks.ts';
import { PassphraseField } from './PassphraseField.tsx';
import { ReasonField } from './ReasonField.tsx';
import { BecomeSigner, ConfirmAccountable } from './SignerForms.tsx';
import { TextField } from './TextField.tsx';
import { useAttempt } from './useAttempt.ts';
import { useSignerKeys } from './useSignerKeys.ts';
import { useSecondsUntil, Waiting } from './Waiting.tsx';

type Props = {
  readonly device: Device;
  readonly form: string;
  readonly title: string;
  readonly snapshot: AggregateSnapshot<FormContext>;
  readonly act: Act;
  readonly version: number;
  readonly onClose: () => void;
};

const TITLE = { sign: 'Sign', 'counter-sign': 'Counter-sign', withdraw: 'Withdraw a signature' } as const;
const SUBMIT = { sign: 'Sign', 'counter-sign': 'Counter-sign', withdraw: 'Withdraw' } as const;
const DONE = {
  sign: 'Signed on this device.',
  'counter-sign': 'Counter-signed on this device.',
  withdraw: 'The signature is withdrawn. It stays to be seen.',
} as const;

const isMeaning = (text: string): text is Meaning => MEANINGS.some((meaning) => meaning === text);

const MeaningField = ({
  meaning,
  onChange,
}: {
  readonly meaning: Meaning;
  readonly onChange: (next: Meaning) => void;
}) => {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>Meaning</label>
      <select
        id={id}
        // biome-ignore lint/a11y/noAutofocus: the steps before have ended, and the keyboard goes on here
        autoFocus
        value={meaning}
        onChange={({ target: { value } }) => isMeaning(value) && onChange(value)}
      >
        {MEANINGS.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </div>
  );
};

/** Sends the act; says what became of it, and closes when it is recorded. */
const useAct = ({ device, act, onClose }: Props) => {
  const [refusal, setRefusal] = useState('');
  const attempt = useAttempt();
  const announce = useAnnounce();
  const perform = (request: Parameters<typeof performAct>[1]) =>
    attempt.run(async () => {
      setRefusal('');
      const text = actRefusal(await performAct(device, request));
      setRefusal(text);
      if (text !== '') return;
      announce(DONE[act.kind], 'good');
      onClose();
    });
  return { perform, refusal, attempt };
};

const ActForm = (props: Props & { readonly isUnendorsed: boolean }) => {
  const { device, form, title, act, version, onClose } = props;
  const { perform, refusal, attempt } = useAct(props);
  const seconds = useSecondsUntil(attempt.waitUntilMs);
  const [meaning, setMeaning] = useState<Meaning>(act.kind === 'counter-sign' ? 'reviewed' : 'approved');
  const [user, setUser] = useState('');
  const [secret, setSecret] = useState('');
  const [reason, setReason] = useState('');
  const needs = device.signing.needs();
  const isAll = needs.parts === 'all';
  const isWithdrawal = act.kind === 'withdraw';
  const isReady =
    secret !== '' &&
    (!isAll || user.trim() !== '') &&
    (!isWithdrawal || reason.trim() !== '') &&
    seconds === 0 &&
    !attempt.isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    const components = isAll ? { user: user.trim(), secret } : { secret };
    setSecret('');
    void perform({ act, form, version, meaning, components, reason: reason.trim() });
  };
  return (
    <form onSubmit={submit}>
      <p>
        {title}, {version} recorded {version === 1 ? 'entry' : 'entries'} as shown.
      </p>
      {props.isUnendorsed ? (
        <p className="warn">Your signing key is new: what you sign is marked until it is endorsed.</p>
      ) : null}
      {isWithdrawal ? (
        <ReasonField
          label="Reason for withdrawing"
          reason={reason}
          onChange={setReason}
          standard={['Signed in error', 'Wrong form']}
        />
      ) : (
        <MeaningField meaning={meaning} onChange={setMeaning} />
      )}
      <blockquote className="statement">{isWithdrawal ? WITHDRAWAL : STATEMENTS[meaning]}</blockquote>
      {needs.parts === 'all' ? (
        <TextField
          label="User"
          value={user}
          onChange={setUser}
          hint="Your first signature since unlocking: user and passphrase."
        />
      ) : (
        <p>
          Signing as <strong>{needs.user}</strong>.
        </p>
      )}
      <PassphraseField label="Passphrase" use="current" user={user} value={secret} onChange={setSecret} />
      <Waiting untilMs={attempt.waitUntilMs} seconds={seconds} />
      <DialogFoot
        refusal={refusal}
        failure={attempt.failure}
        submit={attempt.isBusy ? 'Signing …' : SUBMIT[act.kind]}
        leave="Cancel"
        isReady={isReady}
        onLeave={onClose}
      />
    </form>
  );
};

export const SignDialog = (props: Props) => {
  const { device, act, onClose } = props;
  const [handle] = useState(() => device.store.aggregate(Signer, device.keys.user));
  const signer = useObservable(handle.state$, handle.state);
  const { found } = useSignerKeys(device);
  return (
    <Dialog title={TITLE[act.kind]} onClose={onClose}>
      {signer.value === 'unknown' ? (
        <BecomeSigner device={device} onClose={onClose} />
      ) : found?.state === 'new' ? (
        <BecomeSigner device={device} known={found.known} onClose={onClose} />
      ) : signer.value === 'enrolled' ? (
        <ConfirmAccountable device={device} printedName={signer.context.printedName} onClose={onClose} />
      ) : (
        <ActForm {...props} isUnendorsed={found?.state === 'unendorsed'} />
      )}
    </Dialog>
  );
};
