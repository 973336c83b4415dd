/** Who holds the study's key, and how another device gets it. */
import { useId, useState } from 'react';
import type { Device } from '../model/device.ts';
import {
  type Asking,
  askForKey,
  beginStudyKey,
  type Entry,
  letIn,
  readStudyKey,
  type StudyKey,
  spelled,
} from '../model/studyKey.ts';
import { FailurePanel } from './FailurePanel.tsx';
import { useReplicaName } from './replicas.ts';
import { TextField } from './TextField.tsx';
import { type RunAccess, useAccess } from './useAccess.ts';

const LetIn = (props: { readonly who: Asking; readonly onLetIn: (entry: Entry) => void }) => {
  const { user, replica, holder, role: known } = props.who;
  const [role, setRole] = useState(known ?? '');
  const [getsKey, setGetsKey] = useState(true);
  const id = useId();
  const device = useReplicaName()(replica);
  return (
    <li>
      <form
        aria-label={`Let ${user} in`}
        onSubmit={(event) => {
          event.preventDefault();
          if (role.trim() !== '') props.onLetIn({ role: role.trim(), getsKey });
        }}
      >
        <p>
          <strong>{user}</strong> on {device} asks for the study’s key. Let them read you the fingerprint of their
          screen:
          <br />
          <code>{spelled(holder)}</code>
        </p>
        {known === undefined ? (
          <TextField label={`Role of ${user}`} value={role} onChange={setRole} />
        ) : (
          <p>{`${user} is in the study as ${known}.`}</p>
        )}
        <label className="choice" htmlFor={id}>
          <input id={id} type="checkbox" checked={getsKey} onChange={({ target }) => setGetsKey(target.checked)} />
          <span>Gets the study’s key; a custodian, or a device that is to recover it, may do without</span>
        </label>
        <button type="submit" className="fit" disabled={role.trim() === ''}>
          It is the same: let in
        </button>
      </form>
    </li>
  );
};

const OwnState = ({
  studyKey,
  run,
  device,
}: {
  readonly studyKey: StudyKey;
  readonly run: RunAccess;
  readonly device: Device;
}) => {
  const { state, fingerprint } = studyKey;
  if (state === 'held') return <p>You hold the study’s key: names of subjects are open to you.</p>;
  if (state === 'let-in')
    return (
      <p>
        This device is let in, without the study’s key. Who holds it can grant it under Access; where nobody does, its
        custodians can recover it there. Its fingerprint:
        <br />
        <code className="fingerprint-own">{spelled(fingerprint)}</code>
      </p>
    );
  if (state === 'asked')
    return (
      <p>
        You have asked for the study’s key. Read this to somebody who holds it:
        <br />
        <code className="fingerprint-own">{spelled(fingerprint)}</code>
      </p>
    );
  if (state === 'not-asked')
    return (
      <p>
        You do not hold the study’s key: names of subjects are sealed for you.{' '}
        <button type="button" onClick={() => void run(() => askForKey(device))}>
          Ask for the study’s key
        </button>
      </p>
    );
  return (
    <p>
      No device that this one knows of has made the study’s key, under which names of subjects are sealed. Make it once,
      on the first device of the study; the others ask for it.{' '}
      <button type="button" onClick={() => void run(() => beginStudyKey(device))}>
        Make the study’s key
      </button>
    </p>
  );
};

export const StudyKeyPanel = ({ device }: { readonly device: Device }) => {
  const { found: studyKey, failure, run } = useAccess(device, readStudyKey);
  const [told, setTold] = useState('');
  if (studyKey === undefined) return failure === undefined ? null : <FailurePanel title="Not read" failure={failure} />;
  const others = studyKey.asking.filter(({ holder }) => holder !== studyKey.fingerprint);
  return (
    <section className="study-key" aria-label="Study key">
      <h4>The study’s key</h4>
      <OwnState studyKey={studyKey} run={run} device={device} />
      {!studyKey.mayLetIn ? null : (
        <ul className="asking" aria-label="Devices that ask for the study’s key">
          {others.map((who) => (
            <LetIn
              key={who.holder}
              who={who}
              onLetIn={(entry) => void run(async () => setTold((await letIn(device, who, entry)).text))}
            />
          ))}
        </ul>
      )}
      <p role="status">{told}</p>
      {failure === undefined ? null : <FailurePanel title="Not done" failure={failure} />}
    </section>
  );
};
