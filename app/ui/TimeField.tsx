/** A point of time on this device's clock, in its zone, to the second. */
import { useId } from 'react';

const pad = (part: number): string => String(part).padStart(2, '0');

/** `2026-03-02T08:00:00`, as the field has it, in the zone of this device. */
export const localText = (ms: number): string => {
  const at = new Date(ms);
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${day}T${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
};

/** RFC 3339 UTC with milliseconds; undefined if nothing, or no time, was given. */
export const instantOf = (local: string): string | undefined => {
  const ms = Date.parse(local);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
};

export const TimeField = (props: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint: string;
}) => {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        type="datetime-local"
        step={1}
        value={props.value}
        aria-describedby={`${id}-hint`}
        onChange={(event) => props.onChange(event.target.value)}
      />
      <p id={`${id}-hint`} className="muted hint">
        {props.hint}
      </p>
    </div>
  );
};
