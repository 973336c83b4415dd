/** Erasures and kept copies as lines of a report. */
import { REFUSED_MEANWHILE } from '../core/erasure.ts';
import type { CopyReport, ErasureReport } from '../verify/index.ts';

const ERASURE_TEXT: Readonly<Record<ErasureReport['state'], string>> = {
  unknown: 'NOT A REQUEST',
  requested: 'asked for',
  refused: 'refused',
  approved: 'approved, not carried out yet',
  carriedOut: 'carried out',
};

const targetText = ({ target }: ErasureReport): string => {
  if (target === undefined) return 'nothing that can be read';
  if (target.kind === 'subject') return `subject ${target.subject}`;
  return target.places.map(({ stream, event, path }) => `${path} of event ${event} in ${stream}`).join('; ');
};

const stepText = (name: string, step: ErasureReport['requested'], more = ''): readonly string[] =>
  step === undefined ? [] : [`${name} ${step.by} (${step.role}), ${step.at}${more}: ${step.reason}`];

const ineffectiveText = ({ replica, sequence, what }: ErasureReport['ineffective'][number]): string => {
  const place = `replica ${replica}, event ${sequence}`;
  if (what === REFUSED_MEANWHILE) return `destroyed under an approval, before the refusal was known there: ${place}`;
  return `without effect: ${place} [${what}]`;
};

/** What is told of one erasure. */
export const erasureText = (erasure: ErasureReport): string => {
  const { id, state, contested, requested, refused, approved, done, ineffective, values } = erasure;
  const lines = [
    `    erasure ${id}: ${ERASURE_TEXT[state]}${contested ? ', CONTESTED' : ''}: ${targetText(erasure)}`,
    ...stepText('asked for by', requested),
    ...stepText('refused by', refused, refused === undefined ? '' : `, ground ${refused.ground}`),
    ...stepText('approved by', approved, approved?.alone === true ? ', ALONE' : ''),
    ...done.map(({ replica, at }) => `destroyed on replica ${replica}, ${at}`),
    ...ineffective.map(ineffectiveText),
    ...(done.length === 0
      ? []
      : [`${values} ${values === 1 ? 'value' : 'values'} of this log cannot be opened any more`]),
  ];
  return lines.join('\n      ');
};

/** What is told of one copy. */
export const copyText = ({ event, path, state }: CopyReport): string =>
  `    copy of ${path} of event ${event}: ${state}`;
