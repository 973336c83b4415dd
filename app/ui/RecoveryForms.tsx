/** The two steps of recovery that are on record: choosing custodians, and releasing a share to a device. */
import { type FormEvent, useId, useState } from 'react';
import type { Device } from '../model/device.ts';
import type { OutcomeText } from '../model/outcome.ts';
import { type EnrolledDevice, makeRecovery, readRecovery, release } from '../model/recovery.ts';
import { spelled } from '../model/studyKey.ts';
import { DialogFoot } from './DialogFoot.tsx';
import { ReasonField } from './ReasonField.tsx';
import { useReplicaName } from './replicas.ts';
import { useAccess } from './useAccess.ts';
import { useAttempt } from './useAttempt.ts';

export type RecoveryStep = { readonly kind: 'make' } | { readonly kind: 'release'; readonly recovery: string };

type Props = { readonly device: Device; readonly onDone: (text: string) => void; readonly onLeave: () => void };

const NEEDED_MIN = 2;

const DeviceChoice = (props: {
  readonly type: 'checkbox' | 'radio';
  readonly group: string;
  readonly of: EnrolledDevice;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}) => {
  const { user, replica, holder } = props.of;
  const name = useReplicaName()(replica);
  return (
    <label className="choice">
      <input type={props.type} name={props.group} checked={props.isChosen} onChange={props.onChoose} />
      <span>
        <strong>{user}</strong> on {name}
        <br />
        <code>{spelled(holder)}</code>
      </span>
    </label>
  );
};

/** Sends a step, and keeps why it was not taken. */
const useStep = (step: () => Promise<OutcomeText>, onDone: (text: string) => void) => {
  const [refusal, setRefusal] = useState('');
  const { isBusy, failure, run } = useAttempt();
  const send = () =>
    void run(async () => {
      const { text, isGood } = await step();
      setRefusal(isGood ? '' : text);
      if (isGood) onDone(text);
    });
  return { refusal, isBusy, failure, send };
};

const useDevices = (device: Device) => useAccess(device, readRecovery).found;

export const MakeRecovery = ({ device, onDone, onLeave }: Props) => {
  const found = useDevices(device);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [threshold, setThreshold] = useState(NEEDED_MIN);
  const [group, needed] = [useId(), useId()];
  const step = useStep(() => makeRecovery(device, { custodians: chosen, threshold }), onDone);
  const isReady = chosen.length >= threshold && !step.isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) step.send();
  };
  const toggle = (holder: string) =>
    setChosen(chosen.includes(holder) ? chosen.filter((each) => each !== holder) : [...chosen, holder]);
  return (
    <form onSubmit={submit}>
      <p>Each custodian gets a share that says nothing by itself. The key exists nowhere until enough of them agree.</p>
      <fieldset className="choices">
        <legend>Custodians, each a different person</legend>
        {found?.devices.map((of) => (
          <DeviceChoice
            key={of.holder}
            {...{ of, group }}
            type="checkbox"
            isChosen={chosen.includes(of.holder)}
            onChoose={() => toggle(of.holder)}
          />
        ))}
      </fieldset>
      <div className="field">
        <label htmlFor={needed}>Shares that are needed</label>
        <select id={needed} value={threshold} onChange={({ target }) => setThreshold(Number(target.value))}>
          {Array.from({ length: Math.max(1, chosen.length - NEEDED_MIN + 1) }, (_, at) => at + NEEDED_MIN).map(
            (each) => (
              <option key={each}>{each}</option>
            ),
          )}
        </select>
      </div>
      <DialogFoot
        {...{ isReady, refusal: step.refusal, failure: step.failure, onLeave }}
        submit={step.isBusy ? 'Making …' : 'Make the recovery key'}
        leave="Back"
      />
    </form>
  );
};

export const ReleaseShare = ({ device, recovery, onDone, onLeave }: Props & { readonly recovery: string }) => {
  const found = useDevices(device);
  const [to, setTo] = useState('');
  const [reason, setReason] = useState('');
  const group = useId();
  const step = useStep(() => release(device, { recovery, to, reason: reason.trim() }), onDone);
  const isReady = to !== '' && reason.trim() !== '' && !step.isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) step.send();
  };
  return (
    <form onSubmit={submit}>
      <p>
        With enough shares that device gets the study’s key. See the person, and compare the fingerprint with the one on
        their screen.
      </p>
      <fieldset className="choices">
        <legend>To which device?</legend>
        {found?.devices
          .filter(({ holder }) => holder !== found.fingerprint)
          .map((of) => (
            <DeviceChoice
              key={of.holder}
              {...{ of, group }}
              type="radio"
              isChosen={to === of.holder}
              onChoose={() => setTo(of.holder)}
            />
          ))}
      </fieldset>
      <ReasonField
        label="Reason"
        reason={reason}
        onChange={setReason}
        standard={['Device lost', 'Passphrase forgotten']}
      />
      <DialogFoot
        {...{ isReady, refusal: step.refusal, failure: step.failure, onLeave }}
        submit={step.isBusy ? 'Releasing …' : 'Release my share'}
        leave="Back"
      />
    </form>
  );
};
