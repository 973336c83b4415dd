/** Names of one subject that were recorded apart: all are shown, and a person says which holds, with a reason. */
import { useId, useState } from 'react';
import type { Conflict, OpenedEvent } from '../../src/index.ts';
import type { Device } from '../model/device.ts';
import { Person, resolveName, SEALED_TEXT, type ShownName, shownName } from '../model/person.ts';
import { ANOTHER, type Decision, UNDECIDED, useAncestors } from './ConflictsCompare.tsx';
import { HeadInfo } from './HeadInfo.tsx';
import { ReasonField } from './ReasonField.tsx';
import { ResolutionDialog } from './ResolutionDialog.tsx';
import { TextField } from './TextField.tsx';

export const NameText = ({ name }: { readonly name: ShownName }) => {
  if (name.kind === 'open') return <strong>{name.text}</strong>;
  return <em className="muted">{name.kind === 'none' ? 'not recorded' : SEALED_TEXT[name.why]}</em>;
};

const nameIn = ({ payload }: OpenedEvent): ShownName => shownName({ name: payload['name'] });

type Props = {
  readonly device: Device;
  readonly subject: string;
  readonly conflict: Conflict;
  /** The resolution is recorded: shows what has become of the name. */
  readonly onResolved: () => void;
};

const Deciding = (props: {
  readonly heads: readonly OpenedEvent[];
  /** Names that every side had seen. */
  readonly before: readonly OpenedEvent[];
  readonly decision: Decision;
  readonly onDecision: (decision: Decision) => void;
}) => {
  const group = useId();
  const { heads, before, decision, onDecision } = props;
  const change = (part: Partial<Decision>) => onDecision({ ...decision, ...part });
  const { choice } = decision;
  return (
    <>
      <fieldset className="choices">
        <legend>Which name is right?</legend>
        {[...before, ...heads].map((head) => (
          <label key={head.body.id} className="choice">
            <input
              type="radio"
              name={group}
              checked={choice === head.body.id}
              disabled={nameIn(head).kind !== 'open'}
              onChange={() => change({ choice: head.body.id })}
            />
            <span>
              {before.includes(head) ? <span className="muted">Before, neither of these: </span> : null}
              <NameText name={nameIn(head)} />
              <HeadInfo head={head} />
            </span>
          </label>
        ))}
        <label className="choice">
          <input type="radio" name={group} checked={choice === ANOTHER} onChange={() => change({ choice: ANOTHER })} />
          <span>Another name</span>
        </label>
      </fieldset>
      {choice === ANOTHER ? (
        <TextField label="Name" value={decision.entry} onChange={(entry) => change({ entry })} hint="" />
      ) : null}
      <ReasonField
        label="Reason for this decision"
        reason={decision.reason}
        onChange={(reason) => change({ reason })}
        standard={[]}
      />
    </>
  );
};

const ResolveNameDialog = ({ onClose, ...props }: Props & { readonly onClose: () => void }) => {
  const { device, subject, onResolved } = props;
  const [conflict] = useState(props.conflict); // what is looked at is what is decided
  const [decision, setDecision] = useState(UNDECIDED);
  const { choice } = decision;
  const before = useAncestors(device, Person, { id: subject, conflict }) ?? [];
  const taken = [...before, ...conflict.heads].find(({ body }) => body.id === choice);
  const side = taken === undefined ? undefined : nameIn(taken);
  const name = side?.kind === 'open' ? side.text : choice === ANOTHER ? decision.entry.trim() : '';
  return (
    <ResolutionDialog
      {...{ device, decision, onClose, onResolved }}
      title={`Resolve the name of subject ${subject}`}
      onReview={(isReviewed) => setDecision({ ...decision, isReviewed })}
      isDecided={name !== ''}
      decided={
        <p>
          Name: <strong>{name}</strong>
          {taken === undefined ? ', a new one' : <HeadInfo head={taken} />}
        </p>
      }
      record={(reason) => resolveName(device.store, subject, { name, taken, conflict, reason })}
    >
      <Deciding heads={conflict.heads} before={before} decision={decision} onDecision={setDecision} />
    </ResolutionDialog>
  );
};

/** In the place of the name: every side, and the way to decide. */
export const NameConflict = (props: Props) => {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <span className="tag warn">in conflict</span>
      <ul className="heads" aria-label={`Names in conflict for subject ${props.subject}`}>
        {props.conflict.heads.map((head) => (
          <li key={head.body.id}>
            <NameText name={nameIn(head)} />
            <HeadInfo head={head} />
          </li>
        ))}
      </ul>
      <button type="button" aria-label={`Resolve the name of subject ${props.subject}`} onClick={() => setOpen(true)}>
        Resolve
      </button>
      {isOpen ? <ResolveNameDialog {...props} onClose={() => setOpen(false)} /> : null}
    </>
  );
};
