/** What an import came to: counts, people and times, and everything that was not taken, with its place. */
import type { ReactNode } from 'react';
import type { Problem, Unrepresented } from '../../src/clinical.ts';
import type { DataSummary, Summary } from '../model/importSummary.ts';

const Figure = (props: { readonly name: string; readonly children: ReactNode }) => (
  <div>
    <dt>{props.name}</dt>
    <dd>{props.children}</dd>
  </div>
);

const PEOPLE_MAX = 6;

const peopleText = (people: readonly string[]): string => {
  if (people.length === 0) return 'not given';
  const more = people.length - PEOPLE_MAX;
  return `${people.slice(0, PEOPLE_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

const DataFigures = ({ data }: { readonly data: DataSummary }) => (
  <dl className="figures">
    <Figure name="Subjects">{data.subjects}</Figure>
    <Figure name="Forms">
      {data.forms}
      {data.emptyForms === 0 ? '' : `, and ${data.emptyForms} without values`}
    </Figure>
    <Figure name="Item values in the file">{data.itemValues}</Figure>
    <Figure name="Recorded">{data.recorded}</Figure>
    <Figure name="Recorded before, skipped">{data.held}</Figure>
    {data.leftAlone === 0 ? null : <Figure name="Different, left alone">{data.leftAlone}</Figure>}
    <Figure name="Audit records used">
      {data.auditsUsed} of {data.audits}
    </Figure>
    <Figure name="Recorded by, in the file">{peopleText(data.people)}</Figure>
    <Figure name="Times in the file">{data.from === undefined ? 'not given' : `${data.from} to ${data.to}`}</Figure>
  </dl>
);

type Line = { readonly key: string; readonly cells: readonly ReactNode[] };

const Listing = (props: {
  readonly title: string;
  readonly headers: readonly string[];
  readonly lines: readonly Line[];
}) =>
  props.lines.length === 0 ? null : (
    <details className="listing">
      <summary>{props.title}</summary>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              {props.headers.map((header) => (
                <th key={header} scope="col">
                  {header}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {props.lines.map(({ key, cells }) => (
              <tr key={key}>
                {cells.map((cell, at) => (
                  <td key={props.headers[at]}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );

const noticeLine = (notice: Unrepresented | Problem): Line => ({
  key: `${notice.path} ${notice.what} ${notice.line}`,
  cells: [
    <>
      <code>{notice.path}</code>
      <br />
      {'code' in notice ? <code>{notice.code}</code> : null} {notice.what}
    </>,
    notice.count,
    notice.line,
  ],
});

const HEADERS = ['Place and what', 'Count', 'First line'];

export const SummaryPanel = (props: { readonly summary: Summary; readonly onDismiss: () => void }) => {
  const { study, data, problems, unrepresented, notes, tookMs } = props.summary;
  const refused = (data?.refused ?? []).map((one): Line => {
    const cells = [<code key="form">{one.form}</code>, <code key="item">{one.item}</code>, one.line, one.why];
    return { key: `${one.form} ${one.item} ${one.line}`, cells };
  });
  return (
    <section className="panel summary" aria-label="Import summary">
      <p className="panel-title">
        <strong>Import done</strong> <span className="muted">in {(tookMs / 1_000).toFixed(1)} s</span>
      </p>
      {study === undefined ? null : (
        <p>
          Study “{study.name}”: {study.recorded} definitions recorded
          {study.held > 0 ? `, ${study.held} recorded before` : ''}.
        </p>
      )}
      {data === undefined ? null : <DataFigures data={data} />}
      {notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
      <Listing title={`Refused: ${refused.length}`} headers={['Form', 'Item', 'Line', 'Why']} lines={refused} />
      <Listing title={`Problems in the file: ${problems.length}`} headers={HEADERS} lines={problems.map(noticeLine)} />
      <Listing
        title={`In the file, without a place in a record: ${unrepresented.length}`}
        headers={HEADERS}
        lines={unrepresented.map(noticeLine)}
      />
      <button type="button" onClick={props.onDismiss}>
        Close summary
      </button>
    </section>
  );
};
