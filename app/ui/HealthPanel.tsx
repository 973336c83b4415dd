/** The health of a device: its room at a glance, and every check when asked for, with what is wrong and what to do. */
import { useId, useState } from 'react';
import type { HealthCheck, HealthReport, HealthState } from '../../src/index.ts';
import type { Device } from '../model/device.ts';
import { bytesText, CHECK_NAMES, countText, forecastText, measuredText } from '../model/health.ts';
import { utcText } from '../model/times.ts';

const KEPT: Readonly<Record<HealthState['persistence'], readonly [tone: string, text: string]>> = {
  granted: ['good', 'The browser keeps this data until somebody deletes it.'],
  denied: ['warn', 'The browser may delete this data when the device runs short of room. Sync often.'],
  unasked: ['off', 'At the next entry the browser is asked to keep this data.'],
  unknown: ['off', 'The browser does not say whether it keeps this data.'],
};

/** How full the room is, as a bar. Less than the eye can see is shown as a sliver. */
const Room = ({ health }: { readonly health: HealthState }) => {
  const { forecast, persistence } = health;
  const [tone, kept] = KEPT[persistence];
  const share = forecast === undefined ? 0 : forecast.usageBytes / Math.max(1, forecast.quotaBytes);
  const level = share > 0.9 ? 'bad' : share > 0.7 ? 'warn' : 'good';
  return (
    <div className="room">
      {forecast === undefined ? (
        <p className="muted">How much room there is shows in a moment.</p>
      ) : (
        <>
          <p className="room-line">
            <span>Room used</span>
            <span>
              <strong>{bytesText(forecast.usageBytes)}</strong>{' '}
              <span className="muted">of {bytesText(forecast.quotaBytes)}</span>
            </span>
          </p>
          <meter className="only-heard" aria-label="Room used" min={0} max={100} value={Math.round(100 * share)} />
          <div className={`bar ${level}`} aria-hidden="true">
            <span style={{ width: `${Math.max(0.6, Math.min(100, 100 * share))}%` }} />
          </div>
          <p className="muted">{forecastText(forecast)}</p>
        </>
      )}
      <p className={`state-line ${tone}`}>
        <span className="dot" aria-hidden="true" />
        {kept}
      </p>
    </div>
  );
};

const Check = ({ check }: { readonly check: HealthCheck }) => (
  <li className={check.ok ? 'check good' : 'check warn'}>
    <span className="mark" aria-hidden="true">
      {check.ok ? '✓' : '!'}
    </span>
    <div>
      <p>
        <strong>{CHECK_NAMES[check.name]}</strong>{' '}
        <span className="only-heard">{check.ok ? 'is well.' : 'has a warning.'}</span>
        <span className="muted">{measuredText(check)}</span>
      </p>
      {check.warnings.map(({ code, details, means, action }) => (
        <div key={`${code} ${JSON.stringify(details)}`} className="warning">
          <p>{means}</p>
          <p>{action}</p>
          <p className="detail">
            {code}
            {Object.entries(details).map(([name, value]) => `, ${name} ${value}`)}
          </p>
        </div>
      ))}
    </div>
  </li>
);

const useChecking = (device: Device) => {
  const [done, setDone] = useState<number>();
  const [report, setReport] = useState<HealthReport>();
  const check = async () => {
    setDone(0);
    const found = await device.store.health({ onProgress: (progress) => setDone(progress.done) });
    setDone(undefined);
    setReport(found);
  };
  return { done, report, check };
};

export const HealthPanel = ({ device, health }: { readonly device: Device; readonly health: HealthState }) => {
  const { done, report, check } = useChecking(device);
  const id = useId();
  const total = Object.keys(CHECK_NAMES).length;
  const warned = report?.checks.filter(({ ok }) => !ok) ?? [];
  return (
    <section className="health" aria-labelledby={id}>
      <div className="health-head">
        <h3 id={id}>Health</h3>
        <button type="button" disabled={done !== undefined} onClick={() => void check()}>
          {done === undefined ? 'Check now' : 'Checking …'}
        </button>
      </div>
      <Room health={health} />
      {done === undefined ? null : <progress aria-label="Checks made" max={total} value={done} />}
      <p className="muted" role="status">
        {report === undefined
          ? ''
          : `Checked ${utcText(report.at)}: ${countText(report.checks.length, 'check')}, ${
              warned.length === 0 ? 'all well' : countText(warned.length, 'with a warning', 'with warnings')
            }.`}
      </p>
      {report === undefined ? null : (
        <ul className="checklist">
          {[...warned, ...report.checks.filter(({ ok }) => ok)].map((each) => (
            <Check key={each.name} check={each} />
          ))}
        </ul>
      )}
    </section>
  );
};
