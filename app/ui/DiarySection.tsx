/** The diary of a subject: its entries, the newest window first, and setting the window of another one. */
import { useId, useState } from 'react';
import { DiaryEntry } from '../../src/clinical.ts';
import { useView } from '../../src/react/index.ts';
import { scheduleAct } from '../model/acts.ts';
import type { Catalog } from '../model/catalog.ts';
import { diary, diaryId } from '../model/subjectViews.ts';
import { ActBar } from './ActBar.tsx';
import { DiaryCard } from './DiaryCard.tsx';
import { useFresh } from './useAct.ts';

const SHOWN_MAX = 10;

const Schedule = ({
  subject,
  form,
  name,
}: {
  readonly subject: string;
  readonly form: string;
  readonly name: string;
}) => {
  const acting = useFresh(DiaryEntry, () => diaryId(subject, form, crypto.randomUUID()));
  return <ActBar acting={acting} acts={[scheduleAct('Set a window')]} about={name} />;
};

export const DiarySection = ({ subject, catalog }: { readonly subject: string; readonly catalog: Catalog }) => {
  const entries = useView(diary, { where: { subject }, orderBy: [['opens', 'descending'], 'id'] });
  const [chosen, setChosen] = useState('');
  const id = useId();
  const form = catalog.forms.includes(chosen) ? chosen : catalog.forms[0];
  return (
    <section aria-label="Diary">
      <h4>Diary</h4>
      {entries.length === 0 ? <p className="muted">No window is set yet.</p> : null}
      <ul className="visits">
        {entries.slice(0, SHOWN_MAX).map((entry) => (
          <DiaryCard key={entry.id} id={entry.id} catalog={catalog} />
        ))}
      </ul>
      {entries.length > SHOWN_MAX ? <p className="muted">and {entries.length - SHOWN_MAX} older ones</p> : null}
      {form === undefined ? null : (
        <div className="filters">
          <label htmlFor={id}>Questions of</label>
          <select id={id} value={form} onChange={(event) => setChosen(event.target.value)}>
            {catalog.forms.map((oid) => (
              <option key={oid} value={oid}>
                {catalog.nameOf('form', oid)}
              </option>
            ))}
          </select>
          <Schedule key={`${subject} ${form}`} subject={subject} form={form} name={catalog.nameOf('form', form)} />
        </div>
      )}
    </section>
  );
};
