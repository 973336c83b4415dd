/** The input for one field, by its data type, with what is wrong with the entry. */
import { useId } from 'react';
import { checkEntry, type Field, inputKind } from '../model/fields.ts';

type Props = { readonly field: Field; readonly entry: string; readonly onChange: (entry: string) => void };

const CodeSelect = ({ field, entry, onChange, id }: Props & { readonly id: string }) => (
  <select id={id} value={entry} onChange={(event) => onChange(event.target.value)}>
    <option value="">Choose …</option>
    {field.codes.map(({ code, text }) => (
      <option key={code} value={code}>
        {text === code ? text : `${text} (${code})`}
      </option>
    ))}
    {entry === '' || field.codes.some(({ code }) => code === entry) ? null : (
      <option value={entry}>{entry} (not in the code list)</option>
    )}
  </select>
);

const PlainInput = ({ field, entry, onChange, id }: Props & { readonly id: string }) => {
  const kind = inputKind(field);
  const isDate = kind === 'date' && (entry === '' || /^\d{4}-\d\d-\d\d$/.test(entry));
  const mode = kind === 'integer' ? 'numeric' : kind === 'decimal' ? 'decimal' : 'text';
  const { error } = checkEntry(field, entry);
  return (
    <input
      id={id}
      type={isDate ? 'date' : kind === 'time' ? 'time' : 'text'}
      step={kind === 'time' ? 1 : undefined}
      inputMode={mode}
      value={entry}
      autoComplete="off"
      aria-invalid={entry !== '' && error !== ''}
      aria-describedby={`${id}-check`}
      onChange={(event) => onChange(event.target.value)}
    />
  );
};

export const ValueInput = (props: Props & { readonly label: string }) => {
  const id = useId();
  const { field, entry } = props;
  const { error, warning } = checkEntry(field, entry);
  const unit = field.definition?.unit ?? '';
  return (
    <div className="field">
      <label htmlFor={id}>
        {props.label}
        {unit === '' ? '' : ` (${unit})`}
      </label>
      {inputKind(field) === 'codes' ? <CodeSelect {...props} id={id} /> : <PlainInput {...props} id={id} />}
      <p id={`${id}-check`} className={error === '' ? 'check warning' : 'check error'} aria-live="polite">
        {entry === '' ? '' : error || warning}
      </p>
    </div>
  );
};
