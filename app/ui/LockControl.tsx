/** Locking and unlocking a form. Unlocking asks for a reason. */
import { useState } from 'react';
import { Form } from '../../src/clinical.ts';
import type { FormState } from '../model/casebook.ts';
import type { Device } from '../model/device.ts';
import { failureOf } from '../model/failure.ts';
import { outcomeText } from '../model/outcome.ts';
import { useAnnounce } from './announce.tsx';
import { Dialog } from './Dialog.tsx';
import { ReasonField } from './ReasonField.tsx';

type Props = { readonly device: Device; readonly form: string; readonly state: FormState };

const useLock = ({ device, form }: Props) => {
  const announce = useAnnounce();
  return async (type: 'FormLocked' | 'FormUnlocked', reason: string) => {
    try {
      const outcome = await device.store.aggregate(Form, form).send({ type }, reason === '' ? {} : { reason });
      const { text, isGood } = outcomeText(outcome);
      const done = type === 'FormLocked' ? 'The form is locked.' : 'The form is open for entry.';
      announce(isGood ? done : text, isGood ? 'good' : 'bad');
    } catch (error) {
      const { code, text } = failureOf(error);
      announce(`${code}: ${text}`, 'bad');
    }
  };
};

export const LockControl = (props: Props) => {
  const send = useLock(props);
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState('');
  if (props.state !== 'locked') {
    return (
      <button type="button" onClick={() => void send('FormLocked', '')}>
        Lock form
      </button>
    );
  }
  const close = () => setAsking(false);
  return (
    <>
      <button type="button" onClick={() => setAsking(true)}>
        Unlock form
      </button>
      {asking ? (
        <Dialog title="Unlock the form" onClose={close}>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              if (reason.trim() === '') return;
              void send('FormUnlocked', reason.trim());
              close();
            }}
          >
            <ReasonField
              label="Reason for unlocking"
              reason={reason}
              onChange={setReason}
              standard={['Correction needed', 'Locked too early']}
            />
            <div className="actions">
              <button type="submit" className="primary" disabled={reason.trim() === ''}>
                Unlock
              </button>
              <button type="button" onClick={close}>
                Cancel
              </button>
            </div>
          </form>
        </Dialog>
      ) : null}
    </>
  );
};
