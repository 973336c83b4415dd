/** Checking an exported bundle in the page: nothing is sent anywhere. */
import { type DragEvent, useId, useState } from 'react';
import { type Report, verifyBundle } from '../../src/verify/index.ts';
import { type Failure, failureOf } from '../model/failure.ts';
import { useAnnounce } from './announce.tsx';
import { FailurePanel } from './FailurePanel.tsx';
import { ReportView } from './ReportView.tsx';

const noteOf = ({ manifest, trust }: Report): string => {
  if (manifest === undefined) return 'The file is not a bundle that this version can read.';
  const made = `Made by ${manifest.creator.user} (${manifest.creator.role}) on ${manifest.createdAt.slice(0, 10)}.`;
  return `${made} The keys are those that the file itself names${trust.server === undefined ? '' : ', the server’s too'}.`;
};

const useBundle = () => {
  const [busy, setBusy] = useState('');
  const [checked, setChecked] = useState<{ readonly name: string; readonly report: Report }>();
  const [failure, setFailure] = useState<Failure>();
  const announce = useAnnounce();
  const check = async (file: File) => {
    setBusy(file.name);
    setChecked(undefined);
    setFailure(undefined);
    try {
      const report = await verifyBundle(new Uint8Array(await file.arrayBuffer()));
      setChecked({ name: file.name, report });
      announce(report.ok ? `${file.name}: nothing found.` : `${file.name}: ${report.findings.length} findings.`);
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy('');
    }
  };
  return { busy, checked, failure, check };
};

export const BundleCheck = () => {
  const { busy, checked, failure, check } = useBundle();
  const [over, setOver] = useState(false);
  const id = useId();
  const take = (files: Iterable<File>) => {
    const [file] = [...files];
    if (file !== undefined) void check(file);
  };
  const onDrag = (event: DragEvent) => {
    event.preventDefault();
    setOver(event.type === 'dragover');
    if (event.type === 'drop') take(event.dataTransfer.files);
  };
  return (
    <section className="bundle" aria-label="Check an export">
      <h3>Check an export</h3>
      <section
        className={over ? 'drop over' : 'drop'}
        aria-label="Drop a bundle"
        onDragOver={onDrag}
        onDragLeave={onDrag}
        onDrop={onDrag}
      >
        <p>Drop an exported bundle (.jsonl). It is checked here, in this page.</p>
        <label className="button" htmlFor={id}>
          Choose bundle
        </label>
        <input
          id={id}
          className="file"
          type="file"
          accept=".jsonl"
          onChange={(event) => {
            take(event.target.files ?? []);
            event.target.value = '';
          }}
        />
      </section>
      {busy === '' ? null : <p role="status">Checking {busy} …</p>}
      {checked === undefined ? null : (
        <ReportView title={checked.name} report={checked.report} note={noteOf(checked.report)} />
      )}
      {failure === undefined ? null : <FailurePanel title="Not checked" failure={failure} />}
    </section>
  );
};
