/** Findings in words, for people. */
import { ERROR_TEXT } from '../core/errors.ts';
import type { VerifyFinding } from '../verify/index.ts';

const placeOf = ({ replica, sequence, line }: VerifyFinding): string =>
  [
    replica === undefined ? '' : `replica ${replica}`,
    sequence === undefined ? '' : `event ${sequence}`,
    line === undefined ? '' : `line ${line}`,
  ]
    .filter((part) => part !== '')
    .join(', ');

/** One finding as a person reads it. `whole`: what it is about where it names no place. */
export const findingText = (finding: VerifyFinding, at: number, whole: string): string => {
  const place = placeOf(finding);
  const what = finding.what === undefined ? '' : ` [${finding.what}]`;
  return `${String(at + 1).padStart(4)}. ${finding.code}: ${ERROR_TEXT[finding.code]}${what}\n      at ${place === '' ? whole : place}`;
};
