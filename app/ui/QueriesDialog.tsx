/** The queries about a form or one of its items: every thread, and a new one. */
import { Query } from '../../src/clinical.ts';
import { useView } from '../../src/react/index.ts';
import { askAct } from '../model/acts.ts';
import type { Field } from '../model/fields.ts';
import { queries } from '../model/queryView.ts';
import { ActBar } from './ActBar.tsx';
import { Dialog } from './Dialog.tsx';
import { QueryThread } from './QueryThread.tsx';
import { useFresh } from './useAct.ts';

/** The next question is another query. */
const Ask = (props: { readonly form: string; readonly item: string | null; readonly about: string }) => {
  const acting = useFresh(Query, () => crypto.randomUUID());
  return <ActBar acting={acting} acts={[askAct(props.form, props.item)]} about={props.about} />;
};

export const QueriesDialog = (props: {
  readonly form: string;
  /** Undefined: the form as a whole. */
  readonly field: Field | undefined;
  readonly onClose: () => void;
}) => {
  const { form, field, onClose } = props;
  const about = field?.question ?? 'the form';
  const rows = useView(queries, { where: { form, item: field?.key ?? '' }, orderBy: ['state', 'id'] });
  return (
    <Dialog title={`Queries about ${field === undefined ? about : `“${about}”`}`} onClose={onClose} wide>
      {rows.length === 0 ? <p className="muted">Nobody has asked yet.</p> : null}
      {rows.map(({ id }, at) => (
        <QueryThread key={id} id={id} title={`query ${at + 1} about ${about}`} />
      ))}
      <Ask form={form} item={field?.key ?? null} about={about} />
      <div className="actions">
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
};
