/** A reason for change: free text, with the common ones at hand. */
import { useId } from 'react';

export const STANDARD_REASONS = ['Typing error', 'Source document corrected', 'Answer to a query', 'Entered late'];
const REASON_LENGTH_MAX = 2_000;

export const ReasonField = (props: {
  readonly label?: string;
  readonly reason: string;
  readonly onChange: (reason: string) => void;
  readonly standard?: readonly string[];
}) => {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        {props.label ?? 'Reason for change'} <span className="required">(required)</span>
      </label>
      <input
        id={id}
        type="text"
        value={props.reason}
        maxLength={REASON_LENGTH_MAX}
        required
        autoComplete="off"
        onChange={(event) => props.onChange(event.target.value)}
      />
      <div className="chips">
        {(props.standard ?? STANDARD_REASONS).map((reason) => (
          <button
            key={reason}
            type="button"
            className="chip"
            aria-pressed={props.reason === reason}
            onClick={() => props.onChange(reason)}
          >
            {reason}
          </button>
        ))}
      </div>
    </div>
  );
};
