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

const Line = (props: {
  readonly field: Field;
  readonly snapshot: AggregateSnapshot<FormContext>;
  readonly trail: Trail;
  /** Number of queries about it that wait. */
  readonly asked: number;
  readonly onAct: OnAct;
}) => {
  const { field, snapshot, trail, asked, onAct } = props;
  const conflict = fieldConflict(snapshot, field.key);
  const isEntered = field.key in snapshot.context.items;
  return (
    <tr className={conflict === undefined ? undefined : 'in-conflict'}>
      <th scope="row">{field.question}</th>
      <td>
        {conflict === undefined ? (
          <Value field={field} value={snapshot.context.items[field.key]} />
        ) : (
          <Sides field={field} conflict={conflict} trail={trail} />
        )}
      </td>
      <td className="acts">
        {conflict === undefined ? (
          <button type="button" aria-label={`Edit ${field.question}`} onClick={() => onAct('edit', field)}>
            Edit
          </button>
        ) : (
          <button
            type="button"
            className="primary"
            aria-label={`Resolve ${field.question}`}
            onClick={() => onAct('resolve', field)}
          >
            Resolve
          </button>
        )}
        {isEntered || conflict !== undefined ? (
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
          onAct={props.onAct}
        />
      ))}
    </tbody>
  </table>
);
