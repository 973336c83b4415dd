/** One query: what was asked and answered, by whom and when, how it stands, and what leads on. */
import { useState } from 'react';
import { Query } from '../../src/clinical.ts';
import { useAggregate, useStore } from '../../src/react/index.ts';
import { QUERY_ACTS } from '../model/acts.ts';
import { recordedText } from '../model/times.ts';
import { eventText } from '../model/wording.ts';
import { ActBar } from './ActBar.tsx';
import { Contest } from './Contest.tsx';
import { FailurePanel } from './FailurePanel.tsx';
import { Standing, StateTag } from './StateTag.tsx';
import { TrailDialog } from './TrailDialog.tsx';
import { actingOn } from './useAct.ts';
import { useHistory } from './useTrail.ts';

export const QueryThread = ({ id, title }: { readonly id: string; readonly title: string }) => {
  const [snapshot, handle] = useAggregate(Query, id);
  const { trail = [], failure } = useHistory(handle, snapshot.version);
  const [isReading, setReading] = useState(false);
  const acting = actingOn(Query, snapshot, handle, useStore().actor());
  return (
    <article className="thread" aria-label={title}>
      <p className="tags" aria-live="polite">
        <StateTag type={Query.type} value={snapshot.value} />
        <Standing {...snapshot} conflicts={snapshot.conflicts.length} />
      </p>
      {failure === undefined ? null : <FailurePanel title="The query cannot be read" failure={failure} />}
      <ol>
        {trail.map(({ eventId, type, payload, actor, recordedAt, reason, applied }) => (
          <li key={eventId} className={applied ? undefined : 'without-effect'}>
            <span className="muted">
              {eventText(Query.type, type)} by {actor.user}, {actor.role}, {recordedText(recordedAt)}
              {applied ? '' : ', without effect'}
            </span>
            {typeof payload['text'] === 'string' ? <p>{payload['text']}</p> : null}
            {reason === undefined ? null : <p className="muted">Reason: {reason}</p>}
          </li>
        ))}
      </ol>
      <Contest type={Query.type} conflicts={snapshot.conflicts} />
      <div className="stage-bar">
        <ActBar acting={acting} acts={QUERY_ACTS} about={title} />
        <button type="button" className="link" aria-label={`History: ${title}`} onClick={() => setReading(true)}>
          History
        </button>
      </div>
      {isReading ? (
        <TrailDialog of={Query} id={id} title={`History: ${title}`} onClose={() => setReading(false)} />
      ) : null}
    </article>
  );
};
