/** What a person is told of a passphrase while they choose it. A hint only: the vault has the last word. */
import { LIMITS } from '../../src/index.ts';

export type Strength = {
  /** 0: too short to be taken; 3: good. */
  readonly level: 0 | 1 | 2 | 3;
  readonly text: string;
};

const characters = (text: string): number => [...text.normalize('NFC')].length;

/** Characters that tell somebody who guesses something new: repeats and runs (aaa, 123, cba) do not. */
const tellingCharacters = (text: string): number => {
  const codes = [...text.toLowerCase()].map((each) => each.codePointAt(0) ?? 0);
  return codes.filter((code, at) => at === 0 || Math.abs(code - (codes[at - 1] ?? 0)) > 1).length;
};

const FAIR = 10;
const GOOD = 16;

/** How hard a passphrase is to guess, in words; `user` is what somebody who guesses tries first. */
export const strengthOf = (passphrase: string, user: string): Strength => {
  const missing = LIMITS.passphraseLengthMin - characters(passphrase);
  if (missing > 0)
    return { level: 0, text: `Too short: ${missing} more ${missing === 1 ? 'character' : 'characters'}.` };
  if (characters(passphrase) > LIMITS.passphraseLengthMax)
    return { level: 0, text: `Too long: at most ${LIMITS.passphraseLengthMax} characters.` };
  const name = user.trim().toLowerCase();
  const rest = name === '' ? passphrase : passphrase.toLowerCase().replaceAll(name, '');
  const telling = tellingCharacters(rest);
  if (telling < FAIR) return { level: 1, text: 'Weak: easy to guess. Add words that do not belong together.' };
  if (telling < GOOD) return { level: 2, text: 'Fair. Four or more words would be better.' };
  return { level: 3, text: 'Good.' };
};

/** Why a passphrase cannot be taken yet; empty if it can. */
export const passphraseFault = (passphrase: string, repeated: string): string => {
  const { level, text } = strengthOf(passphrase, '');
  if (level === 0) return text;
  return passphrase === repeated ? '' : 'The two passphrases differ.';
};
