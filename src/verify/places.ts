/** Findings about places in chains, and the bookkeeping by which one fault gives one finding. */
import type { ReplicaId } from '../core/ids.ts';
import type { Findings, Raised } from './findings.ts';
import type { VerifyFinding } from './report.ts';

/** Events that a chain lacks: the first of them, and where in the file that was seen. */
export type Missing = {
  readonly at: number;
  readonly replica: ReplicaId;
  readonly sequence: number;
  readonly what: string;
};

export type Places = {
  readonly raise: (at: number, finding: VerifyFinding) => void;
  /** Reports something that may have been a commit and does not say whose. */
  readonly raiseUnplaced: (at: number, finding: VerifyFinding) => void;
  readonly raiseGap: (missing: Missing, hasLine: boolean) => void;
  /** Says that what was missing came later. */
  readonly closeGap: (replica: ReplicaId, sequence: number) => void;
  /** Joins one unreadable place and one gap after it into one finding: the gap says whose events stood there. */
  readonly match: () => void;
};

/** Places of one file; `lineOf` gives what a finding says about its line. */
export const tellPlaces = (findings: Findings, lineOf: (at: number) => { readonly line?: number }): Places => {
  const gaps: { readonly missing: Missing; readonly raised: Raised }[] = [];
  const unplaced: Raised[] = [];
  return {
    raise: (at, finding) => {
      findings.raise(at, { ...finding, ...lineOf(at) });
    },
    raiseUnplaced: (at, finding) => {
      const raised = findings.raise(at, { ...finding, ...lineOf(at) });
      if (raised !== undefined) unplaced.push(raised);
    },
    raiseGap: (missing, hasLine) => {
      const { at, replica, sequence, what } = missing;
      const finding = { code: 'chain.gap', replica, sequence, ...(hasLine ? lineOf(at) : {}), what } as const;
      if (findings.has(finding)) return;
      const raised = findings.raise(at, finding);
      if (raised !== undefined) gaps.push({ missing, raised });
    },
    closeGap: (replica, sequence) => {
      const gap = gaps.findLast(({ missing }) => missing.replica === replica && missing.sequence === sequence);
      if (gap !== undefined) gap.raised.finding = { ...gap.raised.finding, what: 'out of order' };
    },
    match: () => {
      const [lost] = unplaced;
      const [gap] = gaps;
      if (lost === undefined || gap === undefined || unplaced.length > 1 || gaps.length > 1) return;
      if (gap.missing.at < lost.at) return;
      const { replica, sequence } = gap.missing;
      lost.finding = { ...lost.finding, replica, sequence };
      findings.drop(gap.raised);
    },
  };
};
