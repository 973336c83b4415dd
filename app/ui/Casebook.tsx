/** The casebook of a device: one row per form, live, filtered, page by page. */
import { useDeferredValue, useId, useMemo, useState } from 'react';
import type { SignatureManifest } from '../../src/clinical.ts';
import type { CasebookRow } from '../model/casebook.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Device } from '../model/device.ts';
import { Form } from '../model/form.ts';
import { withRepeat } from '../model/formNames.ts';
import { markOf, STATE_TEXT, streamOfForm } from '../model/signing.ts';
import { RowStanding, StateTag } from './StateTag.tsx';
import { useSignatures } from './useSignatures.ts';

const PAGE_ROWS = 20;

const SHOWS = {
  all: 'all forms',
  conflicts: 'conflicts only',
  pending: 'pending only',
  queries: 'queries only',
} as const;
type Show = keyof typeof SHOWS;
const isShow = (text: string): text is Show => Object.hasOwn(SHOWS, text);

const isIn: Readonly<Record<Show, (row: CasebookRow) => boolean>> = {
  all: () => true,
  conflicts: ({ conflicts }) => conflicts > 0,
  pending: ({ pending }) => pending > 0,
  queries: ({ queries }) => queries !== undefined,
};

const compare = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

const sorted = (rows: readonly CasebookRow[], catalog: Catalog): readonly CasebookRow[] =>
  [...rows].sort(
    (a, b) =>
      compare(a.subject, b.subject) ||
      catalog.orderOf('visit', a.visit) - catalog.orderOf('visit', b.visit) ||
      compare(a.visitRepeat, b.visitRepeat) ||
      catalog.orderOf('form', a.form) - catalog.orderOf('form', b.form) ||
      compare(a.form, b.form) ||
      compare(a.formRepeat, b.formRepeat),
  );

const isShown = (row: CasebookRow, show: Show, subject: string): boolean =>
  isIn[show](row) && row.subject.toLowerCase().includes(subject.trim().toLowerCase());

/** `isStage`: the stage says already that the form is signed. */
const SignatureMark = (props: { readonly manifests: readonly SignatureManifest[]; readonly isStage: boolean }) => {
  const mark = markOf(props.manifests);
  if (mark === undefined || (mark === 'intact' && props.isStage)) return null;
  return (
    <span className={`tag ${mark}`}>
      {mark === 'intact' ? 'Signed' : `Signature: ${STATE_TEXT[mark].toLowerCase()}`}
    </span>
  );
};

const Marks = (props: { readonly row: CasebookRow; readonly manifests: readonly SignatureManifest[] }) => {
  const { row, manifests } = props;
  return (
    <>
      <StateTag type={Form.type} value={row.state} />
      <SignatureMark manifests={manifests} isStage={row.state === 'signed'} />
      <RowStanding row={row} />
      {row.pending > 0 ? <span className="tag pending">Pending {row.pending}</span> : null}
    </>
  );
};

const Lines = (props: {
  readonly device: Device;
  readonly rows: readonly CasebookRow[];
  readonly catalog: Catalog;
  readonly onOpen: (id: string) => void;
  readonly onSubject: (subject: string) => void;
}) => {
  // of the forms in sight alone: each signature is verified whenever its form changes
  const { manifests = [] } = useSignatures(props.device, props.rows.map(({ id }) => id).join('\n'));
  return (
    <tbody>
      {props.rows.map((row) => (
        <tr key={row.id} className="clickable" onClick={() => props.onOpen(row.id)}>
          <td>
            <button
              type="button"
              className="link"
              onClick={(event) => {
                event.stopPropagation();
                props.onSubject(row.subject);
              }}
            >
              {row.subject}
            </button>
          </td>
          <td>{withRepeat(props.catalog.nameOf('visit', row.visit), row.visitRepeat)}</td>
          <th scope="row">
            <button
              type="button"
              className="link"
              data-form={row.id}
              onClick={(event) => {
                event.stopPropagation();
                props.onOpen(row.id);
              }}
            >
              {withRepeat(props.catalog.nameOf('form', row.form), row.formRepeat)}
            </button>
          </th>
          <td className="number">{row.values}</td>
          <td>
            <Marks
              row={row}
              manifests={manifests.filter(({ streams }) => streams.some((each) => each === streamOfForm(row.id)))}
            />
          </td>
        </tr>
      ))}
    </tbody>
  );
};

const Filters = (props: {
  readonly subject: string;
  readonly onSubject: (subject: string) => void;
  readonly show: Show;
  readonly onShow: (show: Show) => void;
}) => {
  const id = useId();
  return (
    <div className="filters">
      <label htmlFor={`${id}-subject`}>Subject</label>
      <input
        id={`${id}-subject`}
        type="search"
        value={props.subject}
        autoComplete="off"
        onChange={(event) => props.onSubject(event.target.value)}
      />
      <label htmlFor={`${id}-show`}>Show</label>
      <select
        id={`${id}-show`}
        value={props.show}
        onChange={({ target: { value } }) => props.onShow(isShow(value) ? value : 'all')}
      >
        {Object.entries(SHOWS).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
};

const Pager = (props: { readonly page: number; readonly pages: number; readonly onPage: (page: number) => void }) =>
  props.pages < 2 ? null : (
    <nav className="pager" aria-label="Pages of the casebook">
      <button type="button" disabled={props.page === 0} onClick={() => props.onPage(props.page - 1)}>
        Previous
      </button>
      <span>
        Page {props.page + 1} of {props.pages}
      </span>
      <button type="button" disabled={props.page + 1 >= props.pages} onClick={() => props.onPage(props.page + 1)}>
        Next
      </button>
    </nav>
  );

export const Casebook = (props: {
  readonly device: Device;
  readonly rows: readonly CasebookRow[];
  readonly catalog: Catalog;
  readonly onOpen: (id: string) => void;
  readonly onSubject: (subject: string) => void;
}) => {
  const [subject, setSubject] = useState('');
  const [show, setShow] = useState<Show>('all');
  const [wantedPage, setPage] = useState(0);
  const rows = useDeferredValue(props.rows);
  const ordered = useMemo(() => sorted(rows, props.catalog), [rows, props.catalog]);
  const found = ordered.filter((row) => isShown(row, show, subject));
  const pages = Math.max(1, Math.ceil(found.length / PAGE_ROWS));
  const page = Math.min(wantedPage, pages - 1);
  const values = rows.reduce((total, row) => total + row.values, 0);
  return (
    <section className="casebook" aria-label="Casebook">
      <h3>
        Casebook <span className="muted">{`${rows.length} forms, ${values} values`}</span>
      </h3>
      <Filters
        subject={subject}
        show={show}
        onSubject={(next) => {
          setSubject(next);
          setPage(0);
        }}
        onShow={(next) => {
          setShow(next);
          setPage(0);
        }}
      />
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Subject</th>
              <th scope="col">Visit</th>
              <th scope="col">Form</th>
              <th scope="col" className="number">
                Values
              </th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <Lines
            device={props.device}
            rows={found.slice(page * PAGE_ROWS, (page + 1) * PAGE_ROWS)}
            catalog={props.catalog}
            onOpen={props.onOpen}
            onSubject={props.onSubject}
          />
        </table>
      </div>
      {found.length === 0 ? <p className="muted">No form matches.</p> : null}
      <Pager page={page} pages={pages} onPage={setPage} />
    </section>
  );
};
