/** What a device has lost: said at the top, with what comes back and what to do, until a person has read it. */
import { useId } from 'react';
import type { HealthState, Loss } from '../../src/index.ts';
import type { Device } from '../model/device.ts';
import { lossText } from '../model/health.ts';
import { utcText } from '../model/times.ts';
import { useObservable } from './hooks.ts';
import { useReplicaName } from './replicas.ts';

const LossPanel = ({ device, loss }: { readonly device: Device; readonly loss: Loss }) => {
  const id = useId();
  const name = useReplicaName();
  const online = useObservable(device.online.value$, device.online.value);
  const { title, happened, confirmed, back, returning, gone, alone } = lossText(loss);
  const isBack = back >= confirmed;
  return (
    <div className={isBack ? 'panel loss settled' : 'panel failure loss'} role="alert" aria-labelledby={id}>
      <p className="panel-title" id={id}>
        <strong>{title}</strong> <code>storage.lost</code>
      </p>
      <p>{happened}</p>
      <ul>
        <li>
          {returning}
          {isBack || online ? '' : ' This device is offline: switch it online first.'}
          {confirmed === 0 ? null : (
            <progress
              aria-label={`Confirmed events that are back: ${back} of ${confirmed}`}
              max={confirmed}
              value={back}
            />
          )}
        </li>
        {gone === '' ? null : <li>{gone}</li>}
        {alone === '' ? null : <li>{alone}</li>}
      </ul>
      <p className="muted detail">
        closed replica {name(loss.replica)}, last known event {loss.sequence}, link {loss.link.slice(0, 16)}, found{' '}
        {utcText(loss.foundAt)}
      </p>
      <div className="actions">
        {isBack ? null : (
          <button type="button" className="primary" disabled={!online} onClick={() => void device.sync.now()}>
            Sync now
          </button>
        )}
        <button type="button" onClick={() => device.readLosses.set([...device.readLosses.value(), loss.replica])}>
          I have read this
        </button>
      </div>
    </div>
  );
};

/** Every loss that nobody has read yet. */
export const LossBanner = ({ device, health }: { readonly device: Device; readonly health: HealthState }) => {
  const read = useObservable(device.readLosses.value$, device.readLosses.value);
  const unread = health.losses.filter(({ replica }) => !read.includes(replica));
  return unread.map((loss) => <LossPanel key={loss.replica} device={device} loss={loss} />);
};
