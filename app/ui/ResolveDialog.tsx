/** Resolving one field that was given several values: one of them, the one before, or a new one, with a reason. */
import { useState } from 'react';
import type { Conflict, OpenedEvent } from '../../src/index.ts';
import { headValue, resolveField } from '../model/conflicts.ts';
import type { Device } from '../model/device.ts';
import { checkEntry, type Field } from '../model/fields.ts';
import { Form } from '../model/form.ts';
import { ANOTHER, Comparison, type Decision, UNDECIDED, useAncestors } from './ConflictsCompare.tsx';
import { HeadInfo } from './HeadInfo.tsx';
import { ReasonField } from './ReasonField.tsx';
import { ResolutionDialog } from './ResolutionDialog.tsx';
import { Value } from './Value.tsx';
import { ValueInput } from './ValueInput.tsx';

const RESOLUTION_REASONS = ['Confirmed against the source', 'Later entry is right', 'Measured again'];

type Props = {
  readonly device: Device;
  readonly form: string;
  readonly field: Field;
  readonly conflict: Conflict;
  readonly onClose: () => void;
  /** The resolution is recorded: shows what has become of the field. */
  readonly onResolved: () => void;
};

const Deciding = (props: {
  readonly parts: Omit<Props, 'onClose' | 'onResolved'>;
  readonly ancestors: readonly OpenedEvent[] | undefined;
  readonly decision: Decision;
  readonly onDecision: (decision: Decision) => void;
}) => {
  const { parts, ancestors, decision, onDecision } = props;
  const { device, field, conflict } = parts;
  const change = (part: Partial<Decision>) => onDecision({ ...decision, ...part });
  return (
    <>
      <p>
        “{field.question}” was given {conflict.heads.length} values, and none of their authors had seen the other. All
        of them stay in the history.
      </p>
      <Comparison
        {...{ device, field, conflict, ancestors, choice: decision.choice }}
        onChoice={(choice) => change({ choice })}
      />
      {decision.choice === ANOTHER ? (
        <ValueInput label="New value" field={field} entry={decision.entry} onChange={(entry) => change({ entry })} />
      ) : null}
      <ReasonField
        label="Reason for this decision"
        reason={decision.reason}
        onChange={(reason) => change({ reason })}
        standard={RESOLUTION_REASONS}
      />
    </>
  );
};

export const ResolveDialog = ({ onClose, onResolved, ...parts }: Props) => {
  const { device, form, field } = parts;
  const [conflict] = useState(parts.conflict); // what is looked at is what is decided
  const [decision, setDecision] = useState(UNDECIDED);
  const ancestors = useAncestors(device, Form, { id: form, conflict });
  const { choice, entry } = decision;
  const taken = [...conflict.heads, ...(ancestors ?? [])].find(({ body }) => body.id === choice);
  const isChosen = choice === ANOTHER ? checkEntry(field, entry).error === '' : taken !== undefined;
  const value = taken === undefined ? entry : headValue(taken);
  return (
    <ResolutionDialog
      {...{ device, decision, onClose, onResolved }}
      title="Resolve a conflict"
      wide
      onReview={(isReviewed) => setDecision({ ...decision, isReviewed })}
      isDecided={isChosen}
      decided={
        <p>
          {field.question}: <Value field={field} value={value} />
          {taken === undefined ? ', a new value' : <HeadInfo head={taken} />}
        </p>
      }
      record={(reason) => resolveField(device.store, form, { place: field.place, value, taken, conflict, reason })}
    >
      <Deciding parts={{ ...parts, conflict }} {...{ ancestors, decision }} onDecision={setDecision} />
    </ResolutionDialog>
  );
};
