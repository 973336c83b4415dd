/** The shape of what an import gives to the store, and what a draft may not exceed. */
import type { Originator } from '../core/envelope.ts';
import { StoreError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { AdminData } from './admin.ts';
import type { AuditLevel, FormKey } from './clinicalModel.ts';
import { ODM_LIMITS } from './limits.ts';
import type { Problem, Unrepresented } from './notices.ts';
import { optional } from './optional.ts';

/** One value was recorded. `groupRepeat` is null for a group that does not repeat; `value` is null for none. */
export type ItemRecorded = {
  readonly type: 'ItemRecorded';
  readonly group: string;
  readonly groupRepeat: string | null;
  readonly item: string;
  readonly value: string | null;
};

/** Who, where and when according to the file: OIDs and the time as it stands there. */
export type ImportOriginator = {
  readonly user?: string;
  readonly location?: string;
  readonly at?: string;
  readonly auditLevel: AuditLevel;
};

/** One event to append to the stream of a form. `line` is where the value stands in the file. */
export type ImportDraft = {
  readonly formId: string;
  readonly event: ItemRecorded;
  readonly originator?: ImportOriginator;
  readonly reason?: string;
  readonly line: number;
};

/** The drafts of one form, in the order in which they are to be appended. */
export type PlannedForm = {
  readonly formId: string;
  readonly key: FormKey;
  readonly siteOid?: string;
  readonly drafts: readonly ImportDraft[];
};

/** `plannedEvents` = `itemValues` - `contextValues` + the values that removals of whole groups and forms clear. */
export type ImportSummary = {
  readonly subjects: number;
  readonly studyEvents: number;
  readonly forms: number;
  readonly itemValues: number;
  readonly plannedEvents: number;
  readonly contextValues: number;
  readonly audits: number;
  readonly auditsUsed: number;
  readonly eventsWithAudit: number;
  readonly eventsWithoutAudit: number;
  readonly admin: AdminData;
  /** How each user is shown, by OID. */
  readonly userNames: ReadonlyMap<string, string>;
  readonly unrepresented: readonly Unrepresented[];
  readonly problems: readonly Problem[];
};

export type ImportPlan = { readonly forms: readonly PlannedForm[]; readonly summary: ImportSummary };

/** The originator as an envelope holds it: the source is a file; people and places are its OIDs. */
export const toOriginator = ({ user, location, at }: ImportOriginator): Originator => ({
  kind: 'source-file',
  ...optional('id', user),
  ...optional('location', location),
  ...optional('at', at),
});

/** A lone surrogate has no canonical form, so no event could hold it. */
const refuseIllFormed = (text: string, line: number): void => {
  if (!text.isWellFormed()) throw new StoreError('import.malformed-xml', { reason: 'lone surrogate', line });
};

const refuseLonger = (what: string, text: string | undefined, max: number, line: number): void => {
  if (text !== undefined) refuseIllFormed(text, line);
  if (text !== undefined && text.length > max)
    throw new StoreError('import.too-large', { what, length: text.length, max, line });
};

/** @throws StoreError `import.too-large` when no aggregate can have this id */
export const checkFormId = (id: string, line: number): void => refuseLonger('form id', id, LIMITS.idLengthMax, line);

const jsonBytes = (value: string): number => new TextEncoder().encode(JSON.stringify(value)).length;

/** @throws StoreError `import.too-large` when no event can hold this draft */
export const checkDraft = ({ event, originator, reason, line }: ImportDraft): void => {
  refuseLonger('reason', reason, LIMITS.reasonLengthMax, line);
  for (const [what, text] of Object.entries({
    group: event.group,
    repeat: event.groupRepeat ?? '',
    item: event.item,
  })) {
    refuseLonger(what, text, LIMITS.idLengthMax, line);
  }
  refuseLonger('user', originator?.user, LIMITS.idLengthMax, line);
  refuseLonger('location', originator?.location, LIMITS.idLengthMax, line);
  refuseLonger('time', originator?.at, LIMITS.idLengthMax, line);
  const { value } = event;
  // One UTF-16 unit is at most 6 bytes in JSON, so short values need no counting.
  if (value === null) return;
  refuseIllFormed(value, line);
  if (6 * value.length + 2 <= ODM_LIMITS.valueBytesMax) return;
  const bytes = jsonBytes(value);
  if (bytes > ODM_LIMITS.valueBytesMax) {
    throw new StoreError('import.too-large', { what: 'value', bytes, max: ODM_LIMITS.valueBytesMax, line });
  }
};
