/** What became of something sent, in words. */

import type { SendOutcome } from '../../src/index.ts';
import { Form } from './form.ts';
import { oneOf, statesText, stateWords, wordingOf } from './wording.ts';

const REFUSED: Readonly<Record<string, string>> = {
  'reason-required': 'Refused: a change needs a reason',
  'read-only': 'Refused: it holds entries of a newer version of the app. Update the app',
  damaged: 'Refused: entries of it cannot be read on this device. Record it on another device',
  'not-permitted': 'Refused: your role may not resolve a conflict',
  'with-others': 'Refused, because another entry of the same step was refused',
};

export type OutcomeText = { readonly text: string; readonly isGood: boolean };

/** Whose an event is, for somebody in another role. */
export const forRoles = (roles: readonly string[]): string => `for the role ${oneOf(roles)}`;

/** Where an event would be legal, for one that is not legal now. */
export const whereLegal = (type: string, state: string, legalIn: readonly string[]): string => {
  const { noun } = wordingOf(type);
  const now = `${noun} is ${stateWords(type, state).text.toLowerCase()}`;
  return legalIn.length === 0 ? now : `${now}; this takes one that is ${statesText(type, legalIn)}`;
};

/** @param type  of the aggregate that it was sent to; a form if absent */
export const outcomeText = (outcome: SendOutcome, type: string = Form.type): OutcomeText => {
  if (outcome.kind === 'committed') return { text: 'Recorded on this device.', isGood: true };
  if (outcome.kind === 'conflict')
    return {
      text: `Not recorded: ${type === Form.type ? 'the field' : wordingOf(type).noun} is in conflict. Resolve the conflict first.`,
      isGood: false,
    };
  if (outcome.why === 'not-permitted' && outcome.roles !== undefined)
    return { text: `Refused: this is ${forRoles(outcome.roles)}. Nothing was recorded.`, isGood: false };
  if (outcome.why !== 'illegal')
    return { text: `${REFUSED[outcome.why] ?? 'Refused'}. Nothing was recorded.`, isGood: false };
  const where = whereLegal(type, outcome.state.replaceAll('"', ''), outcome.legalIn);
  return { text: `Refused: ${where}. Nothing was recorded.`, isGood: false };
};

/** What became of a resolution: all of its events, or none. */
export const resolutionText = (outcomes: readonly SendOutcome[]): OutcomeText => {
  const failed = outcomes.find((outcome) => outcome.kind !== 'committed' && !isWithOthers(outcome));
  if (failed === undefined)
    return { text: 'The conflict is resolved. The resolution is recorded with its reason.', isGood: true };
  if (failed.kind !== 'conflict') return outcomeText(failed);
  return {
    text: 'Not recorded: another entry has arrived since this was opened. Close it, look at all of them, and decide again.',
    isGood: false,
  };
};

const isWithOthers = (outcome: SendOutcome): boolean => outcome.kind === 'refused' && outcome.why === 'with-others';
