/** The page: two devices and the server beside them. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import { DEVICES, type DeviceSpec, openDevice, TENANT } from '../model/device.ts';
import { failureOf } from '../model/failure.ts';
import { shortId } from '../model/times.ts';
import { Announcements } from './announce.tsx';
import { BundleCheck } from './BundleCheck.tsx';
import { DevicePane, type Opening } from './DevicePane.tsx';
import { ReplicaNames } from './replicas.ts';
import { ServerPane } from './ServerPane.tsx';

const useOpening = (spec: DeviceSpec): readonly [Opening, () => void] => {
  const [opening, setOpening] = useState<Opening>({ kind: 'opening' });
  const open = useCallback(async () => {
    setOpening({ kind: 'opening' });
    try {
      setOpening({ kind: 'open', device: await openDevice(spec) });
    } catch (error) {
      setOpening({ kind: 'failed', failure: failureOf(error) });
    }
  }, [spec]);
  useEffect(() => void open(), [open]);
  return [opening, () => void open()];
};

const Header = () => (
  <header className="top">
    <div>
      <h1>Indelible</h1>
      <p>
        Clinical data capture that works offline, never overwrites and can be checked by anyone. Below are two devices
        with a database of their own, and the server between them.
      </p>
    </div>
    <p className="tenant">
      <span className="muted">Tenant</span> <code>{TENANT}</code>
    </p>
  </header>
);

export const App = () => {
  const [specA, specB] = DEVICES;
  const [a, retryA] = useOpening(specA);
  const [b, retryB] = useOpening(specB);
  const names = useMemo(() => {
    // asked each time: a device may go on as another replica
    return (replica: string) => {
      const device = [a, b].find((one) => one.kind === 'open' && one.device.store.replica === replica);
      const title = device?.kind === 'open' ? device.device.spec.title : undefined;
      return title === undefined ? shortId(replica) : `${title} (${shortId(replica)})`;
    };
  }, [a, b]);
  return (
    <ReplicaNames value={names}>
      <Header />
      <main className="panes">
        <DevicePane spec={specA} opening={a} onRetry={retryA} />
        <DevicePane spec={specB} opening={b} onRetry={retryB} />
        <div className="side">
          <ServerPane />
          <Announcements>
            <BundleCheck />
          </Announcements>
        </div>
      </main>
    </ReplicaNames>
  );
};
