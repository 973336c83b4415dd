/** Every query that waits for somebody, live: those without an answer first, and the way to the form. */

import { Query } from '../../src/clinical.ts';
import { useView } from '../../src/react/index.ts';
import type { Catalog } from '../model/catalog.ts';
import { placeOfKey } from '../model/fields.ts';
import { formNames } from '../model/formNames.ts';
import { queries, WAITING } from '../model/queryView.ts';
import { Standing, StateTag } from './StateTag.tsx';

const SHOWN_MAX = 20;

export const QueriesPanel = (props: { readonly catalog: Catalog; readonly onOpen: (form: string) => void }) => {
  const { catalog, onOpen } = props;
  const waiting = useView(queries, {
    where: { state: { in: WAITING } },
    orderBy: [['state', 'descending'], 'form', 'id'],
  });
  if (waiting.length === 0) return null;
  const unanswered = waiting.filter(({ state }) => state === 'opened').length;
  return (
    <details className="panel queries">
      <summary>
        {waiting.length} {waiting.length === 1 ? 'query waits' : 'queries wait'}: {unanswered} for an answer,{' '}
        {waiting.length - unanswered} to be closed
      </summary>
      <ul className="heads" aria-label="Queries that wait">
        {waiting.slice(0, SHOWN_MAX).map(({ id, form, item, state, text, conflicts, pending }) => {
          const { name, place } = formNames(form, catalog);
          const oid = placeOfKey(item).item;
          const about = item === '' ? 'the form' : (catalog.find('item', oid)?.question ?? oid);
          return (
            <li key={id}>
              <button type="button" className="link" onClick={() => onOpen(form)}>
                {place === '' ? name : `${place}, ${name}`}: {about}
              </button>{' '}
              <StateTag type={Query.type} value={state} />
              <Standing {...{ conflicts, pending }} readOnly={false} damaged={false} inapplicable={0} />
              <span className="head-info">{text}</span>
            </li>
          );
        })}
      </ul>
      {waiting.length > SHOWN_MAX ? <p className="muted">and {waiting.length - SHOWN_MAX} more</p> : null}
    </details>
  );
};
