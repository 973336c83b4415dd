/**
 * What of a planned import is still to be recorded: nothing twice, nothing over a person's correction without asking.
 *
 * A value of the file counts as recorded when the form's history holds an imported event with the same value and the same
 * originator; repeated values of one item are matched in the order of the file. So an import that was interrupted goes on
 * where it ended, and a file imported again changes nothing, even if a person has corrected a value since.
 */
import {
  type FormContext,
  type ImportDraft,
  type ImportPlan,
  itemKey,
  type PlannedForm,
  toOriginator,
} from '../../src/clinical.ts';
import type { AggregateSnapshot, Store, TrailEntry } from '../../src/index.ts';
import { Form } from './form.ts';

export type Unrecorded = {
  readonly draft: ImportDraft;
  readonly key: string;
  /** `first` needs no reason; `correction` follows another value of the same file; `change` differs from what is held. */
  readonly kind: 'first' | 'correction' | 'change';
};

export type Matched = {
  readonly unrecorded: readonly Unrecorded[];
  /** Values that are recorded already. */
  readonly held: number;
};

export const keyOfDraft = ({ event: { group, groupRepeat, item } }: ImportDraft): string =>
  itemKey({ group, groupRepeat: groupRepeat ?? '', item });

type Trail = readonly TrailEntry<unknown>[];
type Items = FormContext['items'];

const sameOrigin = (draft: ImportDraft, entry: TrailEntry<unknown>): boolean => {
  const wanted = draft.originator === undefined ? undefined : toOriginator(draft.originator);
  const { originator } = entry;
  return wanted?.id === originator?.id && wanted?.location === originator?.location && wanted?.at === originator?.at;
};

const keyOfEntry = ({ payload }: TrailEntry<unknown>): string => {
  const text = (name: string): string => {
    const value = payload[name];
    return typeof value === 'string' ? value : '';
  };
  return itemKey({ group: text('group'), groupRepeat: text('groupRepeat'), item: text('item') });
};

/** How many of the drafts of one item the history holds, in order. */
const recordedOf = (drafts: readonly ImportDraft[], trail: Trail): number => {
  let matched = 0;
  for (const entry of trail) {
    const next = drafts[matched];
    if (next === undefined) break;
    const { value, entry: cameAs } = entry.payload;
    if (cameAs === 'imported' && value === next.event.value && sameOrigin(next, entry)) matched += 1;
  }
  return matched;
};

const kindOf = (
  at: { readonly index: number; readonly key: string },
  before: string | null | undefined,
  items: Items,
) => {
  if (at.index > 0 && (before === items[at.key] || !(at.key in items))) return 'correction';
  return at.key in items ? 'change' : 'first';
};

const matchItem = (key: string, drafts: readonly ImportDraft[], items: Items, trail: Trail): readonly Unrecorded[] => {
  const recorded = recordedOf(drafts, trail);
  const isHeld = recorded === 0 && key in items && items[key] === drafts[0]?.event.value;
  const from = isHeld ? 1 : recorded;
  return drafts.slice(from).map((draft, at) => {
    const index = from + at;
    // After the first of them is recorded, each later one follows it.
    const kind = at > 0 ? 'correction' : kindOf({ index, key }, drafts[index - 1]?.event.value, items);
    return { draft, key, kind };
  });
};

const byKey = (drafts: readonly ImportDraft[]): ReadonlyMap<string, readonly ImportDraft[]> => {
  const found = new Map<string, ImportDraft[]>();
  for (const draft of drafts) {
    const key = keyOfDraft(draft);
    const list = found.get(key);
    if (list === undefined) found.set(key, [draft]);
    else list.push(draft);
  }
  return found;
};

const isPlainlyHeld = (snapshot: AggregateSnapshot<FormContext>, items: ReadonlyMap<string, readonly ImportDraft[]>) =>
  snapshot.conflicts.length === 0 &&
  [...items].every(([key, drafts]) => {
    const [only] = drafts;
    return drafts.length === 1 && key in snapshot.context.items && snapshot.context.items[key] === only?.event.value;
  });

const matchForm = async (store: Store, form: PlannedForm): Promise<Matched> => {
  const handle = store.aggregate(Form, form.formId);
  const snapshot = handle.state();
  const items = byKey(form.drafts);
  if (isPlainlyHeld(snapshot, items)) return { unrecorded: [], held: form.drafts.length };
  const history = snapshot.version === 0 ? [] : await handle.history();
  const trails = Map.groupBy(
    history.filter(({ type }) => type === 'ItemRecorded'),
    keyOfEntry,
  );
  const unrecorded = [...items].flatMap(([key, drafts]) =>
    matchItem(key, drafts, snapshot.context.items, trails.get(key) ?? []),
  );
  const order = new Map(form.drafts.map((draft, at) => [draft, at]));
  const inFileOrder = unrecorded.sort((a, b) => (order.get(a.draft) ?? 0) - (order.get(b.draft) ?? 0));
  return { unrecorded: inFileOrder, held: form.drafts.length - unrecorded.length };
};

export type MatchOptions = {
  readonly signal: AbortSignal;
  readonly pause: () => Promise<void>;
};

/** Matches a plan with what a device holds. @throws the signal's reason when cancelled */
export const matchPlan = async (store: Store, plan: ImportPlan, options: MatchOptions): Promise<Matched> => {
  const unrecorded: Unrecorded[] = [];
  let held = 0;
  for (const [at, form] of plan.forms.entries()) {
    options.signal.throwIfAborted();
    const matched = await matchForm(store, form);
    unrecorded.push(...matched.unrecorded);
    held += matched.held;
    if (at % 32 === 31) await options.pause();
  }
  return { unrecorded, held };
};
