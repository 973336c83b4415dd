/** What an act asks for before it is recorded: its fields, and a reason where the record needs one. */

import { useId, useState } from 'react';
import type { EventDefinitions } from '../../src/index.ts';
import type { Act, ActField, Answers } from '../model/acts.ts';
import { checkEntry } from '../model/fields.ts';
import { instantOf, localText } from '../model/times.ts';
import { Dialog } from './Dialog.tsx';
import { DialogFoot } from './DialogFoot.tsx';
import { ReasonField } from './ReasonField.tsx';
import { TextField } from './TextField.tsx';
import { TimeField } from './TimeField.tsx';
import { type Acting, useAct } from './useAct.ts';
import { ValueInput } from './ValueInput.tsx';

const TEXT_MAX = 4_000;

const firstOf = ({ kind, first }: ActField): string => {
  if (first !== undefined) return first;
  if (kind === 'day') return localText(Date.now()).slice(0, 10);
  return kind === 'time' ? localText(Date.now()) : '';
};

const firstEntries = ({ fields }: { readonly fields: readonly ActField[] }): Answers =>
  Object.fromEntries(fields.map((field) => [field.name, firstOf(field)]));

/** True if an event can hold what was entered. */
const isAnswered = ({ name, field }: ActField, answers: Answers): boolean =>
  field === undefined ? answers[name] !== '' : checkEntry(field, answers[name] ?? '').error === '';

/** What was entered as events hold it: times in UTC. */
const answersOf = (fields: readonly ActField[], entries: Answers): Answers =>
  Object.fromEntries(
    fields.map(({ name, kind }) => {
      const entry = (entries[name] ?? '').trim();
      return [name, kind === 'time' ? (instantOf(entry) ?? '') : entry];
    }),
  );

/** What an act would record if nothing was changed in its fields: enough to ask whether it is legal. */
export const firstAnswers = (act: { readonly fields: readonly ActField[] }): Answers =>
  answersOf(act.fields, firstEntries(act));

const LongText = (props: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (next: string) => void;
}) => {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <textarea
        id={id}
        rows={3}
        value={props.value}
        maxLength={TEXT_MAX}
        required
        onChange={(event) => props.onChange(event.target.value)}
      />
    </div>
  );
};

const AskedFor = (props: {
  readonly field: ActField;
  readonly value: string;
  readonly onChange: (next: string) => void;
}) => {
  const { field, value, onChange } = props;
  if (field.kind === 'value' && field.field !== undefined)
    return <ValueInput label={field.label} field={field.field} entry={value} onChange={onChange} />;
  const common = { label: field.label, value, onChange };
  if (field.kind === 'text') return <LongText {...common} />;
  if (field.kind === 'time') return <TimeField {...common} hint={field.hint ?? 'By the clock of this device.'} />;
  return <TextField {...common} type={field.kind === 'day' ? 'date' : 'text'} />;
};

export const ActDialog = <E extends EventDefinitions>(props: {
  readonly acting: Acting<E>;
  readonly act: Act<E>;
  readonly about: string;
  readonly onClose: () => void;
}) => {
  const { acting, act, about, onClose } = props;
  const [entries, setEntries] = useState(() => firstEntries(act));
  const [reason, setReason] = useState('');
  const { run, refusal, failure, isBusy } = useAct(acting, act, onClose);
  const answers = answersOf(act.fields, entries);
  const isReasoned = acting.needsReason(act.event(answers));
  const isReady =
    act.fields.every((field) => isAnswered(field, answers)) && (!isReasoned || reason.trim() !== '') && !isBusy;
  return (
    <Dialog title={about === '' ? act.name : `${act.name}: ${about}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) void run(answers, isReasoned ? reason.trim() : '');
        }}
      >
        {act.fields.map((field) => (
          <AskedFor
            key={field.name}
            field={field}
            value={entries[field.name] ?? ''}
            onChange={(next) => setEntries({ ...entries, [field.name]: next })}
          />
        ))}
        {isReasoned ? (
          <ReasonField
            label="Reason"
            reason={reason}
            onChange={setReason}
            {...(act.reasons === undefined ? {} : { standard: act.reasons })}
          />
        ) : null}
        <DialogFoot
          {...{ refusal, failure, isReady }}
          submit={isBusy ? 'Saving …' : act.name}
          leave="Cancel"
          onLeave={onClose}
        />
      </form>
    </Dialog>
  );
};
