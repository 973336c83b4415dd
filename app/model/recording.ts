/** Records what an import has to record: the study's definitions, then the values, piece by piece. */
import { toOriginator } from '../../src/clinical.ts';
import type { SendOutcome, Store } from '../../src/index.ts';
import { type Catalog, catalogOf } from './catalog.ts';
import { Form } from './form.ts';
import type { Refused, StudySummary } from './importSummary.ts';
import type { Unrecorded } from './matching.ts';
import { type Definition, definitionKey, Study, studies } from './study.ts';

/** Events of one piece: a commit's worth, so that progress shows and a cancel is quick. */
const PIECE = 256;
export const CORRECTION_REASON = 'Correction in the source file, no reason given';

export type Pace = {
  readonly signal: AbortSignal;
  readonly pause: () => Promise<void>;
  readonly onProgress: (done: number, total: number) => void;
};

const itemOf = ({ draft, kind }: Unrecorded, changeReason: string) => {
  const { group, groupRepeat, item, value } = draft.event;
  const reason =
    draft.reason ?? (kind === 'change' ? changeReason : kind === 'correction' ? CORRECTION_REASON : undefined);
  return {
    id: draft.formId,
    event: {
      type: 'ItemRecorded',
      group,
      groupRepeat: groupRepeat ?? '',
      item,
      value,
      entry: 'imported',
    },
    options: {
      ...(reason === undefined ? {} : { reason }),
      ...(draft.originator === undefined ? {} : { originator: toOriginator(draft.originator) }),
    },
  } as const;
};

const WHY: Readonly<Record<string, string>> = {
  illegal: 'the form is locked',
  'reason-required': 'a reason for change is missing',
  'read-only': 'the form holds entries of a newer version of this app',
  damaged: 'entries of the form cannot be read on this device',
  'with-others': 'another entry of the same step was refused',
};

const whyOf = (outcome: SendOutcome): string | undefined => {
  if (outcome.kind === 'committed') return undefined;
  return outcome.kind === 'conflict' ? 'the item is in conflict: resolve it first' : (WHY[outcome.why] ?? outcome.why);
};

const refusedOf = (unrecorded: readonly Unrecorded[], outcomes: readonly SendOutcome[]): readonly Refused[] =>
  outcomes.flatMap((outcome, at) => {
    const why = whyOf(outcome);
    const draft = unrecorded[at]?.draft;
    if (why === undefined || draft === undefined) return [];
    return [{ form: draft.formId, item: draft.event.item, line: draft.line, why }];
  });

export type Recorded = { readonly recorded: number; readonly refused: readonly Refused[]; readonly cancelled: boolean };

/** Records values in order. A cancel takes effect between two pieces; what is recorded stays. */
export const recordValues = async (
  store: Store,
  unrecorded: readonly Unrecorded[],
  changeReason: string,
  pace: Pace,
): Promise<Recorded> => {
  const refused: Refused[] = [];
  let done = 0;
  while (done < unrecorded.length) {
    if (pace.signal.aborted) return { recorded: done - refused.length, refused, cancelled: true };
    const piece = unrecorded.slice(done, done + PIECE);
    const outcomes = await store.appendAll(
      Form,
      piece.map((one) => itemOf(one, changeReason)),
    );
    refused.push(...refusedOf(piece, outcomes));
    done += piece.length;
    pace.onProgress(done, unrecorded.length);
    await pace.pause();
  }
  return { recorded: done - refused.length, refused, cancelled: false };
};

/**
 * Records the definitions that the device does not hold as they are. Those that two devices imported at once are settled
 * by this import, which names what it settles.
 */
export const recordStudy = async (
  store: Store,
  id: string,
  name: string,
  definitions: readonly Definition[],
  pace: Pace,
): Promise<StudySummary> => {
  const catalog: Catalog = catalogOf(store.view(studies).rows());
  const { conflicts } = store.aggregate(Study, id).state();
  const conflictOf = (definition: Definition) => conflicts.find(({ key }) => key === definitionKey(definition));
  const missing = definitions.filter(
    (definition) => conflictOf(definition) !== undefined || !catalog.holds(id, definition),
  );
  const itemOfDefinition = (definition: Definition) => {
    const resolves = conflictOf(definition)?.heads.map(({ body }) => body.id);
    const options = resolves === undefined ? {} : { resolves, reason: 'Metadata file imported again' };
    return { id, event: { type: 'StudyDefinitionImported', definition }, options } as const;
  };
  for (let done = 0; done < missing.length; done += PIECE) {
    pace.signal.throwIfAborted();
    const piece = missing.slice(done, done + PIECE);
    await store.appendAll(Study, piece.map(itemOfDefinition));
    pace.onProgress(done + piece.length, missing.length);
    await pace.pause();
  }
  return { name, recorded: missing.length, held: definitions.length - missing.length };
};
