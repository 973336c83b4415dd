/** Entering or changing one field. A first value needs no reason; a change does. */
import { useState } from 'react';
import type { FormContext } from '../../src/clinical.ts';
import type { AggregateSnapshot } from '../../src/index.ts';
import type { Device } from '../model/device.ts';
import { type Failure, failureOf } from '../model/failure.ts';
import { checkEntry, type Field } from '../model/fields.ts';
import { Form } from '../model/form.ts';
import { outcomeText } from '../model/outcome.ts';
import { useAnnounce } from './announce.tsx';
import { Dialog } from './Dialog.tsx';
import { DialogFoot } from './DialogFoot.tsx';
import { ReasonField } from './ReasonField.tsx';
import { Value } from './Value.tsx';
import { ValueInput } from './ValueInput.tsx';

type Props = {
  readonly device: Device;
  readonly form: string;
  readonly field: Field;
  readonly snapshot: AggregateSnapshot<FormContext>;
  readonly onClose: () => void;
};

/** Sends the entry; says what became of it, and closes when it is recorded. */
const useSave = ({ device, form, field, onClose }: Props) => {
  const [failure, setFailure] = useState<Failure>();
  const [refusal, setRefusal] = useState('');
  const [saving, setSaving] = useState(false);
  const announce = useAnnounce();
  const save = async (value: string, reason: string) => {
    setSaving(true);
    setFailure(undefined);
    try {
      const outcome = await device.store
        .aggregate(Form, form)
        .send({ type: 'ItemRecorded', ...field.place, value, entry: 'keyed' }, reason === '' ? {} : { reason });
      const { text, isGood } = outcomeText(outcome);
      announce(`${field.question}: ${text}`, isGood ? 'good' : 'bad');
      if (isGood) onClose();
      else setRefusal(text);
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setSaving(false);
    }
  };
  return { save, saving, failure, refusal };
};

export const EditDialog = (props: Props) => {
  const { field, snapshot, onClose } = props;
  const current = snapshot.context.items[field.key];
  const isChange = field.key in snapshot.context.items;
  const [entry, setEntry] = useState(current ?? '');
  const [reason, setReason] = useState('');
  const { save, saving, failure, refusal } = useSave(props);
  const isReady =
    checkEntry(field, entry).error === '' && entry !== current && (!isChange || reason.trim() !== '') && !saving;
  return (
    <Dialog title={isChange ? 'Change a value' : 'Enter a value'} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) void save(entry, reason.trim());
        }}
      >
        {isChange ? (
          <p>
            Current value <Value field={field} value={current} />
          </p>
        ) : null}
        <ValueInput label={field.question} field={field} entry={entry} onChange={setEntry} />
        {isChange ? <ReasonField reason={reason} onChange={setReason} /> : null}
        <DialogFoot
          refusal={refusal}
          failure={failure}
          submit={saving ? 'Saving …' : 'Save'}
          leave="Cancel"
          isReady={isReady}
          onLeave={onClose}
        />
      </form>
    </Dialog>
  );
};
