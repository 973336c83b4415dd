/** Gathers findings as they are met, bounded, and gives them in the order of their places in the file. */
import type { ReplicaId } from '../core/ids.ts';
import { VERIFY_LIMITS, type VerifyFinding } from './report.ts';

/** A finding that may still learn more about its place. */
export type Raised = { readonly at: number; finding: VerifyFinding };

export type Findings = {
  /** `at`: place in the file or log, for the order only. Gives nothing when the list is full. */
  readonly raise: (at: number, finding: VerifyFinding) => Raised | undefined;
  /** Takes back one that another explains. */
  readonly drop: (raised: Raised) => void;
  /** True if this rule was already found broken at this place. */
  readonly has: (finding: { readonly code: string; readonly replica: ReplicaId; readonly sequence: number }) => boolean;
  readonly isFull: () => boolean;
  readonly omitted: () => number;
  readonly list: () => readonly VerifyFinding[];
};

/** An empty list of findings. */
export const gatherFindings = (): Findings => {
  let raised: Raised[] = [];
  let omitted = 0;
  const isFull = () => raised.length >= VERIFY_LIMITS.findingsMax;
  return {
    raise: (at, finding) => {
      if (isFull()) {
        omitted += 1;
        return undefined;
      }
      const entry = { at, finding };
      raised.push(entry);
      return entry;
    },
    drop: (entry) => {
      raised = raised.filter((other) => other !== entry);
    },
    has: ({ code, replica, sequence }) =>
      raised.some(({ finding: f }) => f.code === code && f.replica === replica && f.sequence === sequence),
    isFull,
    omitted: () => omitted,
    list: () => raised.toSorted((a, b) => a.at - b.at).map(({ finding }) => finding),
  };
};
