/** One line of text with its label, and a hint where there is something to say. */
import { useId } from 'react';

export const TextField = (props: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly autoComplete?: string;
  readonly isFirst?: boolean;
  readonly hint?: string;
  readonly type?: 'text' | 'date';
}) => {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        type={props.type ?? 'text'}
        value={props.value}
        maxLength={200}
        required
        autoComplete={props.autoComplete ?? 'off'}
        autoCapitalize="none"
        spellCheck={false}
        // biome-ignore lint/a11y/noAutofocus: somebody who has just asked for this goes on here
        autoFocus={props.isFirst === true}
        aria-describedby={props.hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => props.onChange(event.target.value)}
      />
      {props.hint === undefined ? null : (
        <p id={`${id}-hint`} className="muted hint">
          {props.hint}
        </p>
      )}
    </div>
  );
};
