/** The two ways into a device: setting it up for its first user, and unlocking it. */
import { type FormEvent, useState } from 'react';
import { isStoreError, type RememberedStore } from '../../src/index.ts';
import type { DeviceSpec } from '../model/device.ts';
import { type Entrant, type EntrySecret, type Gate, setUp, unlock } from '../model/gate.ts';
import { lossOfRemembered, lossText } from '../model/health.ts';
import { FailurePanel } from './FailurePanel.tsx';
import { NewPassphrase, useNewPassphrase } from './NewPassphrase.tsx';
import { PassphraseField } from './PassphraseField.tsx';
import { TextField } from './TextField.tsx';
import { type Attempt, useAttempt } from './useAttempt.ts';
import type { LockedBy } from './useDevice.ts';
import { useSecondsUntil, Waiting } from './Waiting.tsx';

/** What became of an attempt, above the button that makes the next one. */
export const AttemptNote = ({ attempt, title }: { readonly attempt: Attempt; readonly title: string }) =>
  attempt.failure === undefined ? null : <FailurePanel title={title} failure={attempt.failure} />;

/** What was here before, above the form that begins anew. */
const LostNote = ({ lost }: { readonly lost: RememberedStore }) => {
  const { title, happened, returning, gone } = lossText(lossOfRemembered(lost));
  return (
    <div className="panel failure loss" role="alert">
      <p className="panel-title">
        <strong>{title}</strong> <code>storage.lost</code>
      </p>
      <p>{happened} The keys of this device are gone with them, and everybody who could unlock it.</p>
      <ul>
        <li>{returning}</li>
        {gone === '' ? null : <li>{gone}</li>}
      </ul>
    </div>
  );
};

type Props = {
  readonly spec: DeviceSpec;
  readonly gate: Gate;
  readonly onEnter: (entrant: Entrant) => Promise<void>;
};

export const SetUpForm = ({ spec, gate, onEnter }: Props) => {
  const [user, setUser] = useState<string>(spec.actor.userId);
  const [role, setRole] = useState(spec.actor.role);
  const chosen = useNewPassphrase();
  const attempt = useAttempt();
  const isReady = user.trim() !== '' && role.trim() !== '' && chosen.fault === '' && !attempt.isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    const first = { user: user.trim(), role: role.trim(), passphrase: chosen.value };
    void attempt.run(async () => onEnter(await setUp(spec, gate, first)));
  };
  return (
    <form className="gate" aria-label={`Set up ${spec.title}`} onSubmit={submit}>
      {gate.lost === undefined ? null : <LostNote lost={gate.lost} />}
      <p>
        <strong>{gate.lost === undefined ? 'This device is new.' : 'Set this device up again.'}</strong> What is
        recorded here is encrypted under your passphrase. Nobody can reset it: once you are in, enrol a second person
        who can unlock this device too.
      </p>
      <div className="pair">
        <TextField label="User" value={user} onChange={setUser} autoComplete="username" />
        <TextField
          label="Role"
          value={role}
          onChange={setRole}
          hint="Recorded with what you enter, as you say it. It gives no rights: those, and your role from then on, are in the study’s access list."
        />
      </div>
      <NewPassphrase label="Passphrase" user={user} chosen={chosen} />
      <AttemptNote attempt={attempt} title="Not set up" />
      <button type="submit" className="primary" disabled={!isReady}>
        {attempt.isBusy ? 'Setting up …' : 'Set up this device'}
      </button>
    </form>
  );
};

type UnlockProps = Props & { readonly by: LockedBy; readonly expected: string };

const WHY: Readonly<Record<LockedBy, string>> = {
  start: 'This device is locked.',
  person: 'Locked. Keys and everything shown are gone from this page.',
  idle: 'Locked, because nobody was seen for a while or another tab locked. What was recorded is kept.',
};

/** What somebody types to unlock, and the attempts that they make with it. */
const useUnlocking = ({ gate, expected, onEnter }: UnlockProps) => {
  const [user, setUser] = useState(expected);
  const [passphrase, setPassphrase] = useState('');
  const [isDue, setDue] = useState(false);
  const chosen = useNewPassphrase();
  const attempt = useAttempt();
  const seconds = useSecondsUntil(attempt.waitUntilMs);
  const isFree = user.trim() !== '' && seconds === 0 && !attempt.isBusy;
  const isReady = isFree && passphrase !== '' && (!isDue || chosen.fault === '');
  const enter = (secret: EntrySecret) =>
    void attempt.run(async () => {
      setPassphrase('');
      try {
        await onEnter(await unlock(gate, { user: user.trim(), ...secret }));
      } catch (error) {
        if (isStoreError(error, 'key.renewal-due')) setDue(true);
        throw error;
      }
    });
  const next = isDue ? { next: chosen.value } : {};
  return {
    ...{ user, setUser, passphrase, setPassphrase, isDue, chosen, attempt, seconds, isFree, isReady },
    byPassphrase: () => enter({ passphrase, ...next }),
    byPasskey: () => enter({ passkey: true }),
  };
};

export const UnlockForm = (props: UnlockProps) => {
  const { spec, by, expected } = props;
  const unlocking = useUnlocking(props);
  const { user, isDue, chosen, attempt, seconds, isReady } = unlocking;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) unlocking.byPassphrase();
  };
  const isBack = by === 'person';
  return (
    <form className="gate" aria-label={`Unlock ${spec.title}`} onSubmit={submit}>
      <p role="status">
        <strong>{WHY[by]}</strong>
      </p>
      <TextField
        label="User"
        value={user}
        onChange={unlocking.setUser}
        autoComplete="username"
        isFirst={isBack && expected === ''}
      />
      <PassphraseField
        label="Passphrase"
        use="current"
        user={user}
        value={unlocking.passphrase}
        onChange={unlocking.setPassphrase}
        isFirst={isBack && expected !== ''}
      />
      {isDue ? <NewPassphrase label="New passphrase" user={user} chosen={chosen} /> : null}
      <AttemptNote attempt={attempt} title="Not unlocked" />
      <Waiting untilMs={attempt.waitUntilMs} seconds={seconds} />
      <p className="actions">
        <button type="submit" className="primary" disabled={!isReady}>
          {attempt.isBusy ? 'Unlocking …' : 'Unlock'}
        </button>
        <button type="button" disabled={!unlocking.isFree} onClick={unlocking.byPasskey}>
          Use a passkey
        </button>
      </p>
    </form>
  );
};
