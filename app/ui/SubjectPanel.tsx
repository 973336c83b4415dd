/** One subject, live: how far its part in the study is, its visits and forms at a glance, and its diary. */
import { useEffect, useRef, useState } from 'react';
import { Subject, type SubjectContext } from '../../src/clinical.ts';
import { useRows, useStore } from '../../src/react/index.ts';
import { subjectActs } from '../model/acts.ts';
import { casebook } from '../model/casebook.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Device } from '../model/device.ts';
import { withRepeat } from '../model/formNames.ts';
import { placesOf } from '../model/matrix.ts';
import { ActBar } from './ActBar.tsx';
import { Contest } from './Contest.tsx';
import { DiarySection } from './DiarySection.tsx';
import { Standing, StateTag } from './StateTag.tsx';
import { SubjectMatrix } from './SubjectMatrix.tsx';
import { SubjectName } from './SubjectName.tsx';
import { TrailDialog } from './TrailDialog.tsx';
import { useActing } from './useAct.ts';
import { VisitLine } from './VisitLine.tsx';

const factsOf = ({ site, number, screened, enrolled, ended }: SubjectContext): readonly (readonly [string, string])[] =>
  [
    ['Site', site],
    ['Number', number],
    ['Screened', screened ?? ''],
    ['Enrolled', enrolled ?? ''],
    ['Ended', ended ?? ''],
  ].flatMap(([name = '', text = '']) => (text === '' ? [] : [[name, text] as const]));

const Standings = ({ device, subject }: { readonly device: Device; readonly subject: string }) => {
  const [snapshot, acting] = useActing(Subject, subject);
  const [isReading, setReading] = useState(false);
  return (
    <>
      <SubjectName key={subject} device={device} subject={subject} />
      <p className="tags">
        <StateTag type={Subject.type} value={snapshot.value} />
        <Standing {...snapshot} conflicts={snapshot.conflicts.length} />
      </p>
      <dl className="figures">
        {factsOf(snapshot.context).map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <Contest type={Subject.type} conflicts={snapshot.conflicts} />
      <div className="stage-bar">
        <ActBar acting={acting} acts={subjectActs(subject)} about="" />
        <button type="button" className="link" onClick={() => setReading(true)}>
          History of the subject
        </button>
      </div>
      {isReading ? (
        <TrailDialog of={Subject} id={subject} title={`Subject ${subject}`} onClose={() => setReading(false)} />
      ) : null}
    </>
  );
};

const Visits = ({ subject, catalog }: { readonly subject: string; readonly catalog: Catalog }) => {
  const store = useStore();
  const [forms] = useState(() => store.view(casebook).where({ subject }).select('visit', 'visitRepeat'));
  const rows = useRows(forms);
  return (
    <section aria-label="Visits">
      <h4>Visits</h4>
      <ul className="visits">
        {placesOf(subject, rows, catalog).map(({ id, visit, repeat }) => (
          <VisitLine key={id} {...{ id, subject, visit }} name={withRepeat(catalog.nameOf('visit', visit), repeat)} />
        ))}
      </ul>
    </section>
  );
};

export const SubjectPanel = (props: {
  readonly device: Device;
  readonly subject: string;
  readonly catalog: Catalog;
  readonly onOpen: (form: string) => void;
  readonly onClose: () => void;
}) => {
  const { device, subject, catalog, onOpen, onClose } = props;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section className="subject-panel" aria-label="Subject">
      <header className="form-head">
        <button type="button" className="link" onClick={onClose}>
          ← Casebook
        </button>
        <h3 ref={heading} tabIndex={-1}>
          Subject {subject}
        </h3>
        <Standings device={device} subject={subject} />
      </header>
      <SubjectMatrix subject={subject} catalog={catalog} onOpen={onOpen} />
      <Visits subject={subject} catalog={catalog} />
      <DiarySection subject={subject} catalog={catalog} />
    </section>
  );
};
