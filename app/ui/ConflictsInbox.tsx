/**
 * All that is in conflict on this device, what waits longest first: what it is, who recorded what, and the way to where it is decided. A
 * record without a page of its own shows here what its sides say differently, and what can be done.
 */
import { useMemo } from 'react';
import { ERASURE_GROUNDS, type ErasureShown } from '../../src/clinical.ts';
import type { Conflict, ConflictedAggregate } from '../../src/index.ts';
import { useConflicts, useView } from '../../src/react/index.ts';
import type { Catalog } from '../model/catalog.ts';
import { differencesOf, spoken } from '../model/differences.ts';
import { GROUND_TEXT, targetText } from '../model/erasing.ts';
import { Form } from '../model/form.ts';
import { type InboxLine, inboxLine, type Way } from '../model/inbox.ts';
import { queries } from '../model/queryView.ts';
import { HeadInfo } from './HeadInfo.tsx';

type Props = {
  readonly catalog: Catalog;
  readonly erasures: readonly ErasureShown[];
  readonly onOpen: (way: Way) => void;
};

const waitingSince = ({ conflicts }: ConflictedAggregate): string =>
  conflicts.flatMap(({ heads }) => heads.map(({ context }) => context.recordedAt.utc)).sort()[0] ?? '';

type Waiting = { readonly each: ConflictedAggregate; readonly line: InboxLine };

/** What waits for a person. */
const useWaiting = ({ catalog, erasures }: Props): readonly Waiting[] => {
  const all = useConflicts();
  const asked = useView(queries, { where: { conflicts: { gt: 0 } } });
  return useMemo(() => {
    const names = {
      catalog,
      formOfQuery: (id: string) => asked.find((row) => row.id === id)?.form,
      erasureText: (id: string) => targetText({ target: erasures.find((erasure) => erasure.id === id)?.target }),
    };
    const lines = all.flatMap((each) => {
      const line = inboxLine(each, names);
      return line === undefined ? [] : [{ each, line }];
    });
    return lines.sort((a, b) => (waitingSince(a.each) < waitingSince(b.each) ? -1 : 1));
  }, [all, asked, catalog, erasures]);
};

/** Compared in the line; of a record with more in conflict than that, how much more there is. */
const COMPARED_MAX = 10;

/** A ground of refusal in words; all else as it was recorded. */
const memberText = ([name, text]: readonly [string, string]): string => {
  const ground = name === 'ground' ? ERASURE_GROUNDS.find((each) => each === text) : undefined;
  return `${name}: ${ground === undefined ? text : GROUND_TEXT[ground]}`;
};

const Sides = ({ conflict }: { readonly conflict: Conflict }) => {
  const differences = differencesOf(conflict.heads);
  return (
    <ul className="sides">
      {conflict.heads.map((head) => (
        <li key={head.body.id}>
          <strong>{spoken(head.body.type)}</strong> {(differences.get(head.body.id) ?? []).map(memberText).join('; ')}
          <HeadInfo head={head} />
        </li>
      ))}
    </ul>
  );
};

const Line = ({ line, onOpen }: { readonly line: InboxLine } & Pick<Props, 'onOpen'>) => {
  const { where, told, way, toDo = '', compared } = line;
  const more = compared.length - COMPARED_MAX;
  return (
    <li>
      {way === undefined ? (
        <strong>{where}</strong>
      ) : (
        <button type="button" className="link" onClick={() => onOpen(way)}>
          {where}
        </button>
      )}
      <span className="head-info">{told}</span>
      {toDo === '' ? null : <span className="head-info">{toDo}</span>}
      {compared.length === 0 ? null : (
        <details>
          <summary>What differs</summary>
          {compared.slice(0, COMPARED_MAX).map((conflict) => (
            <Sides key={conflict.key} conflict={conflict} />
          ))}
          {more > 0 ? <p className="muted">and {more} more</p> : null}
        </details>
      )}
    </li>
  );
};

const count = (n: number, one: string, many: string): string => (n === 0 ? '' : `${n} ${n === 1 ? one : many}`);

export const ConflictsInbox = (props: Props) => {
  const waiting = useWaiting(props);
  if (waiting.length === 0) return null;
  const forms = waiting.filter(({ each }) => each.type === Form.type).length;
  const others = waiting.length - forms;
  return (
    <section className="panel conflict-banner inbox" aria-label="Conflicts" role="alert">
      <p>
        <strong>
          {count(forms, 'form is in conflict.', 'forms are in conflict.')}{' '}
          {count(others, 'other record is in conflict.', 'other records are in conflict.')}
        </strong>{' '}
        Both sides are kept. Open it to see them and to decide.
      </p>
      <ul className="heads">
        {waiting.map(({ each, line }) => (
          <Line key={each.stream} line={line} onOpen={props.onOpen} />
        ))}
      </ul>
    </section>
  );
};
