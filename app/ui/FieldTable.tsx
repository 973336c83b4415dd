/** One section of a form: a line per field, with its value or its conflict, and what can be done. */
import type { FormContext } from '../../src/clinical.ts';
import type { AggregateSnapshot, Conflict } from '../../src/index.ts';
import { type Trail, valueOnSide } from '../model/branches.ts';
import { fieldConflict, headValue } from '../model/conflicts.ts';
import type { Field, Section } from '../model/fields.ts';
import { HeadInfo, headAct } from './HeadInfo.tsx';
import { Value } from './Value.tsx';

export type FieldAct = 'edit' | 'history' | 'resolve' | 'query';
type OnAct = (act: FieldAct, field: Field) => void;

const Sides = ({
  field,
  conflict,
  trail,
}: {
  readonly field: Field;
  readonly conflict: Conflict;
  readonly trail: Trail;
}) => (
  <ul className="sides" aria-label={`Values in conflict for ${field.question}`}>
    {conflict.heads.map((head) => (
      <li key={head.body.id}>
        {head.body.type === 'ItemRecorded' ? (
          <Value field={field} value={headValue(head)} />
        ) : (
          <>
            <em>{headAct(head)}</em>, with <Value field={field} value={valueOnSide(trail, head, field.key)} />
          </>
        )}
        <HeadInfo head={head} />
      </li>
    ))}
  </ul>
);

type LineProps = {
  readonly field: Field;
  readonly snapshot: AggregateSnapshot<FormContext>;
  readonly trail: Trail;
  /** Number of queries about it that wait. */
  readonly asked: number;
  /** False where a conflict is decided in another role. */
  readonly mayResolve: boolean;
  readonly onAct: OnAct;
};

const Acts = ({ field, snapshot, asked, mayResolve, onAct }: Omit<LineProps, 'trail'>) => {
  const isContested = fieldConflict(snapshot, field.key) !== undefined;
  const isEntered = field.key in snapshot.context.items;
  return (
    <>
      {isContested ? null : (
        <button type="button" aria-label={`Edit ${field.question}`} onClick={() => onAct('edit', field)}>
          Edit
        </button>
      )}
      {isContested && mayResolve ? (
        <button
          type="button"
          className="primary"
          aria-label={`Resolve ${field.question}`}
          onClick={() => onAct('resolve', field)}
        >
          Resolve
        </button>
      ) : null}
      {isEntered || isContested ? (
        <button type="button" aria-label={`History of ${field.question}`} onClick={() => onAct('history', field)}>
          History
        </button>
      ) : null}
      <button
        type="button"
        className={asked > 0 ? 'asked' : undefined}
        aria-label={`Queries about ${field.question}${asked === 0 ? '' : `: ${asked} waiting`}`}
        onClick={() => onAct('query', field)}
      >
        Query{asked === 0 ? '' : ` ${asked}`}
      </button>
    </>
  );
};

/** Sides of a conflict take the whole width, with what can be done below them. */
const Line = ({ trail, ...props }: LineProps) => {
  const { field, snapshot } = props;
  const conflict = fieldConflict(snapshot, field.key);
  return conflict === undefined ? (
    <tr>
      <th scope="row">{field.question}</th>
      <td>
        <Value field={field} value={snapshot.context.items[field.key]} />
      </td>
      <td className="acts">
        <Acts {...props} />
      </td>
    </tr>
  ) : (
    <tr className="in-conflict">
      <th scope="row">{field.question}</th>
      <td colSpan={2}>
        <Sides field={field} conflict={conflict} trail={trail} />
        <div className="acts">
          <Acts {...props} />
        </div>
      </td>
    </tr>
  );
};

export const FieldTable = (props: {
  readonly section: Section;
  readonly snapshot: AggregateSnapshot<FormContext>;
  readonly trail: Trail;
  /** Queries about the form that wait: the key of the item of each. */
  readonly asked: readonly string[];
  readonly mayResolve: boolean;
  readonly onAct: OnAct;
}) => (
  <table className="fields">
    <caption>{props.section.title}</caption>
    <thead>
      <tr>
        <th scope="col">Item</th>
        <th scope="col">Value</th>
        <th scope="col">
          <span className="only-heard">Actions</span>
        </th>
      </tr>
    </thead>
    <tbody>
      {props.section.fields.map((field) => (
        <Line
          key={field.key}
          field={field}
          snapshot={props.snapshot}
          trail={props.trail}
          asked={props.asked.filter((key) => key === field.key).length}
          mayResolve={props.mayResolve}
          onAct={props.onAct}
        />
      ))}
    </tbody>
  </table>
);
