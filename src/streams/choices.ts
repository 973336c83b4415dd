/**
 * What an event that ends conflicts makes of each key: said by whoever decided, or found by comparing it with the sides, when it is recorded.
 * Laws: `resolving.test`.
 */
import type { Conflict } from '../core/conflict.ts';
import type { Choice } from '../core/envelope.ts';
import { eventType } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { sameAt } from '../machines/policy.ts';
import type { Draft } from './job.ts';

/** What a draft makes of one conflict, by its payload; undefined where values are protected, which nobody can tell apart. */
const derivedChoice = ({ definition, type, payload }: Draft, { key, heads }: Conflict): Choice | undefined => {
  const known = definition.events.get(eventType(type));
  if (known === undefined || known.protects.length > 0) return undefined;
  const same = heads.find((head) => head.body.type === type && sameAt(key, known, [payload, head.payload]));
  return same === undefined ? { key, took: 'new' } : { key, took: 'head', event: same.body.id };
};

/** The draft with a choice for each of the conflicts that it ends, as far as there is one and it fits. */
export const withChoices = (draft: Draft, ended: readonly Conflict[]): Draft => {
  const { choices: stated = [], ...rest } = draft;
  const choices = ended
    .flatMap((conflict) => stated.find(({ key }) => key === conflict.key) ?? derivedChoice(draft, conflict) ?? [])
    .filter(({ key }) => key.length <= LIMITS.choiceKeyLengthMax)
    .slice(0, LIMITS.choicesMax);
  return choices.length === 0 ? rest : { ...rest, choices };
};
