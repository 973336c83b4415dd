/** One form of one subject, live: its items by group, its lock, its conflicts. */
import { useEffect, useRef, useState } from 'react';
import { type FormContext, parseFormId } from '../../src/clinical.ts';
import type { AggregateSnapshot } from '../../src/index.ts';
import { useStore, useView } from '../../src/react/index.ts';
import type { Trail } from '../model/branches.ts';
import type { Catalog } from '../model/catalog.ts';
import { fieldConflict, isFormWide } from '../model/conflicts.ts';
import type { Device } from '../model/device.ts';
import { type Field, payloadText, sectionsOf } from '../model/fields.ts';
import { Form, whoDecidesForm } from '../model/form.ts';
import { formNames } from '../model/formNames.ts';
import { forRoles } from '../model/outcome.ts';
import { queries, WAITING } from '../model/queryView.ts';
import { EditDialog } from './EditDialog.tsx';
import { FailurePanel } from './FailurePanel.tsx';
import { type FieldAct, FieldTable } from './FieldTable.tsx';
import { FormConflictDialog, fieldFinder } from './FormConflictDialog.tsx';
import { HistoryDialog } from './HistoryDialog.tsx';
import { useObservable } from './hooks.ts';
import { PrintButton, PrintedNote, usePrinting } from './printing.tsx';
import { QueriesDialog } from './QueriesDialog.tsx';
import { ResolveDialog } from './ResolveDialog.tsx';
import { SignaturePanel } from './SignaturePanel.tsx';
import { StageBar } from './StageBar.tsx';
import { Standing, StateTag } from './StateTag.tsx';
import { SubjectName } from './SubjectName.tsx';
import { TrailDialog } from './TrailDialog.tsx';
import { useTrail } from './useTrail.ts';

type Acting = { readonly act: FieldAct | 'resolve-form' | 'trail'; readonly field: Field | undefined };

type Props = {
  readonly device: Device;
  readonly form: string;
  readonly catalog: Catalog;
  readonly onSubject: (subject: string) => void;
  readonly onClose: () => void;
};

const Title = (
  props: Props & {
    readonly snapshot: AggregateSnapshot<FormContext>;
    /** Number of queries that wait about the form as a whole. */
    readonly asked: number;
    readonly onPrint: () => void;
    readonly onQuery: () => void;
  },
) => {
  const { name, place, subject } = formNames(props.form, props.catalog);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <header className="form-head">
      <button type="button" className="link" onClick={props.onClose}>
        ← Casebook
      </button>
      <h3 ref={heading} tabIndex={-1}>
        {name}
      </h3>
      {place === '' ? null : <p className="muted">{place}</p>}
      {subject === '' ? null : <SubjectName key={subject} device={props.device} subject={subject} />}
      <p className="tags">
        <StateTag type={Form.type} value={props.snapshot.value} />
        <Standing {...props.snapshot} conflicts={props.snapshot.conflicts.length} />
        <PrintButton onPrint={props.onPrint} />
      </p>
      <StageBar form={props.form} />
      <p className="form-links">
        <button type="button" className="link" onClick={props.onQuery}>
          Queries about the form{props.asked === 0 ? '' : `: ${props.asked} waiting`}
        </button>
        {subject === '' ? null : (
          <button type="button" className="link" onClick={() => props.onSubject(subject)}>
            All of subject {subject}
          </button>
        )}
      </p>
    </header>
  );
};

const ConflictBanner = (props: {
  readonly snapshot: AggregateSnapshot<FormContext>;
  readonly onResolveForm: () => void;
}) => {
  const { conflicts } = props.snapshot;
  const { role } = useStore().actor();
  if (conflicts.length === 0) return null;
  const isWide = isFormWide(props.snapshot);
  const deciders = whoDecidesForm(role);
  return (
    <div className="panel conflict-banner" role="alert">
      <p>
        <strong>{isWide ? 'This form is in conflict.' : `${conflicts.length} in conflict.`}</strong> Two devices
        recorded here without having seen each other. Both entries are kept; a person decides.
      </p>
      {isWide && deciders.length > 0 ? (
        <p>The form as a whole is decided in another role: this is {forRoles(deciders)}.</p>
      ) : null}
      {isWide && deciders.length === 0 ? (
        <button type="button" className="primary" onClick={props.onResolveForm}>
          Resolve the form
        </button>
      ) : null}
    </div>
  );
};

