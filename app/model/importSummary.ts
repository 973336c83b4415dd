/** What an import came to, for people. Places and names only, never a value. */
import type { ImportSummary, Problem, StudyMetadata, Unrepresented } from '../../src/clinical.ts';
import type { Unrecorded } from './matching.ts';

export type Refused = { readonly form: string; readonly item: string; readonly line: number; readonly why: string };

export type DataSummary = {
  readonly subjects: number;
  readonly forms: number;
  /** Forms of the file that hold no value. */
  readonly emptyForms: number;
  readonly itemValues: number;
  readonly audits: number;
  readonly auditsUsed: number;
  readonly people: readonly string[];
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly recorded: number;
  readonly held: number;
  readonly leftAlone: number;
  readonly refused: readonly Refused[];
};

export type StudySummary = { readonly name: string; readonly recorded: number; readonly held: number };

export type Summary = {
  readonly study: StudySummary | undefined;
  readonly data: DataSummary | undefined;
  readonly problems: readonly Problem[];
  readonly unrepresented: readonly Unrepresented[];
  readonly notes: readonly string[];
  readonly tookMs: number;
};

/** Who recorded the values that the plan took, and the first and last time, as the file has them. */
export const originsOf = (
  summary: ImportSummary,
  drafts: Iterable<Unrecorded['draft']>,
): Pick<DataSummary, 'people' | 'from' | 'to'> => {
  const people = new Set<string>();
  let from: string | undefined;
  let to: string | undefined;
  for (const { originator } of drafts) {
    if (originator?.user !== undefined) people.add(summary.userNames.get(originator.user) ?? originator.user);
    const at = originator?.at;
    if (at === undefined) continue;
    if (from === undefined || at < from) from = at;
    if (to === undefined || at > to) to = at;
  }
  return { people: [...people].sort(), from, to };
};

/** Notices of the metadata alone, when no clinical data came with them. */
export const noticesOf = (
  metadata: StudyMetadata | undefined,
  data: ImportSummary | undefined,
): Pick<Summary, 'problems' | 'unrepresented'> => ({
  problems: data?.problems ?? metadata?.problems ?? [],
  unrepresented: data?.unrepresented ?? metadata?.unrepresented ?? [],
});
