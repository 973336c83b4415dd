/** Attempts to unlock that failed: told to whoever unlocks next, until they have read them. */
import { useEffect, useState } from 'react';
import type { FailedAttempt } from '../../src/keys.ts';
import type { Device } from '../model/device.ts';
import { utcText } from '../model/times.ts';

type Failures = { readonly attempts: readonly FailedAttempt[]; readonly more: number };

export const FailedAttempts = ({ device }: { readonly device: Device }) => {
  const { keys } = device;
  const [{ attempts, more }, setFailures] = useState<Failures>({ attempts: [], more: 0 });
  useEffect(() => {
    let isCurrent = true;
    keys.failures().then(
      (found) => isCurrent && setFailures(found),
      () => undefined, // locked meanwhile
    );
    return () => {
      isCurrent = false;
    };
  }, [keys]);
  const count = attempts.length + more;
  if (count === 0) return null;
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
      <button type="button" onClick={() => setFailures({ attempts: [], more: 0 })}>
        I have read this
      </button>
    </div>
  );
};
