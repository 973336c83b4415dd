/** One device: its person, its sync, its study, its casebook or an opened form. */
import { useEffect, useMemo, useState } from 'react';
import type { HealthState } from '../../src/index.ts';
import { type CasebookRow, casebook, fingerprintOf } from '../model/casebook.ts';
import { type Catalog, catalogOf } from '../model/catalog.ts';
import type { Device, DeviceSpec } from '../model/device.ts';
import type { Failure } from '../model/failure.ts';
import { mayRescue } from '../model/rescue.ts';
import { studies } from '../model/study.ts';
import { shortId } from '../model/times.ts';
import { ActorEditor } from './ActorEditor.tsx';
import { Announcements } from './announce.tsx';
import { Casebook } from './Casebook.tsx';
import { CheckPanel } from './CheckPanel.tsx';
import { FailurePanel } from './FailurePanel.tsx';
import { FormPanel } from './FormPanel.tsx';
import { HealthPanel } from './HealthPanel.tsx';
import { useObservable } from './hooks.ts';
import { ImportPanel } from './ImportPanel.tsx';
import { LossBanner } from './LossBanner.tsx';
import { RescueButton } from './RescueButton.tsx';
import { SyncBar } from './SyncBar.tsx';

export type Opening =
  | { readonly kind: 'opening' }
  | { readonly kind: 'open'; readonly device: Device }
  | { readonly kind: 'failed'; readonly failure: Failure };

const useCatalog = (device: Device): Catalog => {
  const [query] = useState(() => device.store.view(studies));
  const rows = useObservable(query.rows$, query.rows);
  return useMemo(() => catalogOf(rows), [rows]);
};

const useFingerprint = (rows: readonly CasebookRow[]): string => {
  const [fingerprint, setFingerprint] = useState('');
  useEffect(() => {
    let isCurrent = true;
    const timer = setTimeout(async () => {
      const next = await fingerprintOf(rows);
      if (isCurrent) setFingerprint(next);
    }, 200);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [rows]);
  return fingerprint;
};

const StudyLine = ({ catalog }: { readonly catalog: Catalog }) =>
  catalog.studies.length === 0 ? null : (
    <>
      <p className="study">
        <span className="muted">Study</span> <strong>{catalog.studies.map(({ name }) => name).join(', ')}</strong>
      </p>
      {catalog.conflicts === 0 ? null : (
        <p className="panel conflict-banner">
          {catalog.conflicts}{' '}
          {catalog.conflicts === 1 ? 'definition of the study differs' : 'definitions of the study differ'} between two
          devices that imported at once. Import the right metadata file again to settle this.
        </p>
      )}
    </>
  );

const OpenDevice = ({ device }: { readonly device: Device }) => {
  const [query] = useState(() => device.store.view(casebook));
  const rows = useObservable(query.rows$, query.rows);
  const catalog = useCatalog(device);
  const fingerprint = useFingerprint(rows);
  const [form, setForm] = useState<string>();
  const conflicts = rows.filter((row) => row.conflicts > 0).length;
  const health = useObservable<HealthState | undefined>(device.store.health$, () => undefined);
  const hasLost = (health?.losses.length ?? 0) > 0;
  return (
    <Announcements>
      {health === undefined ? null : <LossBanner device={device} health={health} />}
      <ActorEditor device={device} />
      <SyncBar device={device} />
      {conflicts === 0 ? null : (
        <p className="panel conflict-banner" role="alert">
          <strong>
            {conflicts} {conflicts === 1 ? 'form is' : 'forms are'} in conflict.
          </strong>{' '}
          Open it to see both values and to decide.
        </p>
      )}
      <StudyLine catalog={catalog} />
      <div hidden={form !== undefined}>
        <ImportPanel device={device} isFirst={rows.length === 0 && !hasLost} />
        {rows.length === 0 ? null : <Casebook rows={rows} catalog={catalog} onOpen={setForm} />}
      </div>
      {form === undefined ? null : (
        <FormPanel device={device} form={form} catalog={catalog} onClose={() => setForm(undefined)} />
      )}
      <CheckPanel device={device} fingerprint={fingerprint} />
      {health === undefined ? null : <HealthPanel device={device} health={health} />}
    </Announcements>
  );
};

/** Who writes on this device now. */
const Replica = ({ device }: { readonly device: Device }) => {
  const health = useObservable<HealthState | undefined>(device.store.health$, () => undefined);
  return <code>{shortId(health?.replica ?? device.store.replica)}</code>;
};

export const DevicePane = (props: {
  readonly spec: DeviceSpec;
  readonly opening: Opening;
  readonly onRetry: () => void;
}) => {
  const { spec, opening } = props;
  const title = `${spec.database}-title`;
  return (
    <section className="pane device" id={spec.database} aria-labelledby={title}>
      <header className="pane-head">
        <h2 id={title}>{spec.title}</h2>
        {opening.kind === 'open' ? (
          <span className="muted">
            replica <Replica device={opening.device} />
          </span>
        ) : null}
      </header>
      {opening.kind === 'opening' ? <p role="status">Opening the database …</p> : null}
      {opening.kind === 'failed' ? (
        <FailurePanel title="This device cannot be used now" failure={opening.failure}>
          <button type="button" onClick={props.onRetry}>
            Try again
          </button>
          {mayRescue(opening.failure.code) ? <RescueButton spec={spec} /> : null}
        </FailurePanel>
      ) : null}
      {opening.kind === 'open' ? <OpenDevice device={opening.device} /> : null}
    </section>
  );
};
