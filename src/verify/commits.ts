/** Checks commits one by one: hashing at once, signatures side by side, outcomes in the order of the file. */
import { isStoreError } from '../core/errors.ts';
import { type CommitCheck, checkCommit } from '../crypto/checkCommit.ts';
import { type Progress, VERIFY_LIMITS } from './report.ts';
import { type Header, readHeader } from './salvage.ts';

/** Bytes that stand where a commit is expected. */
export type Candidate = {
  /** Place in the file or log. */
  readonly at: number;
  readonly bytes: Uint8Array;
  /** Set if the line around the commit is damaged: what is wrong with it. */
  readonly damage?: string;
  /** Another reading of a damaged line, for when the first turns out sound. */
  readonly second?: Uint8Array;
};

/** The outcome for one candidate; with what its header tells, if it is faulty. */
export type Checked = { readonly check: CommitCheck; readonly header?: Header };

/** `checkCommit`, with a failure of the checker itself as a fault too: hostile bytes end in a report, whatever they hit. */
const checkSafely = async (bytes: Uint8Array): Promise<CommitCheck> => {
  try {
    return await checkCommit(bytes);
  } catch (error) {
    const what = isStoreError(error) ? error.code : 'checker failed';
    return { kind: 'faulty', fault: { code: 'invariant.broken', sequence: 0, what } };
  }
};

const check = async (candidate: Candidate): Promise<Checked> => {
  const first = await checkSafely(candidate.bytes);
  const useSecond = first.kind === 'sound' && candidate.second !== undefined;
  const bytes = useSecond ? candidate.second : candidate.bytes;
  const verdict = useSecond ? await checkSafely(bytes) : first;
  if (verdict.kind === 'sound') return { check: verdict };
  const header = await readHeader(bytes);
  return header === undefined ? { check: verdict } : { check: verdict, header };
};

export type CommitQueue = {
  /** Takes the next candidate; resolves when there is room for another. */
  readonly push: (candidate: Candidate) => Promise<void>;
  /** Resolves when every candidate so far is settled. */
  readonly drain: () => Promise<void>;
};

/** A queue that calls `settle` once for each candidate, in order. */
export const checkInOrder = (settle: (candidate: Candidate, checked: Checked) => void): CommitQueue => {
  const pending: { readonly candidate: Candidate; readonly checked: Promise<Checked> }[] = [];
  let pendingBytes = 0;
  const settleOldest = async (): Promise<void> => {
    const oldest = pending.shift();
    if (oldest === undefined) return;
    pendingBytes -= oldest.candidate.bytes.length;
    settle(oldest.candidate, await oldest.checked);
  };
  return {
    push: async (candidate) => {
      pending.push({ candidate, checked: check(candidate) });
      pendingBytes += candidate.bytes.length;
      while (pending.length >= VERIFY_LIMITS.inFlightMax || pendingBytes > VERIFY_LIMITS.inFlightBytesMax) {
        await settleOldest();
      }
    },
    drain: async () => {
      while (pending.length > 0) await settleOldest();
    },
  };
};

/** Calls `report` now and then as bytes are worked off. */
export const paceProgress = (report: ((progress: Progress) => void) | undefined) => {
  let next: number = VERIFY_LIMITS.progressBytes;
  return (progress: Progress): void => {
    if (progress.bytes < next) return;
    next = progress.bytes + VERIFY_LIMITS.progressBytes;
    report?.(progress);
  };
};
