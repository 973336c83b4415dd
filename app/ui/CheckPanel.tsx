/** Verifying everything a device holds, and exporting it. */
import { useEffect, useState } from 'react';
import type { LogReport } from '../../src/index.ts';
import type { Device } from '../model/device.ts';
import { type Failure, failureOf } from '../model/failure.ts';
import { useAnnounce } from './announce.tsx';
import { FailurePanel } from './FailurePanel.tsx';
import { bundleName, offer } from './offer.ts';
import { ReportView } from './ReportView.tsx';

type Exported = { readonly name: string; readonly bytes: number };

const useChecks = (device: Device) => {
  const [busy, setBusy] = useState<'verify' | 'export'>();
  const [checked, setChecked] = useState(0);
  const [report, setReport] = useState<LogReport>();
  const [exported, setExported] = useState<Exported>();
  const [failure, setFailure] = useState<Failure>();
  const announce = useAnnounce();
  const run = async (what: 'verify' | 'export', work: () => Promise<void>) => {
    setBusy(what);
    setFailure(undefined);
    setReport(undefined);
    setExported(undefined);
    setChecked(0);
    try {
      await work();
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(undefined);
    }
  };
  const verify = () =>
    run('verify', async () => {
      const found = await device.store.verify({ onProgress: ({ events }) => setChecked(events) });
      setReport(found);
      announce(
        found.ok
          ? `Verified: ${found.counts.events} events, nothing found.`
          : `Verified: ${found.findings.length} findings.`,
        found.ok ? 'good' : 'bad',
      );
    });
  const exportAll = () =>
    run('export', async () => {
      const bundle = await device.store.export({ onProgress: ({ events }) => setChecked(events) });
      const name = bundleName(device.spec);
      offer(bundle, name);
      setExported({ name, bytes: bundle.size });
      announce(`Exported ${name}.`, 'good');
    });
  return { busy, checked, report, exported, failure, verify, exportAll };
};

/** Number of events that a device holds, its own and those of others. */
const useSize = (device: Device): number => {
  const [size, setSize] = useState(device.store.size);
  useEffect(() => {
    const subscription = device.store.committed$.subscribe(() => setSize(device.store.size()));
    return () => subscription.unsubscribe();
  }, [device]);
  return size;
};

export const CheckPanel = ({ device, fingerprint }: { readonly device: Device; readonly fingerprint: string }) => {
  const size = useSize(device);
  const { busy, checked, report, exported, failure, verify, exportAll } = useChecks(device);
  return (
    <section className="checks" aria-label={`Check ${device.spec.title}`}>
      <p className="muted">
        <span title="A short digest of everything shown here: equal on two devices when they hold equal states">
          State fingerprint
        </span>{' '}
        <code className="fingerprint">{fingerprint}</code>, <span className="held">{size} events</span> held
      </p>
      <div className="actions">
        <button type="button" disabled={busy !== undefined} onClick={() => void verify()}>
          {busy === 'verify' ? 'Verifying …' : 'Verify'}
        </button>
        <button type="button" disabled={busy !== undefined} onClick={() => void exportAll()}>
          {busy === 'export' ? 'Exporting …' : 'Export'}
        </button>
      </div>
      {busy === undefined ? null : (
        <progress aria-label="Events read" max={Math.max(1, device.store.size())} value={checked} />
      )}
      {report === undefined ? null : <ReportView title="This device" report={report} />}
      {exported === undefined ? null : (
        <div className="panel">
          <p>
            Saved <strong>{exported.name}</strong>, {Math.ceil(exported.bytes / 1_024)} KiB. It can be checked on its
            own, without this page or the server:
          </p>
          <code className="command">npx indelible verify {exported.name}</code>
        </div>
      )}
      {failure === undefined ? null : <FailurePanel title="Not finished" failure={failure} />}
    </section>
  );
};
