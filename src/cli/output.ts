/** What a command says and how it ends: text for people on standard output, or one JSON object with `--json`. */
import { ERROR_TEXT, type ErrorCode, isStoreError } from '../core/errors.ts';
import { startText } from '../server/startFault.ts';

/** 0 all good, 1 findings, 2 unusable input. */
export const EXIT = { good: 0, findings: 1, unusable: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure in words: `usage` is the command line itself. */
export type Failure = { readonly code: ErrorCode | 'usage'; readonly message: string; readonly hint?: string };

export const printJson = (value: object): void => console.log(JSON.stringify(value));

/** Says why nothing could be done. */
export const fail = (failure: Failure, asJson: boolean): ExitCode => {
  if (asJson) printJson({ ok: false, error: failure });
  else {
    const hint = failure.hint === undefined ? '' : `\n${failure.hint}`;
    console.error(`indelible: ${failure.message} (${failure.code})${hint}`);
  }
  return EXIT.unusable;
};

/** Whatever was thrown, as its code and the sentence of the code; never the message of an unknown error. */
export const failureOf = (error: unknown): Failure => {
  if (!isStoreError(error)) return { code: 'invariant.broken', message: ERROR_TEXT['invariant.broken'] };
  return { code: error.code, message: startText(error) ?? ERROR_TEXT[error.code] };
};
