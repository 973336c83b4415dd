/** One visit of a subject: its window, the day on which it took place, and what leads on. */
import { useState } from 'react';
import { Visit, type VisitContext } from '../../src/clinical.ts';
import { visitActs } from '../model/acts.ts';
import { ActBar } from './ActBar.tsx';
import { Contest } from './Contest.tsx';
import { Standing, StateTag } from './StateTag.tsx';
import { TrailDialog } from './TrailDialog.tsx';
import { useActing } from './useAct.ts';

const deviationText = (days: number): string => {
  if (days === 0) return 'in its window';
  const size = Math.abs(days);
  return `${size} ${size === 1 ? 'day' : 'days'} ${days < 0 ? 'before' : 'after'} its window`;
};

const whenText = ({ planned, on, deviationDays }: VisitContext): string => {
  if (planned === null) return '';
  const window = `${planned.earliest} to ${planned.latest}`;
  return on === null ? `for ${planned.on} (${window})` : `on ${on}, ${deviationText(deviationDays)} (${window})`;
};

export const VisitLine = (props: {
  readonly id: string;
  readonly subject: string;
  readonly visit: string;
  readonly name: string;
}) => {
  const { id, subject, visit, name } = props;
  const [snapshot, acting] = useActing(Visit, id);
  const [isReading, setReading] = useState(false);
  return (
    <li className="visit">
      <p className="tags">
        <strong>{name}</strong> <StateTag type={Visit.type} value={snapshot.value} />
        <Standing {...snapshot} conflicts={snapshot.conflicts.length} />
        <span className="muted">{whenText(snapshot.context)}</span>
      </p>
      <Contest type={Visit.type} conflicts={snapshot.conflicts} />
      <div className="stage-bar">
        <ActBar acting={acting} acts={visitActs(subject, visit)} about={name} />
        <button type="button" className="link" aria-label={`History: ${name}`} onClick={() => setReading(true)}>
          History
        </button>
      </div>
      {isReading ? <TrailDialog of={Visit} id={id} title={`Visit: ${name}`} onClose={() => setReading(false)} /> : null}
    </li>
  );
};
