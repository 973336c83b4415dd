/** Resolving a form that was completed, signed or locked, say, on one device while another went on: values and lock, with one reason. */
import { useId, useState } from 'react';
import type { FormContext } from '../../src/clinical.ts';
import type { AggregateSnapshot } from '../../src/index.ts';
import { type Contested, contestedFields, type Trail } from '../model/branches.ts';
import { allHeads, headValue, resolveForm } from '../model/conflicts.ts';
import type { Device } from '../model/device.ts';
import { type Field, placeOfKey } from '../model/fields.ts';
import { HeadInfo, headAct } from './HeadInfo.tsx';
import { ReasonField } from './ReasonField.tsx';
import { ResolutionDialog } from './ResolutionDialog.tsx';
import { Value } from './Value.tsx';

type Props = {
  readonly device: Device;
  readonly form: string;
  readonly snapshot: AggregateSnapshot<FormContext>;
  readonly trail: Trail;
  readonly fieldOf: (key: string) => Field;
  readonly onClose: () => void;
  /** The resolution is recorded: shows what has become of the form. */
  readonly onResolved: () => void;
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

const isSigned = ({ conflicts }: Props['snapshot']): boolean =>
  allHeads({ conflicts }).some(({ body }) => body.type === 'FormSigned');
const SIGNED = 'The signature stays as it was given, and says what has changed since.';

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
          {value === props.contested.before ? <span className="muted">before</span> : null}
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

/** What has been chosen and is not recorded yet. `isReviewed`: it is shown for a last look. */
type Decision = {
  readonly values: ReadonlyMap<string, string | null>;
  readonly locked: boolean | undefined;
  readonly reason: string;
  readonly isReviewed: boolean;
};
const UNDECIDED: Decision = { values: new Map(), locked: undefined, reason: '', isReviewed: false };

const Deciding = (props: {
  readonly parts: Pick<Props, 'snapshot' | 'fieldOf'>;
  readonly contested: readonly Contested[];
  readonly decision: Decision;
  readonly onDecision: (decision: Decision) => void;
}) => {
  const { parts, contested, decision, onDecision } = props;
  const change = (part: Partial<Decision>) => onDecision({ ...decision, ...part });
  return (
    <>
      <p>
        This was recorded on devices that had not seen each other, and all of it is kept. Decide what holds from now on:
        it is recorded at once, with your reason.{isSigned(parts.snapshot) ? ` ${SIGNED}` : ''}
      </p>
      <Heads {...parts} />
      {contested.map((one) => (
        <ValueChoice
          key={one.key}
          contested={one}
          field={parts.fieldOf(one.key)}
          chosen={decision.values.get(one.key)}
          onChoose={(value) => change({ values: new Map([...decision.values, [one.key, value]]) })}
        />
      ))}
      <LockChoice locked={decision.locked} onChoose={(locked) => change({ locked })} />
      <ReasonField
        label="Reason for this decision"
        reason={decision.reason}
        onChange={(reason) => change({ reason })}
        standard={[]}
      />
    </>
  );
};

const Decided = ({ decision, fieldOf }: Pick<Props, 'fieldOf'> & { readonly decision: Decision }) => (
  <ul>
    {[...decision.values].map(([key, value]) => (
      <li key={key}>
        {fieldOf(key).question}: <Value field={fieldOf(key)} value={value} />
      </li>
    ))}
    <li>The form: {decision.locked === true ? 'locked' : 'open for entry'}</li>
  </ul>
);

export const FormConflictDialog = (props: Props) => {
  const { device, form, trail, fieldOf, onClose, onResolved } = props;
  const [snapshot] = useState(props.snapshot); // what is looked at is what is decided
  const [decision, setDecision] = useState(UNDECIDED);
  const contested = contestedFields(snapshot, trail);
  const { values, locked } = decision;
  const record = async (reason: string) =>
    locked === undefined ? [] : resolveForm(device.store, form, { before: snapshot, values, locked, reason });
  return (
    <ResolutionDialog
      {...{ device, decision, onClose, onResolved, record }}
      title="Resolve a conflict over the form"
      onReview={(isReviewed) => setDecision({ ...decision, isReviewed })}
      isDecided={locked !== undefined && contested.every(({ key }) => values.has(key))}
      decided={<Decided decision={decision} fieldOf={fieldOf} />}
    >
      <Deciding parts={{ snapshot, fieldOf }} {...{ contested, decision }} onDecision={setDecision} />
    </ResolutionDialog>
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