const Dialogs = (
  props: Props & {
    readonly acting: Acting;
    readonly snapshot: AggregateSnapshot<FormContext>;
    readonly trail: Trail | undefined;
    readonly fieldOf: (key: string) => Field;
    readonly onDone: () => void;
    /** `field`: the one that was decided; undefined for the form as a whole. */
    readonly onResolved: (field: Field | undefined) => void;
  },
) => {
  const { acting, snapshot, trail, fieldOf, onDone, onResolved, device, form, catalog } = props;
  const common = { device, form, snapshot, onClose: onDone };
  const { field } = acting;
  const conflict = field === undefined ? undefined : fieldConflict(snapshot, field.key);
  if (acting.act === 'resolve-form' || (acting.act === 'resolve' && isFormWide(snapshot))) {
    if (snapshot.conflicts.length === 0 || trail === undefined) return null;
    return <FormConflictDialog {...common} trail={trail} fieldOf={fieldOf} onResolved={() => onResolved(undefined)} />;
  }
  if (acting.act === 'trail') {
    const tell = (payload: Readonly<Record<string, unknown>>): string => payloadText(payload, catalog);
    return <TrailDialog of={Form} id={form} title="History of the form" tell={tell} onClose={onDone} />;
  }
  if (acting.act === 'query') return <QueriesDialog form={form} field={field} onClose={onDone} />;
  if (field === undefined) return null;
  if (acting.act === 'edit') return <EditDialog {...common} field={field} />;
  if (acting.act === 'history')
    return <HistoryDialog {...common} field={field} catalog={catalog} version={snapshot.version} />;
  if (conflict === undefined) return null;
  return <ResolveDialog {...common} field={field} conflict={conflict} onResolved={() => onResolved(field)} />;
};

const OpenForm = (props: Props) => {
  const [handle] = useState(() => props.device.store.aggregate(Form, props.form));
  const snapshot = useObservable(handle.state$, handle.state);
  const { trail, failure } = useTrail(props.device, props.form, snapshot.version, isFormWide(snapshot));
  const [acting, setActing] = useState<Acting>();
  const key = parseFormId(props.form);
  const sections = sectionsOf(props.catalog, key?.formOid ?? '', snapshot.context.items);
  const fields = sections.flatMap((section) => section.fields);
  const fieldOf = fieldFinder(fields, (item) => props.catalog.find('item', item)?.question ?? item);
  const { name, place } = formNames(props.form, props.catalog);
  const waiting = useView(queries, { where: { form: props.form, state: { in: WAITING } } });
  const asked = waiting.map(({ item }) => item);
  const { role } = props.device.store.actor();
  const mayResolve = !isFormWide(snapshot) || whoDecidesForm(role).length === 0;
  const { isPrinting, print } = usePrinting();
  return (
    <section className={isPrinting ? 'form-panel printing' : 'form-panel'} aria-label="Form">
      <PrintedNote device={props.device} catalog={props.catalog} version={snapshot.version} />
      <Title
        {...props}
        snapshot={snapshot}
        asked={asked.filter((key) => key === '').length}
        onPrint={print}
        onQuery={() => setActing({ act: 'query', field: undefined })}
      />
      <ConflictBanner snapshot={snapshot} onResolveForm={() => setActing({ act: 'resolve-form', field: undefined })} />
      {failure === undefined ? null : <FailurePanel title="The history cannot be read" failure={failure} />}
      {sections.map((section) => (
        <FieldTable
          key={section.key}
          section={section}
          snapshot={snapshot}
          trail={trail ?? []}
          asked={asked}
          mayResolve={mayResolve}
          onAct={(act, field) => setActing({ act, field })}
        />
      ))}
      <SignaturePanel
        device={props.device}
        form={props.form}
        title={`${name}, ${place}`}
        snapshot={snapshot}
        fieldOf={fieldOf}
      />
      {acting === undefined ? null : (
        <Dialogs
          {...props}
          acting={acting}
          snapshot={snapshot}
          trail={trail}
          fieldOf={fieldOf}
          onDone={() => setActing(undefined)}
          onResolved={(field) => setActing({ act: field === undefined ? 'trail' : 'history', field })}
        />
      )}
    </section>
  );
};

export const FormPanel = (props: Props) => <OpenForm key={props.form} {...props} />;
