/** What is there of a subject at a glance: visits by forms, each with its stage, conflicts and waiting queries. */
import { useMemo } from 'react';
import { Visit } from '../../src/clinical.ts';
import { useRows, useStore, useView } from '../../src/react/index.ts';
import { type CasebookRow, casebookWithQueries } from '../model/casebook.ts';
import type { Catalog } from '../model/catalog.ts';
import { Form } from '../model/form.ts';
import { withRepeat } from '../model/formNames.ts';
import { type MatrixVisit, matrixOf, newFormId } from '../model/matrix.ts';
import { visits } from '../model/subjectViews.ts';
import { RowStanding, StateTag } from './StateTag.tsx';

type OnOpen = (form: string) => void;

const CELL_MAX = 3;

const Cell = (props: {
  readonly rows: readonly CasebookRow[];
  readonly name: string;
  readonly onOpen: OnOpen;
  readonly enter: string;
}) => {
  const { rows, name, onOpen, enter } = props;
  if (rows.length === 0)
    return (
      <button type="button" className="link muted" aria-label={`Enter ${name}`} onClick={() => onOpen(enter)}>
        Enter
      </button>
    );
  // what waits for somebody is never among those that are only counted
  const asks = ({ conflicts, queries }: CasebookRow) => conflicts > 0 || queries !== undefined;
  const shown = [...rows].sort((a, b) => Number(asks(b)) - Number(asks(a))).slice(0, CELL_MAX);
  return (
    <ul>
      {shown.map((row) => (
        <li key={row.id}>
          <button
            type="button"
            className="link"
            data-cell={row.id}
            aria-label={`Open ${withRepeat(name, row.formRepeat)}`}
            onClick={() => onOpen(row.id)}
          >
            <StateTag type={Form.type} value={row.state} />
          </button>
          {row.formRepeat === '' ? null : <span className="muted">{row.formRepeat}</span>}
          <RowStanding row={row} />
        </li>
      ))}
      {rows.length > CELL_MAX ? <li className="muted">and {rows.length - CELL_MAX} more in the casebook</li> : null}
    </ul>
  );
};

const Line = (props: {
  readonly subject: string;
  readonly visit: MatrixVisit;
  readonly state: string;
  readonly forms: readonly string[];
  readonly catalog: Catalog;
  readonly onOpen: OnOpen;
}) => {
  const { subject, visit, state, forms, catalog, onOpen } = props;
  const name = withRepeat(catalog.nameOf('visit', visit.visit), visit.repeat);
  return (
    <tr>
      <th scope="row">
        {name}
        <br />
        <StateTag type={Visit.type} value={state} />
      </th>
      {forms.map((form, at) => (
        <td key={form}>
          <Cell
            rows={visit.cells[at] ?? []}
            name={`${catalog.nameOf('form', form)} at ${name}`}
            onOpen={onOpen}
            enter={newFormId(subject, visit, form)}
          />
        </td>
      ))}
    </tr>
  );
};

export const SubjectMatrix = (props: {
  readonly subject: string;
  readonly catalog: Catalog;
  readonly onOpen: OnOpen;
}) => {
  const { subject, catalog, onOpen } = props;
  const store = useStore();
  const rows = useRows(useMemo(() => casebookWithQueries(store).where({ subject }), [store, subject]));
  const planned = useView(visits, { where: { subject } });
  const matrix = useMemo(() => matrixOf(subject, rows, catalog), [subject, rows, catalog]);
  if (matrix.forms.length === 0 || matrix.visits.length === 0)
    return <p className="muted">No study is on this device yet: import one to see its visits and forms.</p>;
  return (
    <div className="scroll">
      <table className="matrix">
        <caption>Visits and forms</caption>
        <thead>
          <tr>
            <th scope="col">Visit</th>
            {matrix.forms.map((form) => (
              <th key={form} scope="col">
                {catalog.nameOf('form', form)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {matrix.visits.map((visit) => (
            <Line
              key={visit.id}
              {...{ subject, visit, catalog, onOpen }}
              forms={matrix.forms}
              state={planned.find(({ id }) => id === visit.id)?.state ?? 'unplanned'}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
};
