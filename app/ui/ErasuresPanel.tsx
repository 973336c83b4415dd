/** Every erasure that was asked for: why, what was decided, and which devices have not confirmed it yet. */
import { type FormEvent, useId, useState } from 'react';
import { ERASURE_GROUNDS, type ErasureGround, type ErasureShown } from '../../src/clinical.ts';
import type { Device } from '../model/device.ts';
import { type Decision, decideErasure, ERASURE_STATE, erasureText, GROUND_TEXT, targetText } from '../model/erasing.ts';
import { utcText } from '../model/times.ts';
import { useAnnounce } from './announce.tsx';
import { Dialog } from './Dialog.tsx';
import { DialogFoot } from './DialogFoot.tsx';
import { FailurePanel } from './FailurePanel.tsx';
import { ReasonField } from './ReasonField.tsx';
import { useReplicaName } from './replicas.ts';
import { useAttempt } from './useAttempt.ts';
import type { Erasures } from './useErasures.ts';

type Deciding = { readonly kind: Decision['kind']; readonly erasure: ErasureShown };

const GroundField = (props: { readonly ground: ErasureGround; readonly onChange: (ground: ErasureGround) => void }) => {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>Ground</label>
      <select
        id={id}
        value={props.ground}
        onChange={({ target: { value } }) => {
          const chosen = ERASURE_GROUNDS.find((ground) => ground === value);
          if (chosen !== undefined) props.onChange(chosen);
        }}
      >
        {ERASURE_GROUNDS.map((ground) => (
          <option key={ground} value={ground}>
            {GROUND_TEXT[ground]}
          </option>
        ))}
      </select>
    </div>
  );
};

const DecideDialog = (props: {
  readonly device: Device;
  readonly deciding: Deciding;
  readonly onClose: () => void;
}) => {
  const { device, onClose } = props;
  const { kind, erasure } = props.deciding;
  const [ground, setGround] = useState<ErasureGround>('trial-record');
  const [justification, setJustification] = useState('');
  const [refusal, setRefusal] = useState('');
  const { isBusy, failure, run } = useAttempt();
  const announce = useAnnounce();
  const isApproval = kind === 'approve';
  const isReady = justification.trim() !== '' && !isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    const said = justification.trim();
    const decision: Decision = isApproval ? { kind, justification: said } : { kind, ground, justification: said };
    void run(async () => {
      const { text, isGood } = erasureText(await decideErasure(device, erasure.id, decision));
      setRefusal(isGood ? '' : text);
      if (!isGood) return;
      announce(text, 'good');
      onClose();
    });
  };
  return (
    <Dialog title={isApproval ? 'Approve an erasure' : 'Refuse an erasure'} onClose={onClose}>
      <form onSubmit={submit}>
        <p>
          {targetText(erasure)}. {isApproval ? 'Once a device has destroyed the key, nothing brings it back.' : ''}
        </p>
        {isApproval ? null : <GroundField ground={ground} onChange={setGround} />}
        <ReasonField
          label="Justification"
          reason={justification}
          onChange={setJustification}
          standard={isApproval ? ['Found in order'] : ['Kept as the law asks']}
        />
        <DialogFoot
          {...{ refusal, failure, isReady }}
          submit={isApproval ? 'Approve' : 'Refuse'}
          leave="Cancel"
          onLeave={onClose}
        />
      </form>
    </Dialog>
  );
};

type Step = NonNullable<ErasureShown['requested']>;

const StepLine = ({
  name,
  step,
  more = '',
}: {
  readonly name: string;
  readonly step: Step;
  readonly more?: string;
}) => (
  <div>
    <dt>{name}</dt>
    <dd>
      {step.by}, {step.role}, {utcText(step.at)}: {step.reason}
      {more}
    </dd>
  </div>
);

const Devices = ({ devices }: { readonly devices: ErasureShown['devices'] }) => {
  const name = useReplicaName();
  const waiting = devices.filter(({ state }) => state === 'waiting').map(({ replica }) => name(replica));
  if (devices.length === 0) return null;
  return (
    <div>
      <dt>Not confirmed</dt>
      <dd>{waiting.length === 0 ? 'no device' : waiting.join(', ')}</dd>
    </div>
  );
};

const DestroyedMeanwhile = ({ replicas }: { readonly replicas: ErasureShown['destroyedMeanwhile'] }) => {
  const name = useReplicaName();
  if (replicas.length === 0) return null;
  return (
    <div>
      <dt>Destroyed before the refusal was known</dt>
      <dd>{replicas.map(name).join(', ')}</dd>
    </div>
  );
};

const Entry = (props: {
  readonly erasure: ErasureShown;
  readonly user: string;
  readonly onDecide: (kind: Decision['kind']) => void;
}) => {
  const { erasure, user, onDecide } = props;
  const { state, requested, refused, approved, contested, devices } = erasure;
  const isOpen = state === 'requested' || contested;
  const about = targetText(erasure);
  return (
    <li className={`signature erasure ${state}`}>
      <p>
        <strong>{about}</strong> <span className="tag">{contested ? 'Contested' : ERASURE_STATE[state]}</span>
      </p>
      <dl className="manifest">
        {requested === undefined ? null : <StepLine name="Asked by" step={requested} />}
        {refused === undefined ? null : (
          <StepLine name="Refused by" step={refused} more={` (${GROUND_TEXT[refused.ground]})`} />
        )}
        {approved === undefined ? null : <StepLine name="Approved by" step={approved} />}
        <Devices devices={devices} />
        <DestroyedMeanwhile replicas={erasure.destroyedMeanwhile} />
      </dl>
      {isOpen ? (
        <p className="actions">
          {requested?.by === user || contested ? null : (
            <button type="button" aria-label={`Approve: ${about}`} onClick={() => onDecide('approve')}>
              Approve
            </button>
          )}
          <button type="button" aria-label={`Refuse: ${about}`} onClick={() => onDecide('refuse')}>
            Refuse
          </button>
        </p>
      ) : null}
    </li>
  );
};

/** Found by whoever is led to it from elsewhere on the same device. */
export const erasuresId = ({ spec }: Device): string => `${spec.database}-erasures`;

export const ErasuresPanel = (props: { readonly device: Device } & Erasures) => {
  const { device, erasures, failure } = props;
  const [deciding, setDeciding] = useState<Deciding>();
  if (failure !== undefined) return <FailurePanel title="The erasures cannot be read" failure={failure} />;
  if (erasures.length === 0) return null;
  return (
    <section id={erasuresId(device)} tabIndex={-1} className="signatures erasures" aria-label="Erasures">
      <h3>Erasures</h3>
      <ol>
        {erasures.map((erasure) => (
          <Entry
            key={erasure.id}
            erasure={erasure}
            user={device.keys.user}
            onDecide={(kind) => setDeciding({ kind, erasure })}
          />
        ))}
      </ol>
      {deciding === undefined ? null : (
        <DecideDialog device={device} deciding={deciding} onClose={() => setDeciding(undefined)} />
      )}
    </section>
  );
};
