/** A passphrase that is being chosen, and typed again. */
import { useState } from 'react';
import { passphraseFault } from '../model/passphrase.ts';
import { PassphraseField } from './PassphraseField.tsx';

/** `fault`: why it cannot be taken, in words; empty if it can. */
export const useNewPassphrase = () => {
  const [value, setValue] = useState('');
  const [repeated, setRepeated] = useState('');
  return { value, repeated, setValue, setRepeated, fault: passphraseFault(value, repeated) };
};

export const NewPassphrase = (props: {
  readonly label: 'Passphrase' | 'New passphrase';
  readonly user: string;
  readonly chosen: ReturnType<typeof useNewPassphrase>;
}) => {
  const { label, user, chosen } = props;
  return (
    <>
      <PassphraseField label={label} use="new" user={user} value={chosen.value} onChange={chosen.setValue} />
      <PassphraseField
        label={`Repeat ${label.toLowerCase()}`}
        use="repeat"
        user={user}
        value={chosen.repeated}
        onChange={chosen.setRepeated}
      />
      <p className="fault" aria-live="polite">
        {chosen.repeated === '' ? '' : chosen.fault}
      </p>
    </>
  );
};
