/** How a device stands with the server: state in words, switch, pending, last receipt, last error, sync now. */
import { useId } from 'react';
import type { SyncStatus } from '../../src/index.ts';
import type { Device } from '../model/device.ts';
import { failureOfCode } from '../model/failure.ts';
import { ageText, utcText } from '../model/times.ts';
import { useNow, useObservable, useSettled } from './hooks.ts';

type Look = { readonly tone: 'good' | 'busy' | 'warn' | 'bad' | 'off'; readonly label: string };

const LOOKS: Readonly<Record<SyncStatus['state'], Look>> = {
  offline: { tone: 'off', label: 'Offline' },
  connecting: { tone: 'busy', label: 'Connecting' },
  pulling: { tone: 'busy', label: 'Receiving' },
  pushing: { tone: 'busy', label: 'Sending' },
  live: { tone: 'good', label: 'Up to date' },
  waiting: { tone: 'warn', label: 'Server not reached, trying again' },
  unauthorised: { tone: 'bad', label: 'Access refused' },
  wedged: { tone: 'bad', label: 'Stopped, needs attention' },
  quarantined: { tone: 'bad', label: 'Quarantined, needs a person' },
};

const isCalm = (state: SyncStatus['state']): boolean => LOOKS[state].tone !== 'busy';

const Switch = ({ device }: { readonly device: Device }) => {
  const online = useObservable(device.online.value$, device.online.value);
  const id = useId();
  return (
    <span className="switch">
      <input
        id={id}
        type="checkbox"
        role="switch"
        aria-checked={online}
        checked={online}
        onChange={(event) => device.online.set(event.target.checked)}
      />
      <label htmlFor={id}>Online</label>
    </span>
  );
};

const Figures = ({ status }: { readonly status: SyncStatus }) => {
  const now = useNow(1_000);
  const { pending, oldestPending, receipt } = status;
  return (
    <dl className="figures">
      <div>
        <dt>Pending</dt>
        <dd>
          {pending === 0 ? 'nothing' : `${pending} ${pending === 1 ? 'event' : 'events'}`}
          {oldestPending === undefined ? '' : `, oldest ${ageText(oldestPending, now)}`}
        </dd>
      </div>
      <div>
        <dt>Last receipt</dt>
        <dd>
          {receipt === undefined
            ? 'none yet'
            : `${utcText(receipt.time)}, up to event ${receipt.sequence} of this device, server log ${receipt.size}`}
        </dd>
      </div>
    </dl>
  );
};

export const SyncBar = ({ device }: { readonly device: Device }) => {
  const status = useObservable(device.sync.status$, device.sync.status);
  const online = useObservable(device.online.value$, device.online.value);
  const shown = useSettled(status.state, 600, isCalm);
  const look = LOOKS[shown];
  const failure = status.lastError === undefined ? undefined : failureOfCode(status.lastError);
  return (
    <section className="sync" aria-label={`Sync of ${device.spec.title}`}>
      <div className="sync-line">
        <span className={`state ${look.tone}`}>
          <span className="dot" aria-hidden="true" />
          {look.label}
        </span>
        <Switch device={device} />
        <button type="button" disabled={!online} onClick={() => void device.sync.now()}>
          Sync now
        </button>
      </div>
      <Figures status={status} />
      {failure === undefined ? null : (
        <p className="sync-error">
          <span className="muted">Last error</span> <code>{failure.code}</code> {failure.text} {failure.advice}
          {status.attempts > 1 ? ` (${status.attempts} attempts)` : ''}
        </p>
      )}
    </section>
  );
};
