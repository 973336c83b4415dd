/** One entry of a participant's diary: how long its window is open, its questions, and submitting it. */
import { useState } from 'react';
import { type DiaryContext, DiaryEntry, parseFormId } from '../../src/clinical.ts';
import { diaryActs, diaryValueAct } from '../model/acts.ts';
import type { Catalog } from '../model/catalog.ts';
import { type Field, payloadText, sectionsOf } from '../model/fields.ts';
import { localText, spanText } from '../model/times.ts';
import { ActBar } from './ActBar.tsx';
import { Contest } from './Contest.tsx';
import { useNow } from './hooks.ts';
import { Standing, StateTag } from './StateTag.tsx';
import { TrailDialog } from './TrailDialog.tsx';
import { useActing } from './useAct.ts';
import { Value } from './Value.tsx';

const TICK_MS = 5_000;
const now = (): string => new Date().toISOString();
const clock = (utc: string): string => localText(Date.parse(utc)).replace('T', ' ').slice(0, 16);

/** Where the window stands, or what became of it. */
const windowText = ({ window, submittedAt, lateMs }: DiaryContext, isDue: boolean, nowMs: number): string => {
  if (window === null) return '';
  if (submittedAt !== null)
    return `submitted at ${clock(submittedAt)}, ${lateMs === 0 ? 'on time' : `${spanText(lateMs)} late`}`;
  const until = (utc: string) => Date.parse(utc) - nowMs;
  const { opens, closes, lateUntil } = window;
  if (!isDue) return `was open from ${clock(opens)} to ${clock(closes)}`;
  if (until(opens) > 0) return `opens in ${spanText(until(opens))}, at ${clock(opens)}`;
  if (until(closes) >= 0) return `open for ${spanText(until(closes))}, until ${clock(closes)}`;
  if (until(lateUntil) >= 0) return `late; taken for ${spanText(until(lateUntil))}, until ${clock(lateUntil)}`;
  return `its time has passed, at ${clock(lateUntil)}`;
};

export const DiaryCard = ({ id, catalog }: { readonly id: string; readonly catalog: Catalog }) => {
  const [snapshot, acting] = useActing(DiaryEntry, id);
  const [isReading, setReading] = useState(false);
  const nowMs = useNow(TICK_MS);
  const form = parseFormId(id)?.formOid ?? '';
  const fields: readonly Field[] = sectionsOf(catalog, form, {}).flatMap((section) => section.fields);
  const { items } = snapshot.context;
  const tell = (payload: Readonly<Record<string, unknown>>): string => payloadText(payload, catalog);
  const isDue = snapshot.value === 'due';
  const name = catalog.nameOf('form', form);
  return (
    <li className="visit">
      <p className="tags">
        <strong>{name}</strong> <StateTag type={DiaryEntry.type} value={snapshot.value} />
        <Standing {...snapshot} conflicts={snapshot.conflicts.length} />
        <span className="muted">{windowText(snapshot.context, isDue, nowMs)}</span>
      </p>
      <Contest type={DiaryEntry.type} conflicts={snapshot.conflicts} tell={tell} />
      <dl className="figures">
        {fields.map((field) => (
          <div key={field.key}>
            <dt>{field.question}</dt>
            <dd>
              <Value field={field} value={items[field.place.item]} />
              <ActBar
                acting={acting}
                acts={[diaryValueAct(field, { isDue, value: items[field.place.item], now })]}
                about={field.question}
              />
            </dd>
          </div>
        ))}
      </dl>
      <div className="stage-bar">
        <ActBar acting={acting} acts={diaryActs(now, snapshot.context)} about={name} />
        <button type="button" className="link" aria-label={`History: ${name}`} onClick={() => setReading(true)}>
          History
        </button>
      </div>
      {isReading ? (
        <TrailDialog of={DiaryEntry} id={id} title={`Diary: ${name}`} tell={tell} onClose={() => setReading(false)} />
      ) : null}
    </li>
  );
};
