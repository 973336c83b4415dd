/** One device: its person, its sync, its study, its casebook or an opened form. */
import { useEffect, useMemo, useRef, useState } from 'react';
import type { HealthState } from '../../src/index.ts';
import { IndelibleProvider, useIsStale } from '../../src/react/index.ts';
import { type CasebookRow, casebook, casebookWithQueries, fingerprintOf } from '../model/casebook.ts';
import { type Catalog, catalogOf } from '../model/catalog.ts';
import type { Device, DeviceSpec } from '../model/device.ts';
import { mayRescue } from '../model/rescue.ts';
import { studies } from '../model/study.ts';
import { shortId } from '../model/times.ts';
import { Announcements } from './announce.tsx';
import { Casebook } from './Casebook.tsx';
import { CheckPanel } from './CheckPanel.tsx';
import { ConflictsInbox } from './ConflictsInbox.tsx';
import { ErasuresPanel, erasuresId } from './ErasuresPanel.tsx';
import { FailedAttempts } from './FailedAttempts.tsx';
import { FailurePanel } from './FailurePanel.tsx';
import { FormPanel } from './FormPanel.tsx';
import { SetUpForm, UnlockForm } from './GateForms.tsx';
import { HealthPanel } from './HealthPanel.tsx';
import { useObservable } from './hooks.ts';
import { ImportPanel } from './ImportPanel.tsx';
import { LossBanner } from './LossBanner.tsx';
import { QueriesPanel } from './QueriesPanel.tsx';
import { RebuildNote } from './RebuildNote.tsx';
import { RescueButton } from './RescueButton.tsx';
import { SubjectPanel } from './SubjectPanel.tsx';
import { SyncBar } from './SyncBar.tsx';
import { UserBar } from './UserBar.tsx';
import type { DeviceControl } from './useDevice.ts';
import { useErasures } from './useErasures.ts';

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

/** What is open in place of the casebook. */
type Place = { readonly kind: 'form' | 'subject'; readonly id: string };

const OpenDevice = ({ device, control }: { readonly device: Device; readonly control: DeviceControl }) => {
  const [query] = useState(() => casebookWithQueries(device.store));
  const rows = useObservable(query.rows$, query.rows);
  const catalog = useCatalog(device);
  const fingerprint = useFingerprint(rows);
  const erasing = useErasures(device);
  const [place, setPlace] = useState<Place>();
  const openForm = (id: string) => setPlace({ kind: 'form', id });
  const openSubject = (id: string) => setPlace({ kind: 'subject', id });
  const close = () => setPlace(undefined);
  const health = useObservable<HealthState | undefined>(device.store.health$, () => undefined);
  const isBefore = useIsStale(casebook);
  const hasLost = (health?.losses.length ?? 0) > 0;
  return (
    <Announcements>
      {health === undefined ? null : <LossBanner device={device} health={health} />}
      <UserBar device={device} onLock={control.lock} />
      <FailedAttempts device={device} />
      <SyncBar device={device} />
      <RebuildNote />
      <ConflictsInbox
        catalog={catalog}
        erasures={erasing.erasures}
        onOpen={(way) =>
          way.kind === 'erasures' ? document.getElementById(erasuresId(device))?.focus() : setPlace(way)
        }
      />
      <QueriesPanel catalog={catalog} onOpen={openForm} />
      <StudyLine catalog={catalog} />
      <div hidden={place !== undefined}>
        <ImportPanel device={device} isFirst={rows.length === 0 && !hasLost && !isBefore} />
        {rows.length === 0 ? null : (
          <Casebook device={device} rows={rows} catalog={catalog} onOpen={openForm} onSubject={openSubject} />
        )}
      </div>
      {place?.kind === 'form' ? (
        <FormPanel device={device} form={place.id} catalog={catalog} onSubject={openSubject} onClose={close} />
      ) : null}
      {place?.kind === 'subject' ? (
        <SubjectPanel
          key={place.id}
          device={device}
          subject={place.id}
          catalog={catalog}
          onOpen={openForm}
          onClose={close}
        />
      ) : null}
      <ErasuresPanel device={device} {...erasing} />
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

/** Whatever stands in the place of the device while it is not open. */
const Closed = ({ spec, control }: { readonly spec: DeviceSpec; readonly control: DeviceControl }) => {
  const { opening, enter, retry } = control;
  if (opening.kind === 'opening') return <p role="status">Opening the database …</p>;
  if (opening.kind === 'new') return <SetUpForm spec={spec} gate={opening.gate} onEnter={enter} />;
  if (opening.kind === 'locked') {
    const { gate, by, user } = opening;
    return <UnlockForm spec={spec} gate={gate} by={by} expected={user} onEnter={enter} />;
  }
  if (opening.kind === 'open') return null;
  const { failure, entrant } = opening;
  return (
    <FailurePanel title="This device cannot be used now" failure={failure}>
      <button type="button" onClick={retry}>
        Try again
      </button>
      {mayRescue(failure.code) ? <RescueButton spec={spec} keys={entrant?.keys} /> : null}
    </FailurePanel>
  );
};

export const DevicePane = ({ spec, control }: { readonly spec: DeviceSpec; readonly control: DeviceControl }) => {
  const { opening } = control;
  const title = `${spec.database}-title`;
  const heading = useRef<HTMLHeadingElement>(null);
  const device = opening.kind === 'open' ? opening.device : undefined;
  useEffect(() => {
    if (device !== undefined) heading.current?.focus({ preventScroll: true });
  }, [device]);
  const touch = () => device?.presence.touch();
  return (
    <section
      className="pane device"
      id={spec.database}
      aria-labelledby={title}
      onPointerDownCapture={touch}
      onKeyDownCapture={touch}
    >
      <header className="pane-head">
        <h2 id={title} ref={heading} tabIndex={-1}>
          {spec.title}
        </h2>
        {device === undefined ? null : (
          <span className="muted">
            replica <Replica device={device} />
          </span>
        )}
      </header>
      <Closed spec={spec} control={control} />
      {device === undefined ? null : (
        <IndelibleProvider store={device.store}>
          <OpenDevice key={device.keys.unlockedBy.since} device={device} control={control} />
        </IndelibleProvider>
      )}
    </section>
  );
};
