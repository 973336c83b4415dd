/** A passphrase being typed: hidden or shown, with a word on Caps Lock, and on its strength where a new one is chosen. */
import { type KeyboardEvent, useId, useState } from 'react';
import { strengthOf } from '../model/passphrase.ts';

type Props = {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** `new`: one is chosen, for this user; `repeat`: and typed again; `current`: the one that is known. */
  readonly use: 'new' | 'repeat' | 'current';
  readonly user: string;
  /** True if the keyboard is to be here at once. */
  readonly isFirst?: boolean;
};

const Hint = ({ value, user, id }: { readonly value: string; readonly user: string; readonly id: string }) => {
  const { level, text } = strengthOf(value, user);
  return (
    <div id={id} className="strength" data-level={value === '' ? undefined : level}>
      <meter aria-label="Strength of the passphrase" min={0} max={3} low={2} high={3} optimum={3} value={level} />
      <span aria-live="polite">
        {value === '' ? 'At least 8 characters. Four or more words are easy to keep and hard to guess.' : text}
      </span>
    </div>
  );
};

export const PassphraseField = (props: Props) => {
  const id = useId();
  const [isShown, setShown] = useState(false);
  const [isCaps, setCaps] = useState(false);
  const note = (event: KeyboardEvent) => setCaps(event.getModifierState('CapsLock'));
  return (
    <div className="field passphrase">
      <label htmlFor={id}>{props.label}</label>
      <span className="with-toggle">
        <input
          id={id}
          type={isShown ? 'text' : 'password'}
          value={props.value}
          autoComplete={props.use === 'current' ? 'current-password' : 'new-password'}
          autoCapitalize="none"
          spellCheck={false}
          required
          // biome-ignore lint/a11y/noAutofocus: somebody who has just locked or switched goes on here
          autoFocus={props.isFirst === true}
          aria-describedby={`${id}-hint`}
          onKeyUp={note}
          onChange={(event) => props.onChange(event.target.value)}
        />
        <button
          type="button"
          aria-pressed={isShown}
          aria-label={`Show ${props.label.toLowerCase()}`}
          onClick={() => setShown(!isShown)}
        >
          {isShown ? 'Hide' : 'Show'}
        </button>
      </span>
      {props.use === 'new' ? <Hint value={props.value} user={props.user} id={`${id}-hint`} /> : null}
      {isCaps ? (
        <p className="fault caps" role="status">
          Caps Lock is on.
        </p>
      ) : null}
    </div>
  );
};
