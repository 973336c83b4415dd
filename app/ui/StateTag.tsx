/** The state of an aggregate as a picture with its word, and what keeps it from being relied on. */
import type { AggregateSnapshot } from '../../src/index.ts';
import type { CasebookRow } from '../model/casebook.ts';
import { type IconName, stateWords } from '../model/wording.ts';

/** Strokes on a field of 16 by 16. */
const PATHS: Readonly<Record<IconName, string>> = {
  open: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0 -11',
  draft: 'M3 13l1-3.5l7-7l2.5 2.5l-7 7z',
  entered: 'M3.5 2.5h9v11h-9z M6 6h4 M6 8.5h4 M6 11h2.5',
  done: 'M3 8.5l3.5 3.5l6.5-8',
  signed: 'M2 13.5h12 M3 10.5c3-8 5-9 5-5s-3 5-1 5s3-3 4-3s0 3 2 3',
  held: 'M8 1.5v13 M2.4 4.7l11.2 6.6 M13.6 4.7l-11.2 6.6',
  locked: 'M3.5 7.5h9v6h-9z M5.5 7.5v-2a2.5 2.5 0 0 1 5 0v2',
  due: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0 -11 M8 5v3.2l2.2 1.5',
  ended: 'M6 2.5h-3v11h3 M7 8h6.5 M11 5.5l2.5 2.5l-2.5 2.5',
  missed: 'M4 4l8 8 M12 4l-8 8',
};

const Icon = ({ name }: { readonly name: IconName }) => (
  <svg className="icon-state" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    <path d={PATHS[name]} />
  </svg>
);

export const StateTag = (props: { readonly type: string; readonly value: AggregateSnapshot['value'] }) => {
  const { text, icon } = stateWords(props.type, props.value);
  return (
    <span className={`tag stage ${icon}`}>
      <Icon name={icon} />
      {text}
    </span>
  );
};

export type StandingFacts = Pick<AggregateSnapshot, 'pending' | 'readOnly' | 'damaged' | 'inapplicable'> & {
  /** Number of its conflicts. */
  readonly conflicts: number;
};

/** What is not settled of an aggregate, each with what to do where there is something to do. */
export const Standing = ({ pending, conflicts, readOnly, damaged, inapplicable }: StandingFacts) => (
  <>
    {conflicts > 0 ? <span className="tag conflict">Conflict</span> : null}
    {pending > 0 ? <span className="tag pending">Pending {pending}</span> : null}
    {readOnly ? <span className="tag warn">Read only: update the app</span> : null}
    {damaged ? <span className="tag warn">Read only: entries of it are damaged on this device</span> : null}
    {inapplicable > 0 ? <span className="tag warn">{inapplicable} without effect</span> : null}
  </>
);

/** What waits for somebody in a form's row. */
export const RowStanding = ({ row: { conflicts, queries } }: { readonly row: CasebookRow }) => (
  <>
    {conflicts > 0 ? <span className="tag conflict">Conflict</span> : null}
    {queries === undefined ? null : (
      <span className="tag warn">
        {queries.waiting} {queries.waiting === 1 ? 'query' : 'queries'}
      </span>
    )}
  </>
);
