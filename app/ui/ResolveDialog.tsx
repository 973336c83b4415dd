/** Resolving one field that was given several values: one of them, or a new one, with a reason. */
import { useId, useState } from 'react';
import type { Conflict } from '../../src/index.ts';
import { headValue, resolveField } from '../model/conflicts.ts';
import type { Device } from '../model/device.ts';
import { checkEntry, type Field } from '../model/fields.ts';
import { Dialog } from './Dialog.tsx';
import { HeadInfo } from './HeadInfo.tsx';
import { ReasonField } from './ReasonField.tsx';
import { ResolutionFoot } from './ResolutionFoot.tsx';
import { useResolution } from './useResolution.ts';
import { Value } from './Value.tsx';
import { ValueInput } from './ValueInput.tsx';

const ANOTHER = 'another';
const RESOLUTION_REASONS = ['Confirmed against the source', 'Later entry is right', 'Measured again'];

type Props = {
  readonly device: Device;
  readonly form: string;
  readonly field: Field;
  readonly conflict: Conflict;
  readonly onClose: () => void;
};

const Choices = (props: Props & { readonly choice: string; readonly onChoice: (choice: string) => void }) => {
  const name = useId();
  const { field, conflict, choice, onChoice } = props;
  return (
    <fieldset className="choices">
      <legend>Which value is right?</legend>
      {conflict.heads.map((head) => (
        <label key={head.body.id} className="choice">
          <input type="radio" name={name} checked={choice === head.body.id} onChange={() => onChoice(head.body.id)} />
          <span>
            <Value field={field} value={headValue(head)} />
            <HeadInfo head={head} />
          </span>
        </label>
      ))}
      <label className="choice">
        <input type="radio" name={name} checked={choice === ANOTHER} onChange={() => onChoice(ANOTHER)} />
        <span>Another value</span>
      </label>
    </fieldset>
  );
};

export const ResolveDialog = (props: Props) => {
  const { device, form, field, conflict, onClose } = props;
  const [choice, setChoice] = useState('');
  const [entry, setEntry] = useState('');
  const [reason, setReason] = useState('');
  const { resolve, busy, told } = useResolution(onClose);
  const head = conflict.heads.find(({ body }) => body.id === choice);
  const isChosen = choice === ANOTHER ? checkEntry(field, entry).error === '' : head !== undefined;
  const isReady = isChosen && reason.trim() !== '' && !busy;
  const submit = () => {
    const value = head === undefined ? entry : headValue(head);
    const resolves = conflict.heads.map(({ body }) => body.id);
    void resolve(() =>
      resolveField(device.store, form, { place: field.place, value, resolves, reason: reason.trim() }),
    );
  };
  return (
    <Dialog title="Resolve a conflict" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) submit();
        }}
      >
        <p>
          “{field.question}” was given {conflict.heads.length} values, and none of their authors had seen the other. All
          of them stay in the history.
        </p>
        <Choices {...props} choice={choice} onChoice={setChoice} />
        {choice === ANOTHER ? <ValueInput label="New value" field={field} entry={entry} onChange={setEntry} /> : null}
        <ReasonField
          label="Reason for this decision"
          reason={reason}
          onChange={setReason}
          standard={RESOLUTION_REASONS}
        />
        <ResolutionFoot {...told} isReady={isReady} onLeave={onClose} />
      </form>
    </Dialog>
  );
};
