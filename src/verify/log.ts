/** Checks a run of commits as a store or a server holds them; `bundle.ts` checks an export in the same way. */
import type { Head } from '../core/commit.ts';
import { replicaId, type TenantId } from '../core/ids.ts';
import { readNoteVerifier } from '../crypto/signedNote.ts';
import { paceProgress } from './commits.ts';
import { gatherFindings } from './findings.ts';
import { startLogCheck } from './logCheck.ts';
import type { KeptCopy, LogReport, PinnedSigners, Progress } from './report.ts';

export type LogOptions = {
  readonly tenant: TenantId;
  /** Where each replica's chain must end. Without it a cut-off tail is not seen, unless a receipt or a basis names it. */
  readonly heads?: Readonly<Record<string, Head>>;
  /** Signed notes. */
  readonly receipts?: readonly string[];
  /** C2SP verifier key of the server that signed the receipts. */
  readonly server?: string | null;
  /** Ids of signing keys, known from elsewhere, by signer. */
  readonly signers?: PinnedSigners;
  /** Copies of values that were kept elsewhere, to be proven or disproven. */
  readonly copies?: readonly KeptCopy[];
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
};

/**
 * Checks commits in the order in which a log holds them: each by itself, and all of them together. Findings name replica
 * and sequence of the first event concerned.
 * It does not say who stands behind a key: a replica's id is a digest of its key, no more.
 * @throws StoreError `key.malformed` for `server`, `id.malformed` for `heads`; the reason of `signal` when aborted; what
 * `commits` throws. Never because of commit or receipt bytes.
 * Law: `log.test`
 */
export const verifyLog = async (
  commits: AsyncIterable<{ readonly bytes: Uint8Array }>,
  options: LogOptions,
): Promise<LogReport> => {
  const { tenant, server, signal } = options;
  const findings = gatherFindings();
  const heads = options.heads && new Map(Object.entries(options.heads).map(([id, head]) => [replicaId(id), head]));
  const verifier = server === undefined || server === null ? undefined : readNoteVerifier(server);
  const { signers, copies } = options;
  const check = startLogCheck({ tenant, heads, server: verifier, findings, signers, copies, lineOf: () => ({}) });
  const progress = paceProgress(options.onProgress);
  let bytes = 0;
  let at = 0;
  signal?.throwIfAborted();
  for (const note of options.receipts ?? []) await check.addReceipt(note, Number.MAX_SAFE_INTEGER);
  for await (const commit of commits) {
    signal?.throwIfAborted();
    at += 1;
    bytes += commit.bytes.length;
    await check.push({ at, bytes: commit.bytes });
    progress({ bytes, events: check.counts().events });
  }
  const signed = await check.finish();
  signal?.throwIfAborted();
  const named = check.heads();
  const counts = { ...check.counts(), replicas: Object.keys(named).length, bytes };
  options.onProgress?.({ bytes, events: counts.events });
  const list = findings.list();
  return { ok: list.length === 0, findings: list, omitted: findings.omitted(), counts, heads: named, ...signed };
};
