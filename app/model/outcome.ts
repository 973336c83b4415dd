/** What became of something sent, in words. */
import type { SendOutcome } from '../../src/index.ts';

const REFUSED: Readonly<Record<string, string>> = {
  illegal: 'Refused by the form’s state machine',
  'reason-required': 'Refused: a change needs a reason',
  'read-only': 'Refused: this form holds entries of a newer version of the app. Update the app',
  damaged: 'Refused: entries of this form cannot be read on this device. Record it on another device',
  'not-permitted': 'Refused: your role may not resolve a conflict',
  'with-others': 'Refused, because another entry of the same step was refused',
};

const stateText = (state: string): string => (state === '' ? '' : `: the form is ${state.replaceAll('"', '')}`);

export type OutcomeText = { readonly text: string; readonly isGood: boolean };

export const outcomeText = (outcome: SendOutcome): OutcomeText => {
  if (outcome.kind === 'committed') return { text: 'Recorded on this device.', isGood: true };
  if (outcome.kind === 'conflict')
    return { text: 'Not recorded: the field is in conflict. Resolve the conflict first.', isGood: false };
  const state = outcome.why === 'illegal' ? stateText(outcome.state) : '';
  return { text: `${REFUSED[outcome.why] ?? 'Refused'}${state}. Nothing was recorded.`, isGood: false };
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
