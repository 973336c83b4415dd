/** The subject's name, or what stands in its place: the one protected value of this app. Never printed with a form. */
import { useState } from 'react';
import type { Device } from '../model/device.ts';
import { type Failure, failureOf } from '../model/failure.ts';
import { outcomeText } from '../model/outcome.ts';
import { nameText, Person, type ShownName, shownName } from '../model/person.ts';
import { useAnnounce } from './announce.tsx';
import { Dialog } from './Dialog.tsx';
import { DialogFoot } from './DialogFoot.tsx';
import { EraseDialog } from './EraseDialog.tsx';
import { useObservable } from './hooks.ts';
import { NameConflict, NameText } from './NameConflict.tsx';
import { ReasonField } from './ReasonField.tsx';
import { TextField } from './TextField.tsx';
import { TrailDialog } from './TrailDialog.tsx';

type DialogProps = {
  readonly device: Device;
  readonly subject: string;
  readonly isChange: boolean;
  readonly onClose: () => void;
};

const NameDialog = ({ device, subject, isChange, onClose }: DialogProps) => {
  const [name, setName] = useState('');
  const [reason, setReason] = useState('');
  const [refusal, setRefusal] = useState('');
  const [failure, setFailure] = useState<Failure>();
  const [isBusy, setBusy] = useState(false);
  const announce = useAnnounce();
  const isReady = name.trim() !== '' && (!isChange || reason.trim() !== '') && !isBusy;
  const save = async () => {
    setBusy(true);
    setFailure(undefined);
    try {
      const event = { type: 'PersonNamed', name: name.trim() } as const;
      const outcome = await device.store
        .aggregate(Person, subject)
        .send(event, isChange ? { reason: reason.trim() } : {});
      const { text, isGood } = outcomeText(outcome);
      setRefusal(isGood ? '' : text);
      if (!isGood) return;
      announce('The name is recorded, sealed under the subject’s own key.', 'good');
      onClose();
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Name of subject ${subject}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) void save();
        }}
      >
        <TextField
          label="Name"
          value={name}
          onChange={setName}
          hint="Encrypted before it is stored. Neither the server nor an export can show it."
        />
        {isChange ? <ReasonField reason={reason} onChange={setReason} /> : null}
        <DialogFoot
          {...{ refusal, failure, isReady }}
          submit={isBusy ? 'Saving …' : 'Save'}
          leave="Cancel"
          onLeave={onClose}
        />
      </form>
    </Dialog>
  );
};

type NameAct = 'edit' | 'erase' | 'trail';

const NameActs = (props: {
  readonly subject: string;
  readonly name: ShownName;
  readonly onAct: (act: NameAct) => void;
}) => {
  const { subject, name, onAct } = props;
  const isErasable = name.kind !== 'none' && !(name.kind === 'sealed' && name.why === 'shredded');
  return (
    <>
      {name.kind === 'none' ? null : (
        <button
          type="button"
          className="link"
          aria-label={`History of the name of subject ${subject}`}
          onClick={() => onAct('trail')}
        >
          History
        </button>
      )}{' '}
      {isErasable ? (
        <button
          type="button"
          className="link"
          aria-label={`Erase something of subject ${subject}`}
          onClick={() => onAct('erase')}
        >
          Erase …
        </button>
      ) : null}
    </>
  );
};

export const SubjectName = ({ device, subject }: { readonly device: Device; readonly subject: string }) => {
  const [handle] = useState(() => device.store.aggregate(Person, subject));
  const { context, conflicts } = useObservable(handle.state$, handle.state);
  const [conflict] = conflicts;
  const [acting, setActing] = useState<NameAct>();
  const onClose = () => setActing(undefined);
  const name = shownName(context);
  return (
    <div className="subject-name">
      <span className="muted">Name</span>{' '}
      {conflict === undefined ? (
        <>
          <NameText name={name} />{' '}
          <button
            type="button"
            className="link"
            aria-label={`Edit the name of subject ${subject}`}
            onClick={() => setActing('edit')}
          >
            Edit
          </button>
        </>
      ) : (
        <NameConflict {...{ device, subject, conflict }} onResolved={() => setActing('trail')} />
      )}
      <NameActs {...{ subject, name }} onAct={setActing} />
      {acting === 'trail' ? (
        <TrailDialog of={Person} id={subject} title={`Names of subject ${subject}`} tell={nameText} onClose={onClose} />
      ) : null}
      {acting === 'erase' ? <EraseDialog device={device} subject={subject} onClose={onClose} /> : null}
      {acting === 'edit' ? (
        <NameDialog device={device} subject={subject} isChange={name.kind !== 'none'} onClose={onClose} />
      ) : null}
    </div>
  );
};
