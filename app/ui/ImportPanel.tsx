/** Importing a study into a device: choose or drop files, watch, cancel, read what came of it. */
import { type DragEvent, type ReactNode, useEffect, useId, useState } from 'react';
import type { Device } from '../model/device.ts';
import { readFiles, readSample } from '../model/files.ts';
import { createImporter, type Importer, type ImportState } from '../model/importer.ts';
import { useAnnounce } from './announce.tsx';
import { ChangesDialog } from './ChangesDialog.tsx';
import { FailurePanel } from './FailurePanel.tsx';
import { useObservable } from './hooks.ts';
import { SummaryPanel } from './SummaryPanel.tsx';

const STEP = { reading: 'Reading metadata', planning: 'Planning the import', recording: 'Recording' } as const;

const Running = (props: {
  readonly state: Extract<ImportState, { kind: 'running' }>;
  readonly onCancel: () => void;
}) => {
  const { step, done, total } = props.state;
  const id = useId();
  const figures =
    step === 'recording' ? `${done} of ${total}` : total === 0 ? '' : `${Math.floor((100 * done) / total)} %`;
  return (
    <div className="panel running">
      <label htmlFor={id}>
        {STEP[step]} <span className="muted">{figures}</span>
      </label>
      <progress id={id} max={Math.max(1, total)} value={total === 0 ? 0 : done} />
      <button type="button" onClick={props.onCancel}>
        Cancel
      </button>
    </div>
  );
};

const HINT = 'Drop CDISC ODM files here: metadata, clinical data, or both.';

const Collapsed = ({ when, children }: { readonly when: boolean; readonly children: ReactNode }) =>
  when ? (
    <details>
      <summary>Import more</summary>
      <p>{HINT}</p>
      {children}
    </details>
  ) : (
    children
  );

const Chooser = ({ importer, isFirst }: { readonly importer: Importer; readonly isFirst: boolean }) => {
  const [over, setOver] = useState(false);
  const id = useId();
  const take = (files: Iterable<File>) => {
    const list = [...files];
    if (list.length > 0) void importer.start(() => readFiles(list));
  };
  const onDrag = (event: DragEvent) => {
    event.preventDefault();
    setOver(event.type === 'dragover');
    if (event.type === 'drop') take(event.dataTransfer.files);
  };
  return (
    <section
      className={over ? 'drop over' : 'drop'}
      aria-label="Import a study"
      onDragOver={onDrag}
      onDragLeave={onDrag}
      onDrop={onDrag}
    >
      {isFirst ? <p>This device holds no study yet. {HINT}</p> : null}
      <Collapsed when={!isFirst}>
        <div className="actions">
          <button
            type="button"
            className={isFirst ? 'primary' : undefined}
            onClick={() => void importer.start(readSample)}
          >
            Load the sample study
          </button>
          <label className="button" htmlFor={id}>
            Choose files
          </label>
          <input
            id={id}
            className="file"
            type="file"
            multiple
            accept=".xml,text/xml,application/xml"
            onChange={(event) => {
              take(event.target.files ?? []);
              event.target.value = '';
            }}
          />
        </div>
      </Collapsed>
    </section>
  );
};

const spoken = (state: ImportState): string | undefined => {
  if (state.kind === 'failed') return `The import ended with ${state.failure.code}.`;
  if (state.kind !== 'done') return undefined;
  const { data, study } = state.summary;
  if (data !== undefined) {
    const held = data.held === 0 ? '' : `, ${data.held} were recorded before`;
    return `Import done: ${data.recorded} values recorded${held}.`;
  }
  return `Import done: ${study?.recorded ?? 0} definitions recorded.`;
};

export const ImportPanel = ({ device, isFirst }: { readonly device: Device; readonly isFirst: boolean }) => {
  const [importer] = useState(() => createImporter(device.store));
  const state = useObservable(importer.state$, importer.state);
  const announce = useAnnounce();
  useEffect(() => {
    const text = spoken(state);
    if (text !== undefined) announce(text, state.kind === 'failed' ? 'bad' : 'good');
  }, [state, announce]);
  const isBusy = state.kind === 'running' || state.kind === 'asking';
  return (
    <>
      {isBusy ? null : <Chooser importer={importer} isFirst={isFirst} />}
      {state.kind === 'running' ? <Running state={state} onCancel={importer.cancel} /> : null}
      {state.kind === 'asking' ? <ChangesDialog asking={state} importer={importer} /> : null}
      {state.kind === 'done' ? <SummaryPanel summary={state.summary} onDismiss={importer.dismiss} /> : null}
      {state.kind === 'failed' ? (
        <FailurePanel title="The import ended" failure={state.failure}>
          <button type="button" onClick={importer.dismiss}>
            Dismiss
          </button>
        </FailurePanel>
      ) : null}
    </>
  );
};
