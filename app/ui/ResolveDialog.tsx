/** Resolving one field that was given several values: one of them, the one before, or a new one, with a reason. */
import { useState } from 'react';
import type { Conflict, OpenedEvent } from '../../src/index.ts';
import { headValue, resolveField } from '../model/conflicts.ts';
import type { Device } from '../model/device.ts';
import { checkEntry, type Field } from '../model/fields.ts';
import { ANOTHER, Comparison, useAncestors } from './ConflictsCompare.tsx';
import { Review } from './ConflictsReview.tsx';
import { Dialog } from './Dialog.tsx';
import { HeadInfo } from './HeadInfo.tsx';
import { ReasonField } from './ReasonField.tsx';
import { ResolutionFoot } from './ResolutionFoot.tsx';
import { useResolution } from './useResolution.ts';
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

/** What has been chosen and is not recorded yet. `isReviewed`: it is shown for a last look. */
type Decision = {
  readonly choice: string;
  readonly entry: string;
  readonly reason: string;
  readonly isReviewed: boolean;
};
const UNDECIDED: Decision = { choice: '', entry: '', reason: '', isReviewed: false };

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
  const { resolve, busy, told } = useResolution(onResolved);
  const ancestors = useAncestors(device, form, conflict);
  const { choice, entry, isReviewed } = decision;
  const reason = decision.reason.trim();
  const taken = [...conflict.heads, ...(ancestors ?? [])].find(({ body }) => body.id === choice);
  const isChosen = choice === ANOTHER ? checkEntry(field, entry).error === '' : taken !== undefined;
  const value = taken === undefined ? entry : headValue(taken);
  const review = (is: boolean) => setDecision({ ...decision, isReviewed: is });
  const isReady = isChosen && reason !== '' && !busy;
  const submit = () => {
    if (!isReviewed) review(true);
    else void resolve(() => resolveField(device.store, form, { place: field.place, value, taken, conflict, reason }));
  };
  return (
    <Dialog title="Resolve a conflict" onClose={onClose} wide>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) submit();
        }}
      >
        {isReviewed ? (
          <Review device={device} reason={reason}>
            <p>
              {field.question}: <Value field={field} value={value} />
              {taken === undefined ? ', a new value' : <HeadInfo head={taken} />}
            </p>
          </Review>
        ) : (
          <Deciding parts={{ ...parts, conflict }} {...{ ancestors, decision }} onDecision={setDecision} />
        )}
        <ResolutionFoot
          {...told}
          {...{ isReviewed, isReady }}
          onLeave={() => (isReviewed ? review(false) : onClose())}
        />
      </form>
    </Dialog>
  );
};
