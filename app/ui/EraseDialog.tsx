/** Asking to erase something of a subject: one wrong name, or everything that is sealed. */
import { type FormEvent, useEffect, useId, useState } from 'react';
import type { Device } from '../model/device.ts';
import { askToErase, erasureText, type RecordedName, recordedNames } from '../model/erasing.ts';
import { useAnnounce } from './announce.tsx';
import { Dialog } from './Dialog.tsx';
import { DialogFoot } from './DialogFoot.tsx';
import { ReasonField } from './ReasonField.tsx';
import { useAttempt } from './useAttempt.ts';

type Props = { readonly device: Device; readonly subject: string; readonly onClose: () => void };

const EVERYTHING = 'everything';

const Choices = (props: {
  readonly subject: string;
  readonly names: readonly RecordedName[];
  readonly choice: string;
  readonly onChoice: (choice: string) => void;
}) => {
  const { subject, names, choice, onChoice } = props;
  const group = useId();
  return (
    <fieldset className="choices">
      <legend>What is to be erased?</legend>
      {names.map(({ event, text }, at) => (
        <label key={event} className="choice">
          <input type="radio" name={group} checked={choice === event} onChange={() => onChoice(event)} />
          <span>
            Only the name{' '}
            {text === undefined ? `recorded as number ${at + 1}, sealed for you` : <strong>{text}</strong>}
          </span>
        </label>
      ))}
      <label className="choice">
        <input type="radio" name={group} checked={choice === EVERYTHING} onChange={() => onChoice(EVERYTHING)} />
        <span>Everything that is sealed of subject {subject}, also what arrives later</span>
      </label>
    </fieldset>
  );
};

export const EraseDialog = ({ device, subject, onClose }: Props) => {
  const [names, setNames] = useState<readonly RecordedName[]>([]);
  const [choice, setChoice] = useState('');
  const [justification, setJustification] = useState('');
  const [refusal, setRefusal] = useState('');
  const { isBusy, failure, run } = useAttempt();
  const announce = useAnnounce();
  // biome-ignore lint/correctness/useExhaustiveDependencies: read once, when it is opened
  useEffect(() => {
    let isCurrent = true;
    void run(async () => {
      const found = await recordedNames(device, subject);
      if (isCurrent) setNames(found);
    });
    return () => {
      isCurrent = false;
    };
  }, [device, subject]);
  const isReady = choice !== '' && justification.trim() !== '' && !isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    const wanted = choice === EVERYTHING ? undefined : choice;
    void run(async () => {
      const request = { subject, event: wanted, justification: justification.trim() };
      const { text, isGood } = erasureText(await askToErase(device, request));
      setRefusal(isGood ? '' : text);
      if (!isGood) return;
      announce(text, 'good');
      onClose();
    });
  };
  return (
    <Dialog title={`Erase something of subject ${subject}`} onClose={onClose}>
      <form onSubmit={submit}>
        <p>
          Events stay. The key of what is erased is destroyed on every device, and nothing brings it back. Who asked,
          who decided and why stays on record.
        </p>
        <Choices {...{ subject, names, choice }} onChoice={setChoice} />
        <ReasonField
          label="Justification"
          reason={justification}
          onChange={setJustification}
          standard={['Name of another person', 'Consent withdrawn']}
        />
        <DialogFoot
          {...{ refusal, failure, isReady }}
          submit={isBusy ? 'Asking …' : 'Ask for erasure'}
          leave="Cancel"
          onLeave={onClose}
        />
      </form>
    </Dialog>
  );
};
