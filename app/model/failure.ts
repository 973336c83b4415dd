/** What a person is told about a failure: a code, what it means, where, and what to do. */
import { ERROR_TEXT, type ErrorCode, isStoreError } from '../../src/index.ts';

export type Failure = {
  readonly code: string;
  readonly text: string;
  /** Line, counts, identifiers: never a recorded value. */
  readonly place: string;
  readonly advice: string;
};

const ADVICE: readonly (readonly [prefix: string, advice: string])[] = [
  ['import.cancelled', 'Import the same files again to go on: what is recorded is skipped.'],
  ['import.', 'Nothing of this file was recorded. Correct the file, or export it again from its system, and retry.'],
  ['storage.unavailable', 'Open this page in a normal window of a current browser, not in private mode.'],
  ['storage.quota-exceeded', 'Everything recorded before is kept. Free space on this device, then try again.'],
  [
    'storage.lost',
    'Sync to get back what the server had confirmed. What to enter again is told at the top of the device.',
  ],
  ['storage.outdated', 'Everything recorded before is kept. Reload this page to get the newer app.'],
  ['storage.', 'Everything recorded before is kept. Close other tabs of this page and try again.'],
  ['key.refused', 'Check user and passphrase, and that Caps Lock is off. After three failures there is a wait.'],
  [
    'key.wait',
    'The wait doubles with each failure, up to an hour. Another user of this device may unlock it meanwhile.',
  ],
  ['key.weak', 'Choose a passphrase of 8 to 256 characters: four or more words that do not belong together.'],
  [
    'key.not-held',
    'Under People, make the study’s key if this is its first device, or ask for it. Nothing was recorded.',
  ],
  [
    'key.renewal-due',
    'A passphrase is used for 90 days. Type it once more, and choose a new one. Nothing else changes.',
  ],
  [
    'key.passkey-unavailable',
    'Use your passphrase. A passkey has to be added under People first; it needs this page at localhost or over https, and an authenticator that can derive secrets (PRF).',
  ],
  ['key.self-test-failed', 'Nothing was unlocked. Ask whoever looks after this device for another one.'],
  ['key.locked', 'Unlock the device and do it again.'],
  ['key.', 'Open this page at localhost or over https in a current browser.'],
  ['vault.user-exists', 'Choose another user id: ids are never given to a second person.'],
  ['vault.', 'What is recorded is kept. Reload this page and try again.'],
  ['sync.unauthorised', 'Enter the access token in the Server pane. Recording goes on; nothing is lost.'],
  ['sync.unsupported-protocol', 'Reload this page to get the newer app. Recording goes on; nothing is lost.'],
  ['sync.', 'Recording goes on; what is pending is sent when the server answers.'],
  ['server.key-changed', 'Ask whoever runs the server whether its data folder was replaced. Nothing is lost here.'],
  ['server.', 'Recording goes on; what is pending is sent when the server answers.'],
  ['append.too-large', 'Nothing was stored. Shorten the text or split it: its size and the limit are given above.'],
  ['append.', 'Nothing was stored. Correct the input and try again.'],
];

const adviceOf = (code: string): string => ADVICE.find(([prefix]) => code.startsWith(prefix))?.[1] ?? '';

const isKnown = (code: string): code is ErrorCode => Object.hasOwn(ERROR_TEXT, code);

/** The failure that a code stands for. */
export const failureOfCode = (code: string): Failure => ({
  code,
  text: isKnown(code) ? ERROR_TEXT[code] : 'Something unexpected went wrong.',
  place: '',
  advice: adviceOf(code),
});

/** The failure that something thrown stands for. Messages of other errors are not shown: they might quote a value. */
export const failureOf = (error: unknown): Failure => {
  if (!isStoreError(error)) {
    const name = error instanceof Error ? error.name : 'Error';
    return {
      code: 'app.unexpected',
      text: `Something unexpected went wrong (${name}).`,
      place: '',
      advice: 'Everything recorded before is kept. Reload the page and try again.',
    };
  }
  const place = Object.entries(error.details).map(([name, value]) => `${name} ${value}`);
  return { ...failureOfCode(error.code), place: place.join(', ') };
};
