/** The page: two devices and the server beside them. */
import { useMemo } from 'react';
import { DEVICES, TENANT } from '../model/device.ts';
import { shortId } from '../model/times.ts';
import { Announcements } from './announce.tsx';
import { BundleCheck } from './BundleCheck.tsx';
import { DevicePane } from './DevicePane.tsx';
import { ReplicaNames } from './replicas.ts';
import { ServerPane } from './ServerPane.tsx';
import { useDevice } from './useDevice.ts';

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
  const controls = [useDevice(specA), useDevice(specB)] as const;
  const [a, b] = [controls[0].opening, controls[1].opening];
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
        <DevicePane spec={specA} control={controls[0]} />
        <DevicePane spec={specB} control={controls[1]} />
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
