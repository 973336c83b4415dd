/** Resolving a form that was locked or unlocked on one device while another went on: values and lock, with one reason. */
import { useId, useState } from 'react';
import type { FormContext } from '../../src/clinical.ts';
import type { AggregateSnapshot } from '../../src/index.ts';
import { type Contested, contestedFields, type Trail } from '../model/branches.ts';
import { allHeads, headValue, resolveForm } from '../model/conflicts.ts';
import type { Device } from '../model/device.ts';
import { type Field, placeOfKey } from '../model/fields.ts';
import { Dialog } from './Dialog.tsx';
import { HeadInfo, headAct } from './HeadInfo.tsx';
import { ReasonField } from './ReasonField.tsx';
import { ResolutionFoot } from './ResolutionFoot.tsx';
import { useResolution } from './useResolution.ts';
import { Value } from './Value.tsx';

type Props = {
  readonly device: Device;
  readonly form: string;
  readonly snapshot: AggregateSnapshot<FormContext>;
  readonly trail: Trail;
  readonly fieldOf: (key: string) => Field;
  readonly onClose: () => void;
};

const Heads = ({ snapshot, fieldOf }: Pick<Props, 'snapshot' | 'fieldOf'>) => (
  <ul className="heads">
    {allHeads(snapshot).map((head) => {
      const { group, groupRepeat, item } = head.payload;
      const key = [group, groupRepeat, item].map((part) => encodeURIComponent(typeof part === 'string' ? part : ''));
      const field = head.body.type === 'ItemRecorded' ? fieldOf(key.join('/')) : undefined;
      return (
        <li key={head.body.id}>
          {field === undefined ? (
            <strong>{headAct(head)}</strong>
          ) : (
            <>
              <strong>{field.question}</strong> <Value field={field} value={headValue(head)} />
            </>
          )}
          <HeadInfo head={head} />
        </li>
      );
    })}
  </ul>
);

const ValueChoice = (props: {
  readonly contested: Contested;
  readonly field: Field;
  readonly chosen: string | null | undefined;
  readonly onChoose: (value: string | null) => void;
}) => {
  const name = useId();
  return (
    <fieldset className="choices">
      <legend>{props.field.question}</legend>
      {props.contested.values.map((value) => (
        <label key={value ?? ''} className="choice">
          <input type="radio" name={name} checked={props.chosen === value} onChange={() => props.onChoose(value)} />
          <Value field={props.field} value={value} />
        </label>
      ))}
    </fieldset>
  );
};

const LockChoice = (props: { readonly locked: boolean | undefined; readonly onChoose: (locked: boolean) => void }) => {
  const name = useId();
  return (
    <fieldset className="choices">
      <legend>The form afterwards</legend>
      {[true, false].map((locked) => (
        <label key={String(locked)} className="choice">
          <input type="radio" name={name} checked={props.locked === locked} onChange={() => props.onChoose(locked)} />
          {locked ? 'Locked' : 'Open for entry'}
        </label>
      ))}
    </fieldset>
  );
};

export const FormConflictDialog = (props: Props) => {
  const { device, form, snapshot, trail, fieldOf, onClose } = props;
  const [values, setValues] = useState<ReadonlyMap<string, string | null>>(new Map());
  const [locked, setLocked] = useState<boolean>();
  const [reason, setReason] = useState('');
  const { resolve, busy, told } = useResolution(onClose);
  const contested = contestedFields(snapshot, trail);
  const isReady =
    locked !== undefined && contested.every(({ key }) => values.has(key)) && reason.trim() !== '' && !busy;
  return (
    <Dialog title="Resolve a conflict over the form" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) void resolve(() => resolveForm(device.store, form, { values, locked, reason: reason.trim() }));
        }}
      >
        <p>
          The form was locked or unlocked on one device while another device, which had not seen that, went on.
          Everything below is kept. Decide what holds from now on; each step is recorded with your reason.
        </p>
        <Heads snapshot={snapshot} fieldOf={fieldOf} />
        {contested.map((one) => (
          <ValueChoice
            key={one.key}
            contested={one}
            field={fieldOf(one.key)}
            chosen={values.get(one.key)}
            onChoose={(value) => setValues(new Map([...values, [one.key, value]]))}
          />
        ))}
        <LockChoice locked={locked} onChoose={setLocked} />
        <ReasonField label="Reason for this decision" reason={reason} onChange={setReason} standard={[]} />
        <ResolutionFoot {...told} isReady={isReady} onLeave={onClose} />
      </form>
    </Dialog>
  );
};

export const fieldFinder =
  (fields: readonly Field[], question: (item: string) => string) =>
  (key: string): Field => {
    const found = fields.find((field) => field.key === key);
    if (found !== undefined) return found;
    const place = placeOfKey(key);
    return { key, place, question: question(place.item), definition: undefined, codes: [] };
  };
