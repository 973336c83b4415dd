/** The two ways into a device: setting it up for its first user, and unlocking it. */
import { type FormEvent, useState } from 'react';
import type { RememberedStore } from '../../src/index.ts';
import type { DeviceSpec } from '../model/device.ts';
import { type Entrant, type Gate, setUp, unlock } from '../model/gate.ts';
import { lossOfRemembered, lossText } from '../model/health.ts';
import { passphraseFault } from '../model/passphrase.ts';
import { FailurePanel } from './FailurePanel.tsx';
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
  const [passphrase, setPassphrase] = useState('');
  const [repeated, setRepeated] = useState('');
  const attempt = useAttempt();
  const fault = passphraseFault(passphrase, repeated);
  const isReady = user.trim() !== '' && role.trim() !== '' && fault === '' && !attempt.isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    const first = { user: user.trim(), role: role.trim(), passphrase };
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
        <TextField label="Role" value={role} onChange={setRole} />
      </div>
      <PassphraseField label="Passphrase" use="new" user={user} value={passphrase} onChange={setPassphrase} />
      <PassphraseField label="Repeat passphrase" use="repeat" user={user} value={repeated} onChange={setRepeated} />
      <p className="fault" aria-live="polite">
        {repeated === '' ? '' : fault}
      </p>
      <AttemptNote attempt={attempt} title="Not set up" />
      <button type="submit" className="primary" disabled={!isReady}>
        {attempt.isBusy ? 'Setting up …' : 'Set up this device'}
      </button>
    </form>
  );
};

const WHY: Readonly<Record<LockedBy, string>> = {
  start: 'This device is locked.',
  person: 'Locked. Keys and everything shown are gone from this page.',
  idle: 'Locked, because nobody was seen for a while or another tab locked. What was recorded is kept.',
};

export const UnlockForm = (props: Props & { readonly by: LockedBy; readonly expected: string }) => {
  const { spec, gate, by, expected, onEnter } = props;
  const [user, setUser] = useState(expected);
  const [passphrase, setPassphrase] = useState('');
  const attempt = useAttempt();
  const seconds = useSecondsUntil(attempt.waitUntilMs);
  const isReady = user.trim() !== '' && passphrase !== '' && seconds === 0 && !attempt.isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    setPassphrase('');
    void attempt.run(async () => onEnter(await unlock(gate, { user: user.trim(), passphrase })));
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
        onChange={setUser}
        autoComplete="username"
        isFirst={isBack && expected === ''}
      />
      <PassphraseField
        label="Passphrase"
        use="current"
        user={user}
        value={passphrase}
        onChange={setPassphrase}
        isFirst={isBack && expected !== ''}
      />
      <AttemptNote attempt={attempt} title="Not unlocked" />
      <Waiting untilMs={attempt.waitUntilMs} seconds={seconds} />
      <button type="submit" className="primary" disabled={!isReady}>
        {attempt.isBusy ? 'Unlocking …' : 'Unlock'}
      </button>
    </form>
  );
};
