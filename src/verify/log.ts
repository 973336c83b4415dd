/** Checks a run of commits: each by itself, and all of them together. */
import type { Head } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import type { TenantId } from '../core/ids.ts';
import type { LogReport, Progress } from './report.ts';

export type LogOptions = {
  readonly tenant: TenantId;
  /** Where each replica's chain must end. Without it a cut-off tail is not seen, unless a receipt or a basis names it. */
  readonly heads?: Readonly<Record<string, Head>>;
  /** Signed notes. */
  readonly receipts?: readonly string[];
  /** C2SP verifier key of the server that signed the receipts. */
  readonly server?: string | null;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
};

/** Checks commits in the order in which a log holds them. */
export const verifyLog = (
  _commits: AsyncIterable<{ readonly bytes: Uint8Array }>,
  _options: LogOptions,
): Promise<LogReport> => Promise.reject(new StoreError('invariant.broken', { rule: 'verifyLog is built' }));
