/** Attempts to unlock that failed: told to whoever unlocks next, until they have read them. They are recorded as events too. */
import { useState } from 'react';
import type { Device } from '../model/device.ts';
import { utcText } from '../model/times.ts';

export const FailedAttempts = ({ device }: { readonly device: Device }) => {
  const { attempts, more } = device.failures;
  const [isRead, setRead] = useState(false);
  const count = attempts.length + more;
  if (count === 0 || isRead) return null;
  return (
    <div className="panel conflict-banner" role="alert">
      <p>
        <strong>
          {count} {count === 1 ? 'attempt' : 'attempts'} to unlock this device failed.
        </strong>{' '}
        If it was not you, tell whoever looks after this device.
      </p>
      <ul>
        {attempts.map(({ id, at, user, kind }) => (
          <li key={id}>
            {utcText(at)}, {user ?? 'a name that nobody has'}, by {kind}
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => setRead(true)}>
        I have read this
      </button>
    </div>
  );
};
